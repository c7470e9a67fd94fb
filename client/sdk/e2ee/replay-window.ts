/** Frames that may come behind the newest one. Frames come late where packets were lost and sent again. */
const WIDTH = 512;

/** Which counters have been seen: each passes once, and none that is far behind. As RFC 4303 §3.4.3 has it. Pure. */
export class ReplayWindow {
  #newest = -1;
  /** By the counter's remainder: the last counter there. */
  readonly #seen = new Float64Array(WIDTH).fill(-1);

  /** Whether `counter` has not been taken, and may be. */
  admits(counter: number): boolean {
    return counter > this.#newest - WIDTH && this.#seen[counter % WIDTH] !== counter;
  }

  take(counter: number): void {
    this.#seen[counter % WIDTH] = counter;
    if (counter > this.#newest) this.#newest = counter;
  }
}
