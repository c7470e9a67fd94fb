/** What an offer says, checked: its transport, and its sections with their codecs, extensions and streams. */
import type { MediaDescription, SessionDescription } from 'sdp-transform';

import type { MediaKind } from '../rooms/grants.ts';
import type { DtlsParameters } from '../rooms/ortc.ts';
import { type FormatParameters, formatParameters, parseDescription, text } from './description.ts';
import { read, type Reading, refuse } from './reading.ts';

export type IceCredentials = { readonly usernameFragment: string; readonly password: string };
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export type Offer = {
  readonly sections: readonly OfferedSection[];
  readonly ice: IceCredentials;
  /** The client's certificate, and the role that it is left with. */
  readonly dtls: DtlsParameters;
  readonly extmapAllowMixed: boolean;
};

export type OfferedSection = {
  readonly mid: string;
  /** Undefined: neither audio nor video over SRTP, such as a data channel. */
  readonly kind: MediaKind | undefined;
  /** The m= line's own words, for the answer's. */
  readonly type: string;
  readonly protocol: string;
  readonly formats: string;
  readonly direction: Direction;
  /** In the client's order of preference. */
  readonly codecs: readonly OfferedCodec[];
  readonly extensions: readonly { readonly id: number; readonly uri: string }[];
  readonly streams: readonly OfferedStream[];
  /** What it would send as simulcast, in its own order. */
  readonly rids: readonly OfferedRid[];
  readonly reducedSize: boolean;
};

export type OfferedCodec = {
  readonly payloadType: number;
  /** As in a MIME type, small letters: `opus`, `h264`, `rtx`. */
  readonly name: string;
  readonly clockRate: number;
  readonly channels: number;
  readonly parameters: FormatParameters;
  readonly feedback: readonly { readonly type: string; readonly parameter: string }[];
};

/** A stream by its SSRC, with that of its retransmissions. */
export type OfferedStream = { readonly ssrc: number; readonly rtx: number | undefined };
/** A simulcast stream by its RID (RFC 8851), with the restrictions that it names. */
export type OfferedRid = { readonly rid: string; readonly restrictions: FormatParameters };

const SRTP = /^(?:(?:UDP|TCP)\/TLS\/)?RTP\/SAVPF?$/u;
const TOKEN = /^[\x21-\x7e]{1,32}$/u;
const MID = /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}$/u;
const RID = /^[A-Za-z0-9_-]{1,16}$/u;
const ICE_TEXT = /^[\x21-\x7e]{1,256}$/u;
const HASHES: ReadonlySet<string> = new Set(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']);
const FINGERPRINT = /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){19,63}$/u;
const MAX_SIMULCAST = 4;

/** Reads an offer. What it asks of clients is what RFC 9725 §4.4 does: one BUNDLE group, and RTCP multiplexed. */
export function readOffer(sdp: string): Reading<Offer> {
  const parsed = parseDescription(sdp);
  if (!parsed.ok) return parsed;
  const description = parsed.value;
  const sections: OfferedSection[] = [];
  for (const media of description.media) {
    const section = readSection(media, description);
    if (!section.ok) return section;
    sections.push(section.value);
  }
  const wrong = bundleProblem(description, sections);
  if (wrong !== undefined) return refuse('invalid-media', wrong);
  const ice = readIce(description, description.media);
  const dtls = readDtls(description);
  if (ice === undefined) return refuse('invalid-media', 'There is no a=ice-ufrag with an a=ice-pwd.');
  if (!dtls.ok) return dtls;
  const extmapAllowMixed = [description, ...description.media].some((one) => one.extmapAllowMixed !== undefined);
  return read({ sections, ice, dtls: dtls.value, extmapAllowMixed });
}

/** The credentials of the first level that has them: with one BUNDLE group there is one ICE session. */
export function readIce(
  session: Pick<SessionDescription, 'iceUfrag' | 'icePwd'>,
  media: readonly MediaDescription[],
): IceCredentials | undefined {
  for (const { iceUfrag, icePwd } of [...media, session]) {
    if (iceUfrag === undefined || icePwd === undefined) continue;
    const [usernameFragment, password] = [text(iceUfrag), text(icePwd)];
    if (ICE_TEXT.test(usernameFragment) && ICE_TEXT.test(password)) return { usernameFragment, password };
  }
  return undefined;
}

function readDtls(description: SessionDescription): Reading<DtlsParameters> {
  const level = [...description.media, description].find(({ fingerprint }) => fingerprint !== undefined);
  const { type = '', hash = '' } = level?.fingerprint ?? {};
  const algorithm = type.toLowerCase();
  if (!HASHES.has(algorithm) || !FINGERPRINT.test(hash)) {
    return refuse('invalid-media', 'There is no a=fingerprint of a hash that is known here.');
  }
  const setup = [...description.media, description].find((one) => one.setup !== undefined)?.setup ?? 'actpass';
  // RFC 8842 §5.3: who offers both is left the client's part, since the server is the one that can be reached.
  const role = { actpass: 'client', active: 'client', passive: 'server' }[setup];
  if (role === undefined) return refuse('invalid-media', 'a=setup is none of actpass, active and passive.');
  return read({ role, fingerprints: [{ algorithm, value: hash }] } as DtlsParameters);
}

