/**
 * The last seconds of one track or session: for each measurement a mean in which the newest counts most, in constant
 * memory. A value's weight is the length of its interval, and halves with every `HALF_LIFE_MS` that passes; a sample that comes
 * late is weighted as old as it is, so the order in which samples come does not matter.
 */
import { HalfLife } from './half-life.ts';

/** So that a change which has been measured once is two thirds of the mean. */
export const HALF_LIFE_MS = 1500;
const HALF_LIFE = new HalfLife(HALF_LIFE_MS);
/** After this without a sample nothing is known any more. */
export const STALE_AFTER_MS = 8000;

/** What is left of a weight when its value has been forgotten: 1 ms, or one packet of a hundred. */
const LEAST_WEIGHT = 0.01;

/**
 * `size` means in one typed array: weighted sums, then weights.
 *
 * All times are of one clock, in ms.
 */
export class DecayingMeans {
  readonly #sums: Float64Array;
  readonly #size: number;
  #newest = Number.NaN;

  constructor(size: number) {
    this.#sums = new Float64Array(2 * size);
    this.#size = size;
  }

  /** When the newest sample ended; NaN before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Starts to take a sample that ended at `at`: returns the weight for its values. */
  begin(at: number, ms: number): number {
    if (Number.isNaN(this.#newest)) this.#newest = at;
    const passed = at - this.#newest;
    if (passed <= 0) return ms * HALF_LIFE.left(-passed);
    this.#newest = at;
    const left = passed > 40 * HALF_LIFE_MS ? 0 : HALF_LIFE.left(passed);
    const sums = this.#sums;
    for (let index = 0; index < sums.length; index += 1) sums[index]! *= left;
    return ms;
  }

  /** Adds a value with the weight that `begin` gave; NaN is not added. */
  add(index: number, value: number, weight: number): void {
    if (Number.isNaN(value)) return;
    this.#sums[index]! += value * weight;
    this.#sums[this.#size + index]! += weight;
  }

  /** The mean; NaN where there was none, or none for long. */
  mean(index: number): number {
    const weight = this.#sums[this.#size + index]!;
    return weight < LEAST_WEIGHT ? Number.NaN : this.#sums[index]! / weight;
  }

  /** Whether it is too long ago that anything was heard. */
  isStale(now: number): boolean {
    return !(now - this.#newest <= STALE_AFTER_MS);
  }
}
