/** Writes answers: an ICE-lite server's, all media on one transport. */
import { type MediaDescription, type SessionDescription, write } from 'sdp-transform';

import type { IceCandidate, IceParameters } from '../rooms/ortc.ts';
import type { Extension, Feedback } from './codecs.ts';
import { type FormatParameters, formatConfig } from './description.ts';
import type { OfferedCodec, OfferedSection } from './offer.ts';

/** One section of an answer. */
export type AnsweredSection =
  | { readonly section: OfferedSection; readonly state: 'rejected' }
  /** Taken, but nothing flows. */
  | { readonly section: OfferedSection; readonly state: 'inactive'; readonly codecs: readonly AnsweredCodec[] }
  | (Media & { readonly state: 'receives'; readonly rids: readonly string[] })
  | (Media & { readonly state: 'sends'; readonly stream: SentStream });

type Media = {
  readonly section: OfferedSection;
  readonly codecs: readonly AnsweredCodec[];
  readonly extensions: readonly Extension[];
};

/** A codec of the offer, by the offer's payload type, as the answer has it. */
export type AnsweredCodec = {
  readonly codec: OfferedCodec;
  readonly parameters: FormatParameters;
  readonly rtcpFeedback: readonly Feedback[];
};

/** What is sent: its SSRC, and to which stream and track it belongs (RFC 8830). */
export type SentStream = {
  readonly ssrc: number;
  readonly cname: string;
  readonly streamId: string;
  readonly trackId: string;
};

/** The server's transport, as the client is told of it. */
export type AnswerTransport = {
  readonly iceParameters: IceParameters;
  readonly iceCandidates: readonly IceCandidate[];
  readonly fingerprint: { readonly algorithm: string; readonly value: string };
  /** The server's part in DTLS, by which it waits or begins (RFC 8842 §5.3). */
  readonly setup: 'active' | 'passive';
};

export type Answer = {
  /** Digits; names the session in its `o=` line. */
  readonly sessionId: string;
  readonly extmapAllowMixed: boolean;
  readonly transport: AnswerTransport;
  /** One for each section of the offer, in its order. */
  readonly sections: readonly AnsweredSection[];
};

export function writeAnswer({ sessionId, extmapAllowMixed, transport, sections }: Answer): string {
  const taken = sections.filter(({ state }) => state !== 'rejected').map(({ section }) => section.mid);
  const description: SessionDescription = {
    version: 0,
    origin: { username: '-', sessionId, sessionVersion: 1, netType: 'IN', ipVer: 4, address: '127.0.0.1' },
    name: '-',
    timing: { start: 0, stop: 0 },
    icelite: 'ice-lite',
    ...(extmapAllowMixed ? { extmapAllowMixed: 'extmap-allow-mixed' } : {}),
    ...(taken.length === 0 ? {} : { groups: [{ type: 'BUNDLE', mids: taken.join(' ') }] }),
    msidSemantic: { semantic: 'WMS', token: '*' },
    media: sections.map((one) => mediaOf(one, transport, one.section.mid === taken[0])),
  };
  return write(description);
}

/** `a=candidate` lines, and that there are no more (RFC 8840 §8.2). */
export function candidateLines(
  candidates: readonly IceCandidate[],
): Pick<MediaDescription, 'candidates' | 'endOfCandidates'> {
  return {
    candidates: candidates.map(({ foundation, priority, address, ip, port, protocol, type, tcpType }) => ({
      foundation,
      component: 1,
      transport: protocol,
      priority,
      ip: address || ip,
      port,
      type,
      ...(tcpType === undefined ? {} : { tcptype: tcpType }),
    })),
    endOfCandidates: 'end-of-candidates',
  };
}

function mediaOf(answered: AnsweredSection, transport: AnswerTransport, first: boolean): MediaDescription {
  const { section, state } = answered;
  const { type, protocol, mid } = section;
  const connection = { version: 4, ip: '0.0.0.0' };
  if (state === 'rejected') {
    // RFC 3264 §6: a port of zero, and the offer's formats, which mean nothing.
    return {
      type,
      port: 0,
      protocol,
      payloads: section.formats,
      connection,
      mid,
      direction: 'inactive',
      rtp: [],
      fmtp: [],
    };
  }
  const { iceParameters, iceCandidates, fingerprint, setup } = transport;
  return {
    type,
    port: 9,
    protocol,
    payloads: answered.codecs.map(({ codec }) => codec.payloadType).join(' '),
    connection,
    rtcp: { port: 9, netType: 'IN', ipVer: 4, address: '0.0.0.0' },
    iceUfrag: iceParameters.usernameFragment,
    icePwd: iceParameters.password,
    iceOptions: 'trickle ice2',
    fingerprint: { type: fingerprint.algorithm, hash: fingerprint.value },
    setup,
    mid,
    direction: state === 'receives' ? 'recvonly' : state === 'sends' ? 'sendonly' : 'inactive',
    rtcpMux: 'rtcp-mux',
    ...(section.reducedSize ? { rtcpRsize: 'rtcp-rsize' } : {}),
    // RFC 9725 §4.4.1 has it in each bundled section; the library knows no such line.
    invalid: [{ value: 'rtcp-mux-only' }],
    ...(first ? candidateLines(iceCandidates) : {}),
    ...codecLines(answered.codecs, type),
    ...(state === 'inactive' ? {} : { ext: answered.extensions.map(({ id, uri }) => ({ value: id, uri })) }),
    ...(state === 'receives' ? simulcastLines(answered.rids) : {}),
    ...(state === 'sends' ? streamLines(answered.stream) : {}),
  };
}

function codecLines(codecs: readonly AnsweredCodec[], type: string): Pick<MediaDescription, 'rtp' | 'fmtp' | 'rtcpFb'> {
  return {
    rtp: codecs.map(({ codec: { payloadType, name, clockRate, channels } }) => ({
      payload: payloadType,
      codec: spelling(name),
      rate: clockRate,
      ...(type === 'audio' && channels > 1 ? { encoding: channels } : {}),
    })),
    fmtp: codecs
      .filter(({ parameters }) => Object.keys(parameters).length > 0)
      .map(({ codec, parameters }) => ({ payload: codec.payloadType, config: formatConfig(parameters) })),
    rtcpFb: codecs.flatMap(({ codec, rtcpFeedback }) =>
      rtcpFeedback.map(({ type: feedback, parameter }) => ({
        payload: codec.payloadType,
        type: feedback,
        ...(parameter === undefined || parameter === '' ? {} : { subtype: parameter }),
      })),
    ),
  };
}

/** Names are compared without regard to case (RFC 8866 §6.6), though not by every client. */
function spelling(name: string): string {
  return name === 'opus' || name === 'rtx' ? name : name.toUpperCase();
}

function simulcastLines(rids: readonly string[]): Pick<MediaDescription, 'rids' | 'simulcast'> {
  if (rids.length === 0) return {};
  return {
    rids: rids.map((id) => ({ id, direction: 'recv' })),
    simulcast: { dir1: 'recv', list1: rids.join(';') },
  };
}

function streamLines({ ssrc, cname, streamId, trackId }: SentStream): Pick<MediaDescription, 'msid' | 'ssrcs'> {
  return {
    msid: [{ id: streamId, appdata: trackId }],
    ssrcs: [
      { id: ssrc, attribute: 'cname', value: cname },
      { id: ssrc, attribute: 'msid', value: `${streamId} ${trackId}` },
    ],
  };
}
