import type { Stats } from './stats.ts';

/** What the server takes for the length of an interval, in ms. */
export const SHORTEST = 100;
export const LONGEST = 60_000;

/**
 * Milliseconds from `before` to `now` by the browser's own clock, which its counters belong to. Undefined where there is
 * no interval to speak of: another stream counts from nought, a counter went back, or the machine slept.
 */
export function intervalOf(now: Stats, before: Stats): number | undefined {
  if (now.id !== before.id || now.ssrc !== before.ssrc) return undefined;
  for (const name of ['bytesReceived', 'packetsReceived', 'bytesSent', 'packetsSent'] as const) {
    if ((now[name] ?? 0) < (before[name] ?? 0)) return undefined;
  }
  const ms = now.timestamp - before.timestamp;
  return ms >= SHORTEST && ms <= LONGEST ? ms : undefined;
}
