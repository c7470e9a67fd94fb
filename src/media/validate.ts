/**
 * What a schema cannot say about media parameters: whether they mean something together, and whether a worker
 * survives them.
 *
 * mediasoup checks most of this too, but not all of it (a worker aborts, and every call on it ends, where an internal
 * assertion fails), and it forwards a sender's strings into other clients' session descriptions. So nothing reaches it
 * that is not known to be good.
 */
import { SluiceError } from '../kernel/errors.ts';
import type { MediaKind } from '../rooms/grants.ts';
import type { Layers } from '../rooms/media-engine.ts';
import type { DtlsParameters, RtpCapabilities, RtpParameters } from '../rooms/ortc.ts';

type Codec = RtpParameters['codecs'][number];
type Encoding = NonNullable<RtpParameters['encodings']>[number];
export type LayerCounts = { spatial: number; temporal: number };

/** Simulcast streams or SVC layers of one sender. Browsers send 3; each costs every worker counters and windows. */
const MAX_SPATIAL_LAYERS = 4;
const MAX_TEMPORAL_LAYERS = 4;
/** Codecs with spatial layers inside one stream (SVC), and those that can be sent as several streams (simulcast). */
const SVC_CODECS = new Set(['video/vp9', 'video/av1']);
const SIMULCAST_CODECS = new Set(['video/vp8', 'video/h264']);
const HASH_BYTES = { 'sha-1': 20, 'sha-224': 28, 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 } as const;
/** RFC 8122 §5: where there are several fingerprints, the strongest hash that we know counts. */
const HASHES_BY_STRENGTH = ['sha-512', 'sha-384', 'sha-256', 'sha-224', 'sha-1'] as const;
/** Printable ASCII: these values are written into other clients' SDP lines, which a line break would end. */
const SDP_SAFE = /^[\x20-\x7e]*$/;

/**
 * `parameters` as a worker may have them, for a sender of `kind` in a room with `capabilities`.
 * Throws `invalid-media`, or `unsupported-codec` where the room does not have the codec.
 */
export function checkRtpParameters(
  kind: MediaKind,
  parameters: RtpParameters,
  capabilities: RtpCapabilities,
): RtpParameters {
  const codec = checkCodecs(kind, parameters.codecs, capabilities);
  checkHeaderExtensions(kind, parameters, capabilities);
  const encodings = parameters.encodings ?? [];
  checkStreams(parameters.mid, encodings);
  checkLayers(codec, encodings);
  checkPayloadTypes(codec, encodings);
  if (parameters.msid !== undefined) checkText('msid', parameters.msid);
  // The CNAME is left to the engine: one that a client chose could be another participant's, and receivers
  // synchronise streams of equal CNAME (RFC 8834 §4.9).
  return { ...parameters, encodings, rtcp: { reducedSize: true } };
}

/** Layers that a receiver of such a stream can choose from; `parameters` has been checked. */
export function layerCounts(parameters: RtpParameters): LayerCounts {
  const encodings = parameters.encodings ?? [];
  const { spatial, temporal } = scalability(encodings[0]);
  return { spatial: encodings.length > 1 ? encodings.length : spatial, temporal };
}

/** Whether the lowest layer is a smaller picture than the highest: those of a screen differ in frames and bits alone. */
export function hasSmallerLayer({ encodings = [] }: RtpParameters): boolean {
  const scales = encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy);
  return scales.length < 2 || scales.some((scale) => scale === undefined || scale !== scales[0]);
}

/** `layers` within what there is: asking for more than is sent means the best that is sent. */
export function boundLayers(layers: Layers, counts: LayerCounts): Layers {
  const spatialLayer = Math.max(0, Math.min(layers.spatialLayer, counts.spatial - 1));
  if (layers.temporalLayer === undefined) return { spatialLayer };
  return { spatialLayer, temporalLayer: Math.max(0, Math.min(layers.temporalLayer, counts.temporal - 1)) };
}

/** Checks what a receiver says that it can receive. Throws `invalid-media`. */
export function checkRtpCapabilities(capabilities: RtpCapabilities): void {
  for (const codec of capabilities.codecs) {
    if (!codec.mimeType.toLowerCase().startsWith(`${codec.kind}/`)) {
      refuse(`${codec.mimeType} is not of kind ${codec.kind}`);
    }
    checkCodecParameters(codec);
  }
}

/**
 * `capabilities` with the room's ids for header extensions, by which the engine compares them. A receiver that sends
 * its own list before it knows the room's has other ids, and would get none of them: no bandwidth estimate
 * (transport-wide-cc), and a phone's picture on its side (video-orientation).
 */
