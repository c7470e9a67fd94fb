/**
 * What a client may measure, one table: name, unit, range and where `getStats()` has it (W3C webrtc-stats).
 * The reader of samples, the schema and docs/api.md are made from it.
 *
 * Every field is optional but the few that say otherwise: browsers differ in what they know, and what one does not know
 * it leaves out. A number that is known to be meaningless (NaN, Infinity) is left out too: JSON turns it into null, and a
 * null is refused.
 */

/** What a sample is about: a track that the client sends, one that it receives, or its connection as a whole. */
export const SAMPLE_KINDS = ['send', 'recv', 'session'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

/** Why an encoder sends less than its source gives (`qualityLimitationReason`). */
export const LIMITATIONS = ['none', 'cpu', 'bandwidth', 'other'] as const;
/** What the selected ICE candidate pair is (`candidateType` of the local candidate). */
export const CANDIDATE_TYPES = ['host', 'srflx', 'prflx', 'relay'] as const;
/** `protocol` of the local candidate; for a relayed one its `relayProtocol`, that between the client and TURN. */
export const PROTOCOLS = ['udp', 'tcp', 'tls'] as const;

/** A number, or one of some words, which is then kept as its place in `words`. */
export type FieldRule = {
  readonly of: readonly SampleKind[];
  readonly unit: string;
  /** Where it comes from in a stats report; "Δ" is the difference over the sample's interval. */
  readonly from: string;
  readonly min: number;
  readonly max: number;
  readonly integer?: true;
  readonly words?: readonly string[];
};

const media = ['send', 'recv'] as const;
const send = ['send'] as const;
const recv = ['recv'] as const;
const session = ['session'] as const;
// Each keeps the type of `of` and of `words`: what a sample may hold is derived from them (`FieldsOf`).
type Kinds = readonly SampleKind[];
const word = <const Of extends Kinds, const Words extends readonly string[]>(of: Of, words: Words, from: string) => ({
  ...{ of, words, from, unit: 'word', min: 0, max: words.length - 1 },
});
const share = <const Of extends Kinds>(of: Of, from: string) => ({ of, from, unit: 'share', min: 0, max: 1 });
const milliseconds = <const Of extends Kinds>(of: Of, max: number, from: string) => ({
  ...{ of, from, unit: 'ms', min: 0, max },
});
const count = <const Of extends Kinds>(of: Of, max: number, from: string) => ({
  ...{ of, from, unit: 'count', min: 0, max, integer: true as const },
});
const pixels = <const Of extends Kinds>(of: Of, from: string) => ({
  ...{ of, from, unit: 'px', min: 0, max: 16_384, integer: true as const },
});
const step = (from: string) => milliseconds(session, 600_000, from);

/** The fields, in the order in which a sample's values are kept. */
export const FIELDS = {
  bitrate: { of: media, unit: 'bit/s', min: 0, max: 1e9, from: 'Δ(bytesReceived or bytesSent) · 8 / interval' },
  packets: count(media, 1e6, 'Δ packetsReceived (inbound-rtp) or Δ packetsSent (outbound-rtp)'),
  lost: count(
    media,
    1e6,
    'Δ packetsLost of inbound-rtp, or of remote-inbound-rtp for what is sent; below 0 counts as 0',
  ),
  jitter: milliseconds(media, 60_000, 'jitter · 1000 of inbound-rtp, or of remote-inbound-rtp'),
  rtt: milliseconds(
    ['send', 'recv', 'session'],
    60_000,
    'roundTripTime · 1000 (remote-inbound-rtp), or currentRoundTripTime · 1000 (candidate-pair)',
  ),
  fps: { of: media, unit: 'frames/s', min: 0, max: 1000, from: 'Δ(framesDecoded or framesEncoded) / interval' },
  width: pixels(media, 'frameWidth of inbound-rtp or of the largest active outbound-rtp'),
  height: pixels(media, 'frameHeight of the same'),
  qp: { of: media, unit: "the codec's QP", min: 0, max: 255, from: 'Δ qpSum / Δ(framesDecoded or framesEncoded)' },

  concealed: share(recv, 'Δ(concealedSamples − silentConcealedSamples) / Δ totalSamplesReceived'),
  discarded: count(recv, 1e6, 'Δ packetsDiscarded: came too late to be played'),
  buffer: milliseconds(recv, 60_000, '1000 · Δ jitterBufferDelay / Δ jitterBufferEmittedCount'),
  frozen: milliseconds(recv, 60_000, '1000 · Δ totalFreezesDuration'),
  freezes: count(recv, 10_000, 'Δ freezeCount'),
  decodeTime: milliseconds(recv, 10_000, '1000 · Δ totalDecodeTime / Δ framesDecoded'),
  wantedWidth: pixels(recv, 'width at which the video is shown, in device pixels'),
  wantedHeight: pixels(recv, 'height of the same'),

  targetBitrate: { of: send, unit: 'bit/s', min: 0, max: 1e9, from: 'targetBitrate of outbound-rtp, all layers' },
  sourceFps: { of: send, unit: 'frames/s', min: 0, max: 1000, from: 'framesPerSecond of media-source' },
  sourceWidth: pixels(send, 'width of media-source'),
  sourceHeight: pixels(send, 'height of media-source'),
  encodeTime: milliseconds(send, 10_000, '1000 · Δ totalEncodeTime / Δ framesEncoded'),
  limitation: word(send, LIMITATIONS, 'qualityLimitationReason of outbound-rtp'),

  candidateType: word(session, CANDIDATE_TYPES, 'candidateType of the local candidate of the selected pair'),
  protocol: word(session, PROTOCOLS, 'its protocol; where it is relayed, its relayProtocol'),
  available: { of: session, unit: 'bit/s', min: 0, max: 1e10, from: 'availableOutgoingBitrate of the selected pair' },
  delayUp: milliseconds(session, 10_000, 'one way to the server: the round trip less delayDown'),
  delayDown: milliseconds(
    session,
    10_000,
    'one way from the server: timestamp - remoteTimestamp of remote-outbound-rtp, above its least, and half the least round trip',
  ),
  reconnects: count(session, 1000, 'times that signaling or ICE was set up again in the interval'),
  joinSocket: step('time from the call to join until the signaling socket was open'),
  joinAnswered: step('… until the join was answered'),
  joinConnected: step('… until ICE and DTLS were connected'),
  joinFirstFrame: step('… until the first remote frame was shown, or the first audio played'),
} as const satisfies Record<string, FieldRule>;

export type FieldName = keyof typeof FIELDS;

/** What a sample of `Kind` may say, by the table. */
export type FieldsOf<Kind extends SampleKind> = {
  -readonly [Name in FieldName as Kind extends (typeof FIELDS)[Name]['of'][number] ? Name : never]?: Value<
    (typeof FIELDS)[Name]
  >;
};

/** A sample as a client writes it. */
export type WrittenSample = {
  [Kind in SampleKind]: { kind: Kind; seq: number; at: number; ms: number } & (Kind extends 'session'
    ? unknown
    : { track: string }) &
    FieldsOf<Kind>;
}[SampleKind];

type Value<Rule> = Rule extends { words: readonly (infer Word)[] } ? Word : number;

export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];

/** Where each field's value stands in a sample's values. */
export const FIELD = Object.fromEntries(FIELD_NAMES.map((name, index) => [name, index])) as Readonly<
  Record<FieldName, number>
>;
