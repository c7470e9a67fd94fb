/** The steps of a join as bars: each from where the one before it was done. Pure. */
import type { SessionReport } from './answers.ts';

export const STEP_NAMES = {
  socket: 'Socket opened',
  answered: 'Join answered',
  connected: 'Media connected',
  firstFrame: 'First frame',
} as const satisfies Record<keyof SessionReport['joinSteps'], string>;

export type Step = {
  readonly name: string;
  /** When it was done, ms from the call to join; null where that is not known. */
  readonly done: number | null;
  /** Where its bar begins and how long it is, as shares of the whole. */
  readonly start: number;
  readonly length: number;
  /** How long it took itself, ms. */
  readonly took: number;
};

/** In the order in which they come. Undefined where none is known. */
export function waterfall(steps: SessionReport['joinSteps']): Step[] | undefined {
  const names = Object.keys(STEP_NAMES) as (keyof typeof STEP_NAMES)[];
  const whole = Math.max(...names.map((name) => steps[name] ?? 0));
  if (names.every((name) => steps[name] === null)) return undefined;
  let before = 0;
  return names.map((name) => {
    const done = steps[name];
    // A clock that was set meanwhile may have turned two of them round.
    const from = Math.min(before, done ?? before);
    const took = (done ?? from) - from;
    before = Math.max(before, done ?? before);
    const share = (value: number): number => (whole === 0 ? 0 : value / whole);
    return { name: STEP_NAMES[name], done, start: share(from), length: share(took), took };
  });
}