function bundleProblem(description: SessionDescription, sections: readonly OfferedSection[]): string | undefined {
  const mids = sections.map(({ mid }) => mid);
  if (new Set(mids).size < mids.length) return 'Two sections have the same a=mid.';
  // RFC 9143 §7.2: a section that stands alone needs no group.
  if (sections.length === 1) return undefined;
  const groups = (description.groups ?? []).filter(({ type }) => type === 'BUNDLE');
  const bundled = new Set(text(groups[0]?.mids).split(' '));
  return mids.every((mid) => bundled.has(mid)) ? undefined : 'All sections belong in one BUNDLE group (max-bundle).';
}

function readSection(media: MediaDescription, session: SessionDescription): Reading<OfferedSection> {
  const [type, protocol] = [text(media.type), text(media.protocol)];
  const mid = text(media.mid);
  if (!MID.test(mid)) return refuse('invalid-media', `The section m=${type} has no a=mid that can be answered.`);
  const kind = (type === 'audio' || type === 'video') && SRTP.test(protocol) ? type : undefined;
  if (!TOKEN.test(type) || !TOKEN.test(protocol)) return refuse('malformed-sdp', 'An m= line cannot be read.');
  if (kind !== undefined && media.rtcpMux === undefined) {
    return refuse('invalid-media', `The section ${mid} has no a=rtcp-mux.`);
  }
  const formats = text(media.payloads);
  return read({
    mid,
    kind,
    type,
    protocol,
    formats: /^[\w.-]+(?: [\w.-]+)*$/u.test(formats) ? formats : '0',
    direction: media.direction ?? session.direction ?? 'sendrecv',
    codecs: kind === undefined ? [] : readCodecs(media, formats),
    extensions: readExtensions(media, session),
    streams: readStreams(media),
    rids: readRids(media),
    reducedSize: media.rtcpRsize !== undefined,
  });
}

function readCodecs(media: MediaDescription, formats: string): OfferedCodec[] {
  const maps = new Map(media.rtp.map((map) => [map.payload, map]));
  const configs = new Map(media.fmtp.map(({ payload, config }) => [payload, text(config)]));
  const feedback = Map.groupBy(media.rtcpFb ?? [], ({ payload }) => text(payload));
  const payloadTypes = new Set(formats.split(' ').filter((format) => /^\d{1,3}$/u.test(format)));
  return [...payloadTypes].flatMap((format) => {
    const payloadType = Number(format);
    const map = maps.get(payloadType);
    const { codec, rate, encoding } = map ?? {};
    if (payloadType > 127 || codec === undefined || typeof rate !== 'number') return [];
    const lines = [...(feedback.get(format) ?? []), ...(feedback.get('*') ?? [])];
    return [
      {
        payloadType,
        name: text(codec).toLowerCase(),
        clockRate: rate,
        channels: typeof encoding === 'number' ? encoding : 1,
        parameters: formatParameters(configs.get(payloadType) ?? ''),
        feedback: lines.map((line) => ({ type: text(line.type), parameter: text(line.subtype) })),
      },
    ];
  });
}

/** Those that the client may send or receive both ways, with an id of one byte's header (RFC 8285 §4.2), unencrypted. */
function readExtensions(media: MediaDescription, session: SessionDescription): OfferedSection['extensions'] {
  const seen = new Set<number | string>();
  return [...(media.ext ?? []), ...(session.ext ?? [])].flatMap((extension) => {
    const { value: id, uri, direction } = extension;
    if (extension['encrypt-uri'] !== undefined || !Number.isInteger(id) || id < 1 || id > 14) return [];
    if (direction !== undefined && direction !== 'sendrecv') return [];
    if (typeof uri !== 'string' || seen.has(id) || seen.has(uri)) return [];
    seen.add(id).add(uri);
    return [{ id, uri }];
  });
}

/** RFC 5576: streams by their SSRC; the group FID holds one and its retransmissions, the group SIM those of a simulcast. */
function readStreams({ ssrcs = [], ssrcGroups = [] }: MediaDescription): OfferedStream[] {
  const named = new Set(ssrcs.map(({ id }) => id).filter(isSsrc));
  const group = (semantics: string) =>
    ssrcGroups
      .filter((one) => one.semantics === semantics)
      .map((one) => text(one.ssrcs).split(' ').map(Number).filter(isSsrc));
  const repairs = new Map<number, number>();
  for (const [ssrc, rtx] of group('FID')) if (ssrc !== undefined && rtx !== undefined) repairs.set(ssrc, rtx);
  const repairing = new Set(repairs.values());
  const simulcast = group('SIM')[0];
  const media = simulcast ?? [...new Set([...repairs.keys(), ...named])].filter((ssrc) => !repairing.has(ssrc));
  return media.map((ssrc) => ({ ssrc, rtx: repairs.get(ssrc) }));
}

function isSsrc(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 0xff_ff_ff_ff;
}

/** RFC 8853 §5: what `a=simulcast` lists to send, the first alternative of each, where `a=rid` describes it. */
function readRids({ simulcast, rids = [] }: MediaDescription): OfferedRid[] {
  if (simulcast === undefined) return [];
  const list = simulcast.dir1 === 'send' ? simulcast.list1 : simulcast.dir2 === 'send' ? simulcast.list2 : undefined;
  const described = new Map(rids.map((one) => [text(one.id), one]));
  const found = text(list)
    .split(';')
    .map((alternatives) => (alternatives.split(',')[0] ?? '').replace(/^~/u, ''))
    .filter((rid) => RID.test(rid) && described.get(rid)?.direction === 'send');
  const restrictions = (rid: string) => formatParameters(text(described.get(rid)?.params));
  return [...new Set(found)].slice(0, MAX_SIMULCAST).map((rid) => ({ rid, restrictions: restrictions(rid) }));
}
