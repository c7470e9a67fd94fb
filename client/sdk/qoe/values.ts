import type { FieldName, FIELDS } from '../../../src/qoe/fields.ts';
import type { Counters, Stats } from './stats.ts';

type WordName = { [Name in FieldName]: (typeof FIELDS)[Name] extends { words: unknown } ? Name : never }[FieldName];
export type NumberName = Exclude<FieldName, WordName>;

/** The numbers of one sample. */
export type Numbers = { [Name in NumberName]?: number };

/**
 * For each number the most that the server takes, and what it is rounded to. A test holds it against the server's own
 * table, whose explanations would double what this costs a page to load.
 */
export const RANGES = {
  bitrate: [1e9, 1],
  packets: [1e6, 1],
  lost: [1e6, 1],
  jitter: [60_000, 0.1],
  rtt: [60_000, 0.1],
  fps: [1000, 0.1],
  width: [16_384, 1],
  height: [16_384, 1],
  qp: [255, 0.1],
  concealed: [1, 0.0001],
  discarded: [1e6, 1],
  buffer: [60_000, 0.1],
  frozen: [60_000, 1],
  freezes: [10_000, 1],
  decodeTime: [10_000, 0.01],
  wantedWidth: [16_384, 1],
  wantedHeight: [16_384, 1],
  targetBitrate: [1e9, 1],
  sourceFps: [1000, 0.1],
  sourceWidth: [16_384, 1],
  sourceHeight: [16_384, 1],
  encodeTime: [10_000, 0.01],
  available: [1e10, 1],
  delayUp: [10_000, 0.1],
  delayDown: [10_000, 0.1],
  reconnects: [1000, 1],
  joinSocket: [600_000, 0.1],
  joinAnswered: [600_000, 0.1],
  joinConnected: [600_000, 0.1],
  joinFirstFrame: [600_000, 0.1],
} as const satisfies Record<NumberName, readonly [most: number, step: number]>;

/** Notes a number. What is not known, and what cannot be, is left out. */
export function put(into: Numbers, name: NumberName, value: number | undefined): void {
  const [most, step] = RANGES[name];
  if (value === undefined || !(value >= 0 && value <= most)) return;
  // Divided, not multiplied: 3 * 0.1 is 0.30000000000000004.
  into[name] = step === 1 ? Math.round(value) : Math.round(value / step) / Math.round(1 / step);
}

/** By how much a counter went up; undefined where that is not known, or it went down. */
export function rise(now: Stats, before: Stats, name: Counters): number | undefined {
  const difference = (now[name] ?? Number.NaN) - (before[name] ?? Number.NaN);
  return difference >= 0 ? difference : undefined;
}

/** `part` for each of `whole`; undefined where either is not known or there is nothing to divide by. */
export function per(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}

/** A second, of what `ms` have brought. */
export function rate(amount: number | undefined, ms: number): number | undefined {
  return amount === undefined ? undefined : (amount * 1000) / ms;
}

/** Seconds in ms. */
export function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
