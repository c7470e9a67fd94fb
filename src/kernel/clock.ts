import type { Brand } from './brand.ts';

/** Milliseconds since the Unix epoch, as `Date.now()` gives them. */
export type Millis = Brand<number, 'Millis'>;

/** Where pure code gets its time from: never from the machine, always from an argument. */
export type Clock = () => Millis;

/** The machine's clock, for the shell. */
export const systemClock: Clock = () => Date.now() as Millis;

/** `at` moved by `milliseconds`, which may be negative. */
export function later(at: Millis, milliseconds: number): Millis {
  return (at + milliseconds) as Millis;
}
