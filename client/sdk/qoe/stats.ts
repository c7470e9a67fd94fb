/**
 * The parts of a `getStats()` report (W3C webrtc-stats) that quality is made of. Every member is optional: Firefox and
 * Safari do not have all that Chromium has.
 */

export type Stats = {
  readonly id: string;
  readonly type: string;
  /** Milliseconds; of which epoch depends on the browser. */
  readonly timestamp: number;
  readonly active?: boolean;
  readonly nominated?: boolean;
  /** Firefox, which has no `transport`: the pair in use. */
  readonly selected?: boolean;
} & { readonly [Name in Texts]?: string } & { readonly [Name in Counters | Gauges]?: number };

type Texts =
  | ('kind' | 'mid' | 'localId' | 'mediaSourceId' | 'trackIdentifier' | 'qualityLimitationReason')
  | ('selectedCandidatePairId' | 'localCandidateId' | 'candidateType' | 'protocol' | 'relayProtocol' | 'state');

/** What only goes up while the object is the same one, but for `packetsLost`. */
export type Counters =
  | ('bytesReceived' | 'packetsReceived' | 'packetsLost' | 'packetsDiscarded')
  | ('totalSamplesReceived' | 'concealedSamples' | 'silentConcealedSamples')
  | ('jitterBufferDelay' | 'jitterBufferEmittedCount')
  | ('framesDecoded' | 'totalDecodeTime' | 'freezeCount' | 'totalFreezesDuration')
  | ('bytesSent' | 'packetsSent' | 'framesEncoded' | 'totalEncodeTime' | 'qpSum');

type Gauges =
  | ('ssrc' | 'jitter' | 'roundTripTime' | 'frameWidth' | 'frameHeight')
  | ('targetBitrate' | 'framesPerSecond' | 'width' | 'height')
  | ('currentRoundTripTime' | 'availableOutgoingBitrate' | 'responsesReceived' | 'remoteTimestamp');

/** What a track of ours is known by in a report. */
export type StreamName = { readonly mid: string | undefined; readonly ssrc: number | undefined };

/** One connection's report, sorted. */
export type Report = {
  inbound(name: StreamName): Stats | undefined;
  /** The layers of one sender. */
  outbound(name: StreamName): Stats[];
  /** What the other side says of what this layer sent. */
  remoteInbound(layer: Stats): Stats | undefined;
  /** What this layer encodes; `trackId` where the layer does not say. */
  source(layer: Stats, trackId: string | undefined): Stats | undefined;
  /** What the other side said last of what it sends, with its clock, and of what it gets, with a round trip. */
  readonly senderReport: Stats | undefined;
  readonly receiverReport: Stats | undefined;
  /** The candidate pair in use, and its own side's candidate. */
  readonly pair: Stats | undefined;
  readonly candidate: Stats | undefined;
};

/** Sorts a report, in one pass: in Chromium it is the reading of each entry that costs. */
export function readReport(entries: Iterable<Stats>): Report {
  const inbound: Stats[] = [];
  const outbound: Stats[] = [];
  const remotes: Stats[] = [];
  const senders: Stats[] = [];
  const sources: Stats[] = [];
  const pairs: Stats[] = [];
  const candidates: Stats[] = [];
  let transport: Stats | undefined;
  const shelves: Record<string, Stats[]> = {
    'inbound-rtp': inbound,
    'outbound-rtp': outbound,
    'remote-inbound-rtp': remotes,
    'remote-outbound-rtp': senders,
    'media-source': sources,
    'candidate-pair': pairs,
    'local-candidate': candidates,
  };
  for (const entry of entries) {
    if (entry.type === 'transport') transport ??= entry;
    else shelves[entry.type]?.push(entry);
  }
  const pair = pairs.find((one) =>
    transport?.selectedCandidatePairId === undefined ? isInUse(one) : one.id === transport.selectedCandidatePairId,
  );
  return {
    inbound: (name) => inbound.find((one) => isNamed(one, name)),
    outbound: (name) => outbound.filter((one) => isNamed(one, name)),
    remoteInbound: (layer) =>
      remotes.find((one) => (one.localId === undefined ? one.ssrc === layer.ssrc : one.localId === layer.id)),
    source: (layer, trackId) =>
      sources.find((one) =>
        layer.mediaSourceId === undefined ? one.trackIdentifier === trackId : one.id === layer.mediaSourceId,
      ),
    senderReport: latest(senders, ({ remoteTimestamp }) => remoteTimestamp),
    receiverReport: latest(remotes, ({ roundTripTime }) => roundTripTime),
    pair,
    candidate: pair && candidates.find((one) => one.id === pair.localCandidateId),
  };
}

/** The last one that came, of those that tell what `read` looks for. */
function latest(entries: readonly Stats[], read: (entry: Stats) => number | undefined): Stats | undefined {
  return entries.reduce<Stats | undefined>(
    (last, one) => (read(one) === undefined || one.timestamp <= (last?.timestamp ?? -Infinity) ? last : one),
    undefined,
  );
}

/** By the media section, which names what is sent and received alike; by SSRC where a browser does not tell it. */
function isNamed(entry: Stats, { mid, ssrc }: StreamName): boolean {
  return entry.mid === undefined || mid === undefined ? ssrc !== undefined && entry.ssrc === ssrc : entry.mid === mid;
}

function isInUse({ selected, nominated, state }: Stats): boolean {
  return selected ?? (nominated === true && state === 'succeeded');
}