export function withRoomExtensions(capabilities: RtpCapabilities, room: RtpCapabilities): RtpCapabilities {
  const known = room.headerExtensions ?? [];
  const headerExtensions = (capabilities.headerExtensions ?? []).flatMap((extension) => {
    const same = known.find(({ kind, uri }) => kind === extension.kind && uri === extension.uri);
    return same === undefined ? [] : [{ ...extension, preferredId: same.preferredId }];
  });
  return { ...capabilities, headerExtensions };
}

/** The one fingerprint that the peer's certificate must have, in the form in which it is compared. Throws `invalid-media`. */
export function checkDtlsParameters({ role, fingerprints }: DtlsParameters): DtlsParameters {
  for (const { algorithm, value } of fingerprints) {
    const bytes = value.split(':').length;
    if (bytes !== HASH_BYTES[algorithm]) {
      refuse(`a ${algorithm} fingerprint has ${HASH_BYTES[algorithm]} bytes, not ${bytes}`);
    }
  }
  const algorithm = HASHES_BY_STRENGTH.find((hash) => fingerprints.some((print) => print.algorithm === hash));
  const strongest = fingerprints.find((print) => print.algorithm === algorithm);
  if (strongest === undefined) refuse('there is no DTLS fingerprint');
  // RFC 8122 §5 writes upper case; some stacks write lower case, and the worker compares text.
  return {
    ...(role === undefined ? {} : { role }),
    fingerprints: [{ algorithm: strongest.algorithm, value: strongest.value.toUpperCase() }],
  };
}

/** Exactly one media codec, which the room has, and at most its RTX. Returns the media codec. */
function checkCodecs(kind: MediaKind, codecs: readonly Codec[], capabilities: RtpCapabilities): Codec {
  requireUnique(
    'payload type',
    codecs.map((codec) => codec.payloadType),
  );
  for (const codec of codecs) {
    if (!codec.mimeType.toLowerCase().startsWith(`${kind}/`)) refuse(`${codec.mimeType} in a track of kind ${kind}`);
    checkCodecParameters(codec);
  }
  const [media, ...others] = codecs.filter((codec) => !isRtx(codec));
  if (media === undefined) refuse('there is no media codec');
  if (others.length > 0) refuse('more than one media codec: name the one that is sent');
  if (!capabilities.codecs.some((known) => sameCodec(media, known))) {
    throw new SluiceError('unsupported-codec', { detail: `${media.mimeType} is not one of this room's codecs` });
  }
  const rtx = codecs.filter(isRtx);
  if (rtx.length > 1) refuse('more than one RTX codec');
  for (const codec of rtx) {
    if (kind === 'audio') refuse('RTX is for video');
    // A worker asserts an integer `apt`.
    if (codec.parameters?.['apt'] !== media.payloadType) refuse(`RTX ${codec.payloadType} belongs to no codec`);
    if (codec.clockRate !== media.clockRate) refuse('RTX and its codec differ in clock rate');
  }
  return media;
}

function checkCodecParameters({
  mimeType,
  parameters = {},
  rtcpFeedback = [],
}: Pick<Codec, 'mimeType' | 'parameters' | 'rtcpFeedback'>): void {
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'string') checkText(`${mimeType} ${name}`, value);
    else if (typeof value !== 'number' || !Number.isFinite(value)) {
      refuse(`${mimeType} ${name} is neither text nor a number`);
    }
  }
  for (const { parameter = '' } of rtcpFeedback) checkText(`${mimeType} feedback`, parameter);
}

function checkHeaderExtensions(kind: MediaKind, { headerExtensions = [] }: RtpParameters, room: RtpCapabilities): void {
  requireUnique(
    'header extension id',
    headerExtensions.map(({ id }) => id),
  );
  requireUnique(
    'header extension',
    headerExtensions.map(({ uri }) => uri),
  );
  for (const { uri, encrypt, parameters = {} } of headerExtensions) {
    if (!room.headerExtensions?.some((known) => known.kind === kind && known.uri === uri)) {
      refuse(`header extension ${uri} is not offered for ${kind}`);
    }
    if (encrypt === true) refuse('encrypted header extensions (RFC 6904) are not offered');
    checkCodecParameters({ mimeType: uri, parameters });
  }
}

