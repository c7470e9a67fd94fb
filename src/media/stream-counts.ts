/** What mediasoup counts of a track, as numbers that can be taken from each other. */
import type { BaseRtpStreamStats } from 'mediasoup/types';

import type { StreamStats } from '../rooms/media-engine.ts';

/** mediasoup's stats of a stream in either direction. */
export type RtpStreamStat = BaseRtpStreamStats & {
  type: string;
  packetCount: number;
  byteCount: number;
  bitrate: number;
};

/** Sums over a track's streams (its simulcast layers) since they began. */
export type Counts = {
  /** ms, of this process's clock. */
  readonly at: number;
  /** Received or sent, retransmissions left out. */
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  /** ms; NaN where it is not known. */
  readonly jitter: number;
  readonly rtt: number;
};

/** `stats` of one track at `at`. */
export function countStreams(stats: readonly RtpStreamStat[], at: number, clockRate: number): Counts {
  let packets = 0;
  let bytes = 0;
  let lost = 0;
  let jitter = 0;
  let weight = 0;
  for (const stat of stats) {
    // What a retransmission repaired was lost on its way all the same.
    packets += stat.packetCount - (stat.type === 'inbound-rtp' ? stat.packetsRepaired : 0);
    bytes += stat.byteCount;
    lost += stat.packetsLost;
    // A layer that sends nothing has none: weighted by what flows now.
    jitter += stat.jitter * stat.bitrate;
    weight += stat.bitrate;
  }
  return { at, packets, bytes, lost, jitter: (jitter / weight / clockRate) * 1000, rtt: roundTripOf(stats) };
}

/** What has come since `before`; 0 where a stream has begun anew. */
export function since(before: Counts, now: Counts): { ms: number; packets: number; lost: number; bitrate: number } {
  const ms = now.at - before.at;
  return {
    ms,
    packets: Math.max(0, now.packets - before.packets),
    lost: Math.max(0, now.lost - before.lost),
    bitrate: (Math.max(0, now.bytes - before.bytes) * 8000) / ms,
  };
}

/** What is told of a track once, when it is paused after `ms`: nothing was to be measured. */
export function pausedStats(codec: string, ms: number): StreamStats {
  const none = Number.NaN;
  return { codec, paused: true, ms: Math.max(1, ms), packets: 0, lost: 0, jitter: none, rtt: none, bitrate: none };
}

/**
 * Each layer's reports have a round trip of their own. That of a layer that rests is an old one; of those that flow, one may
 * not have heard yet that a way has got longer.
 */
function roundTripOf(stats: readonly RtpStreamStat[]): number {
  const told = stats.filter(({ roundTripTime = 0 }) => roundTripTime > 0);
  const flowing = told.filter(({ bitrate }) => bitrate > 0);
  const trips = (flowing.length > 0 ? flowing : told).map(({ roundTripTime = 0 }) => roundTripTime);
  return trips.length > 0 ? Math.max(...trips) : Number.NaN;
}
