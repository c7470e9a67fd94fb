import { percentile } from '../support/percentiles.ts';

/** One measured number, in the shape that `--json` prints. */
export type Figure = {
  /** The row's name; further figures of a row have a suffix: `relay.200x1200`. */
  readonly metric: string;
  /** The median of the rounds. */
  readonly value: number;
  readonly unit: string;
  /** What the value is held against, in its unit; null: it only informs, or is held against a peer that is not there. */
  readonly target: number | null;
  /** True where there is nothing to meet. */
  readonly met: boolean;
  /** The lowest and the highest round. */
  readonly spread: readonly [number, number];
  readonly peer?: { readonly name: string; readonly value: number };
  /** The value over the peer's. */
  readonly ratio?: number;
};

export type Peer = { readonly name: string; readonly rounds: readonly number[] };

export type Measured = {
  readonly metric: string;
  readonly unit: string;
  /** One number for each round, after the warm-up. */
  readonly rounds: readonly number[];
  readonly atMost?: number;
  readonly atLeast?: number;
  /** The bounds are times the peer's value; without the peer there is nothing to hold the value against. */
  readonly ofPeer?: boolean;
  readonly peer?: Peer | undefined;
};

/** Medians, spread and verdict. Throws where nothing was measured. */
export function figure({ metric, unit, rounds, atMost, atLeast, ofPeer = false, peer }: Measured): Figure {
  if (rounds.length === 0 || rounds.some((value) => !Number.isFinite(value))) {
    throw new Error(`${metric}: nothing was measured`);
  }
  const value = percentile(rounds, 0.5);
  const theirs = peer === undefined ? undefined : percentile(peer.rounds, 0.5);
  const scale = ofPeer ? theirs : 1;
  const bound = scale === undefined ? undefined : (atMost ?? atLeast);
  const target = bound === undefined ? null : bound * (scale ?? 1);
  const met = target === null || (atMost === undefined ? value >= target : value <= target);
  return {
    ...{ metric, value: short(value), unit, target: target === null ? null : short(target), met },
    spread: [short(Math.min(...rounds)), short(Math.max(...rounds))],
    ...(peer === undefined || theirs === undefined
      ? {}
      : { peer: { name: peer.name, value: short(theirs) }, ratio: short(value / theirs) }),
  };
}

/** Four digits: more than any of these measurements repeats. */
function short(value: number): number {
  return Number(value.toPrecision(4));
}
