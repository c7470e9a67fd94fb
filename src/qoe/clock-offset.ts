/**
 * How far a client's clock is from ours, from the time at which it says it sent a beacon and that at which it came.
 *
 * Their difference is the offset and the delay of the request. Delays are never negative, so the smallest of the last
 * differences is the best guess, as in NTP's clock filter (RFC 5905 §10); it is too large by the shortest delay of them.
 * A clock that was set makes all differences jump. Where they fall, the smallest follows by itself; where they rise, it may
 * also be one beacon that was held up and sent again, so a second one has to confirm it.
 */

const KEPT = 8;
/** No request that is worth believing takes longer. */
const STEP_MS = 10_000;
/** Two differences after a step agree when they are this close. */
const AGREE_MS = 2000;

export class ClockOffset {
  readonly #differences = new Float64Array(KEPT).fill(Number.NaN);
  #next = 0;
  #offset = Number.NaN;
  #suspected = Number.NaN;

  /** Add to a time of the client to have ours; NaN before the first beacon. */
  get offset(): number {
    return this.#offset;
  }

  /** A beacon that was sent at `sentAt` by the client's clock has come at `receivedAt` by ours. */
  observe(sentAt: number, receivedAt: number): void {
    const difference = receivedAt - sentAt;
    if (difference > this.#offset + STEP_MS) {
      if (!(Math.abs(difference - this.#suspected) <= AGREE_MS)) {
        this.#suspected = difference;
        return;
      }
      this.#differences.fill(Number.NaN);
    }
    this.#suspected = Number.NaN;
    this.#differences[this.#next] = difference;
    this.#next = (this.#next + 1) % KEPT;
    this.#offset = this.#smallest();
  }

  #smallest(): number {
    let smallest = Infinity;
    for (const difference of this.#differences) {
      if (difference < smallest) smallest = difference;
    }
    return smallest;
  }
}
