/** By how much two clocks run apart, ms a ms: two cheap crystals. The least difference is forgotten as fast. */
const DRIFT = 1e-4;
/** NTP counts seconds since 1900, in 32 bits and a fraction of as many (RFC 3550 §4). */
const FRACTION_MS = 1000 / 2 ** 32;

/**
 * By how much the way from a client has got longer. Its sender reports carry its clock (RFC 3550 §6.4.1), and what they
 * arrive later than that moves with the way up alone; the clocks themselves may differ by anything, so the least difference
 * that was seen stands for the quick way (LEDBAT, RFC 6817 §3.4.2). Pure.
 */
export class WayUp {
  #floor = Number.NaN;
  #arrivedAt = Number.NaN;
  #last = Number.NaN;
  #slower = Number.NaN;

  /** ms above the least; NaN before the second report. Of the last two reports the quicker one counts: one may wait behind a picture. */
  get slower(): number {
    return this.#slower;
  }

  /** A report that was sent at `seconds` and `fraction` by the client's clock, and came at `arrivedAt`, ms by any clock of ours. */
  report(seconds: number, fraction: number, arrivedAt: number): void {
    const difference = arrivedAt - (seconds * 1000 + fraction * FRACTION_MS);
    const passed = arrivedAt - this.#arrivedAt;
    if (passed > 0) this.#floor += passed * DRIFT;
    this.#arrivedAt = arrivedAt;
    if (!(difference >= this.#floor)) this.#floor = difference;
    // The least has been forgotten a little since the report before.
    this.#slower = Math.max(0, Math.min(difference, this.#last) - this.#floor);
    this.#last = difference;
  }

  /** What was learnt is of no use for what comes: the client set its clock, or another one took its place. */
  reset(): void {
    this.#floor = Number.NaN;
    this.#last = Number.NaN;
    this.#slower = Number.NaN;
  }
}
