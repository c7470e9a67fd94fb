/** One second of a session as the store has it. */
import { LEVELS } from './level.ts';
import type { QoeSession } from './session.ts';
import type { Point } from './store/rollup.ts';
import { BEST_OPINION } from './tally.ts';

const BEST_LEVEL = LEVELS.length - 1;

/** @param t Seconds since the epoch. */
export function pointOf(key: number, of: QoeSession, t: number): Point {
  const { up, down, both, experience } = of.quality;
  const sent = of.traffic(true);
  const received = of.traffic(false);
  return {
    session: key,
    t,
    up: whole(up.score * 100),
    down: whole(down.score * 100),
    experience: whole(experience * 100),
    bitrateUp: whole(sent.bitrate / 1000),
    bitrateDown: whole(received.bitrate / 1000),
    lossUp: whole(sent.loss * 10_000),
    lossDown: whole(received.loss * 10_000),
    rtt: whole(of.rtt),
    level: LEVELS.indexOf(both.level),
    cause: both.cause,
    cost: both.cause < 0 ? 0 : Math.max(0, whole((BEST_OPINION - both.score) * 100)),
  };
}

/** Whether anything of that second was measured, or is still felt from before. */
export function isKnown({ up, down, experience, bitrateUp, bitrateDown, rtt, level }: Point): boolean {
  return Math.max(up, down, experience, bitrateUp, bitrateDown, rtt) >= 0 || level !== BEST_LEVEL;
}

/** A whole number; -1 for what is not known. */
function whole(value: number): number {
  return value >= 0 ? Math.round(value) : -1;
}