/** How packets find their encoding: by SSRC or by RID, or, for a single encoding, by MID alone. */
function checkStreams(mid: string | undefined, encodings: readonly Encoding[]): void {
  requireUnique(
    'SSRC',
    encodings.flatMap(({ ssrc, rtx }) => [ssrc, rtx?.ssrc]),
  );
  requireUnique(
    'RID',
    encodings.map(({ rid }) => rid),
  );
  if (encodings.length > 1) {
    const bySsrc = encodings.every(({ ssrc, rid }) => ssrc !== undefined && rid === undefined);
    const byRid = encodings.every(({ rid }) => rid !== undefined);
    if (!bySsrc && !byRid) refuse('all encodings have an SSRC, or all have a RID');
  } else if (mid === undefined && encodings[0]?.ssrc === undefined && encodings[0]?.rid === undefined) {
    refuse('nothing tells which packets belong to the track: there is no MID, SSRC or RID');
  }
  for (const { rtx, ssrc } of encodings) {
    if (rtx !== undefined && ssrc === undefined) refuse('an RTX SSRC without the SSRC that it repairs');
  }
}

function checkLayers(codec: Codec, encodings: readonly Encoding[]): void {
  const name = codec.mimeType.toLowerCase();
  const simulcast = encodings.length > 1;
  if (simulcast && !SIMULCAST_CODECS.has(name)) refuse(`${codec.mimeType} cannot be sent as simulcast here`);
  if (encodings.length > MAX_SPATIAL_LAYERS) refuse(`more than ${MAX_SPATIAL_LAYERS} encodings`);
  const first = scalability(encodings[0]);
  for (const encoding of encodings) {
    const { spatial, temporal } = scalability(encoding);
    if (spatial > MAX_SPATIAL_LAYERS || temporal > MAX_TEMPORAL_LAYERS) {
      refuse(`${encoding.scalabilityMode} has more layers than ${MAX_SPATIAL_LAYERS} by ${MAX_TEMPORAL_LAYERS}`);
    }
    if (spatial > 1 && (simulcast || !SVC_CODECS.has(name))) {
      refuse(`${encoding.scalabilityMode} does not fit ${simulcast ? 'simulcast' : codec.mimeType}`);
    }
    if (temporal > 1 && name.startsWith('audio/')) refuse('audio has no layers');
    // A worker takes one encoding's count for all of them, and looks for layers that the others do not have.
    if (temporal !== first.temporal) refuse('the encodings differ in temporal layers');
  }
}

function checkPayloadTypes(codec: Codec, encodings: readonly Encoding[]): void {
  for (const { codecPayloadType, maxBitrate } of encodings) {
    if (codecPayloadType !== undefined && codecPayloadType !== codec.payloadType) {
      refuse(`encoding with payload type ${codecPayloadType}, which is not the codec's`);
    }
    // mediasoup serialises it as a BigInt; one that throws half-way would spoil the channel to the worker for good.
    if (maxBitrate !== undefined && !Number.isSafeInteger(maxBitrate)) refuse('maxBitrate is not an integer');
  }
}

/** The W3C's scalability modes (webrtc-svc §5.1): L or S, spatial layers, T, temporal layers. */
function scalability(encoding: Encoding | undefined): LayerCounts {
  const mode = encoding?.scalabilityMode;
  if (mode === undefined) return { spatial: 1, temporal: 1 };
  const found = /^[LS]([1-9]\d?)T([1-9]\d?)(?:h|_KEY|_KEY_SHIFT)?$/.exec(mode);
  if (found === null) refuse(`${mode} is not a scalability mode`);
  return { spatial: Number(found[1]), temporal: Number(found[2]) };
}

function sameCodec(codec: Codec, known: RtpCapabilities['codecs'][number]): boolean {
  return (
    codec.mimeType.toLowerCase() === known.mimeType.toLowerCase() &&
    codec.clockRate === known.clockRate &&
    (known.kind === 'video' || (codec.channels ?? 1) === (known.channels ?? 1))
  );
}

function isRtx({ mimeType }: Codec): boolean {
  return mimeType.toLowerCase().endsWith('/rtx');
}

function checkText(what: string, text: string): void {
  if (!SDP_SAFE.test(text)) refuse(`${what} has characters that do not belong into SDP`);
}

function requireUnique(what: string, values: readonly (string | number | undefined)[]): void {
  const seen = new Set<string | number>();
  for (const value of values) {
    if (value === undefined) continue;
    if (seen.has(value)) refuse(`${what} ${value} is used twice`);
    seen.add(value);
  }
}

function refuse(detail: string): never {
  throw new SluiceError('invalid-media', { detail });
}
