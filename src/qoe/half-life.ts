/**
 * How things are forgotten: half of what there is in each half-life. The tracks of a call are told of together, so that one
 * answer serves all of them: a power costs as much as all else that a mean does with a sample.
 */
export class HalfLife {
  readonly #ms: number;
  #passed = 0;
  #left = 1;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** The share that is left `passed` ms later; above 1 for what is to come. */
  left(passed: number): number {
    if (passed !== this.#passed) {
      this.#passed = passed;
      this.#left = 2 ** (-passed / this.#ms);
    }
    return this.#left;
  }
}
