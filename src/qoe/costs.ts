/** What causes cost a track, and the score that is left: of all causes, or of those that lie in some places. Pure. */
import { CAUSES, NO_CAUSE, type Place, PLACES } from './causes.ts';
import { CODEC_BEST, opinion, RATING_BEST } from './emodel.ts';
import { videoOpinion } from './video.ts';

/** Costs by cause: points of R for audio, −ln of what is left for video. */
export type Costs = Float64Array;

export function newCosts(): Costs {
  return new Float64Array(CAUSES.length);
}

/** For each cause 1 where its place is meant, else 0. */
export type Places = Uint8Array;

/** The causes that lie in `places`. */
export function causesIn(...places: Place[]): Places {
  return Uint8Array.from(CAUSES, ({ place }) => Number(places.includes(place)));
}

const EVERYWHERE = causesIn(...PLACES);

/**
 * The score that `costs` leave: 1 to 4.5, the range of the opinions that both models are made for. Audio without any
 * cost has 4.4: Opus at its best.
 *
 * @param places Whose costs count.
 */
export function foldCosts(kind: 'audio' | 'video', costs: Costs, places: Places = EVERYWHERE): number {
  let sum = 0;
  for (let cause = 0; cause < costs.length; cause += 1) sum += costs[cause]! * places[cause]!;
  return kind === 'audio' ? opinion(RATING_BEST - CODEC_BEST - sum) : videoOpinion(sum);
}

/** The cause that costs most of all, or of those of `places`; `NO_CAUSE` where none costs anything. */
export function worstCause(costs: Costs, places: Places = EVERYWHERE): number {
  let worst = NO_CAUSE;
  let most = 0;
  for (let cause = 0; cause < costs.length; cause += 1) {
    if (costs[cause]! * places[cause]! > most) {
      worst = cause;
      most = costs[cause]!;
    }
  }
  return worst;
}
