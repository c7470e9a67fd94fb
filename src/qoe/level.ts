/**
 * The level of a connection: falls at once, rises slowly. A state machine with the time as an argument.
 *
 * Down: one score is enough, and it goes as far as the score says. Up: one level at a time, and only when every score for
 * some seconds was clearly above the threshold. So a tile does not blink, and trouble is not hidden by a good second in it.
 */
import type { Millis } from '../kernel/clock.ts';

/** From the worst to the best. A level's number is its place here, and stored. */
export const LEVELS = ['lost', 'poor', 'good', 'excellent'] as const;
export type Level = (typeof LEVELS)[number];

/** The lowest score of each level. */
export const FLOOR = { lost: 1, poor: 1.3, good: 3.1, excellent: 4 } as const satisfies Record<Level, number>;
/** How much above its floor a score has to be to count for a rise. */
export const RISE_MARGIN = 0.1;
/** How long it has to be there, ms: out of `lost` faster, since what is heard again is not lost. */
export const RISE_AFTER_MS = { poor: 2000, good: 8000, excellent: 8000 } as const;

export type LevelState = {
  level: Level;
  /** Since when it is this level. */
  since: Millis;
  /** Since when every score was fit for the next level; undefined while they are not. */
  risingSince: Millis | undefined;
};

/** A connection is `excellent` until it is known to be worse: no one is warned of what was not seen. */
export function newLevel(now: Millis): LevelState {
  return { level: 'excellent', since: now, risingSince: undefined };
}

/** The level that `score` alone would have. */
export function levelOf(score: number): Level {
  if (score >= FLOOR.excellent) return 'excellent';
  if (score >= FLOOR.good) return 'good';
  return score >= FLOOR.poor ? 'poor' : 'lost';
}

/** Takes a score, 1 to 5, into `state`. True when the level has changed. A clock that steps back only delays a rise. */
export function updateLevel(state: LevelState, score: number, now: Millis): boolean {
  const current = LEVELS.indexOf(state.level);
  const told = LEVELS.indexOf(levelOf(score));
  if (told < current) {
    state.level = LEVELS[told]!;
    state.since = now;
    state.risingSince = undefined;
    return true;
  }
  const next = LEVELS[current + 1];
  if (next === undefined || next === 'lost' || score < FLOOR[next] + RISE_MARGIN) {
    state.risingSince = undefined;
    return false;
  }
  if (state.risingSince === undefined || state.risingSince > now) state.risingSince = now;
  if (now - state.risingSince < RISE_AFTER_MS[next]) return false;
  state.level = next;
  state.since = now;
  state.risingSince = undefined;
  return true;
}
