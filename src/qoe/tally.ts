/** Several tracks as one: how good a direction is, and what cost it most. */
import type { Millis } from '../kernel/clock.ts';
import { type CauseId, CAUSES, NO_CAUSE } from './causes.ts';
import { type Costs, foldCosts, newCosts, type Places, worstCause } from './costs.ts';
import { delayAmount } from './delay.ts';
import type { Level } from './level.ts';
import type { TrackFacts } from './track-facts.ts';

/** Quality in one direction, or in both. */
export type Quality = {
  /** 1 to 5; NaN while nothing is known. */
  score: number;
  level: Level;
  /** Since when it has this level. */
  since: Millis;
  /** The cause that cost most, a number of CAUSES; `NO_CAUSE` where nothing cost anything. */
  cause: number;
  /** The measurement beside it, for `describeCause`; NaN where there is none. */
  amount: number;
  /** Since when the cause is there; what it was before counts, where it was gone for a moment only. */
  causeSince: Millis;
};

/** The best opinion of both models. */
export const BEST_OPINION = 4.5;

/** Less than this is no reason worth telling. */
const LEAST_LOST = 0.25;

/** The tracks of one kind. `amounts` is the sum of what they tell beside a cause, each weighed by its part of `told`. */
type KindTally = {
  count: number;
  score: number;
  readonly causes: Costs;
  readonly amounts: Costs;
  readonly told: Costs;
};

/**
 * The part of what sound is worth that is left where there is no picture at all: who hears and is heard has a call, if a
 * poor one.
 */
const SOUND_ALONE = 0.2;

/** Several tracks of one direction: each kind is as good as its tracks are on average, and all as good as the worst kind. */
export class Tally {
  readonly #audio = newKind();
  readonly #video = newKind();

  reset(): void {
    for (const kind of [this.#audio, this.#video]) {
      if (kind.count === 0) continue;
      kind.count = 0;
      kind.score = 0;
      kind.causes.fill(0);
      kind.amounts.fill(0);
      kind.told.fill(0);
    }
  }

  add(of: TrackFacts, by: Costs, places?: Places): void {
    const kind = of.kind === 'audio' ? this.#audio : this.#video;
    const score = foldCosts(of.kind, by, places);
    kind.count += 1;
    kind.score += score;
    const lost = BEST_OPINION - score;
    const worst = lost < LEAST_LOST ? NO_CAUSE : worstCause(by, places);
    if (worst === NO_CAUSE) return;
    kind.causes[worst]! += lost;
    const amount = AMOUNT[CAUSES[worst]!.id]?.(of, by) ?? Number.NaN;
    if (Number.isNaN(amount)) return;
    kind.amounts[worst]! += lost * amount;
    kind.told[worst]! += lost;
  }

  /** The mean of the worst kind; NaN where there was no track. */
  score(): number {
    const { score, count } = this.#worst();
    return Math.max(score / count, this.#soundAlone());
  }

  into(quality: Quality): void {
    const kind = this.#worst();
    const cause = worstCause(kind.causes);
    const amount = cause === NO_CAUSE ? Number.NaN : kind.amounts[cause]! / kind.told[cause]!;
    setQuality(quality, this.score(), cause, amount);
  }

  #soundAlone(): number {
    const { score, count } = this.#audio;
    return count === 0 ? 1 : 1 + SOUND_ALONE * (score / count - 1);
  }

  #worst(): KindTally {
    const [audio, video] = [this.#audio, this.#video];
    if (audio.count === 0) return video;
    return video.count === 0 || audio.score / audio.count <= video.score / video.count ? audio : video;
  }
}

function newKind(): KindTally {
  return { count: 0, score: 0, causes: newCosts(), amounts: newCosts(), told: newCosts() };
}

/** The measurement that explains a cause; NaN where none does. */
const AMOUNT: Partial<Record<CauseId, (of: TrackFacts, by: Costs) => number>> = {
  'loss-up': ({ lossUp }) => lossUp,
  'loss-down': ({ lossDown }) => lossDown,
  'jitter-up': ({ jitterUp }) => jitterUp,
  'jitter-down': ({ jitterDown }) => jitterDown,
  'delay-up': (of, by) => delayAmount(of, 'up', by),
  'delay-down': (of, by) => delayAmount(of, 'down', by),
};

/** Fills in score and cause. */
export function setQuality(quality: Quality, score: number, cause: number, amount: number): void {
  quality.score = score;
  quality.cause = cause;
  quality.amount = amount;
}
