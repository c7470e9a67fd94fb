/**
 * Which way is the slow one. A round trip cannot say; but a sender report carries the server's clock (RFC 3550 §6.4.1),
 * and what its arrival by our clock is later than that moves with the way down alone. The clocks themselves may differ by
 * anything: the least difference that was seen stands for the quick way, as in LEDBAT (RFC 6817 §3.4.2), and half of the least
 * round trip is what both ways take at least. Pure.
 */

/** A sender report: the difference of the clocks and the way together. Both in ms, each by its own clock. */
export type ReportArrival = { readonly sentAt: number; readonly arrivedAt: number };
/** ms, and when it was known, by our clock. */
export type RoundTrip = { readonly rtt: number; readonly at: number };

/** By how much two clocks run apart, ms a ms: two cheap crystals. The least difference is forgotten as fast. */
const DRIFT = 1e-4;
/** A change that is none, ms. */
const STEADY = 40;
/** No way is longer than the round trip by this, ms; where it is, one of the clocks was set. */
const IMPOSSIBLE = 150;
/** Reports in a row that have to say so. */
const CONVINCED = 3;

export class OneWayDelay {
  #floor = Number.NaN;
  #report: ReportArrival | undefined;
  #roundTrip: RoundTrip | undefined;
  #leastRtt = Number.NaN;
  #up = Number.NaN;
  /** The way down when a round trip came in that it does not explain; undefined while all is explained. */
  #downThen: number | undefined;
  /** Whether the last report has not been held against a round trip yet. */
  #unheld = false;
  #impossible = 0;

  /**
   * Whether a round trip has got longer, and no report has come since to say which way it is: the next one will, within
   * about a second.
   */
  get undecided(): boolean {
    return this.#downThen !== undefined;
  }

  /** From the server to here, ms; NaN while it is not known. */
  get down(): number {
    return this.#report === undefined ? Number.NaN : differenceOf(this.#report) - this.#floor + this.#leastRtt / 2;
  }

  /** From here to the server, ms; NaN while it is not known. */
  get up(): number {
    return this.#up;
  }

  /** The latest of both; each counts once. */
  observe(report: ReportArrival | undefined, roundTrip: RoundTrip | undefined): void {
    const newReport = report !== undefined && !(report.arrivedAt <= (this.#report?.arrivedAt ?? -Infinity));
    const newTrip = roundTrip !== undefined && !(roundTrip.at <= (this.#roundTrip?.at ?? -Infinity));
    const tripFirst = newReport && newTrip && roundTrip.at <= report.arrivedAt;
    if (newTrip && tripFirst) this.#takeRoundTrip(roundTrip);
    if (newReport) this.#takeReport(report);
    if (newTrip && !tripFirst) this.#takeRoundTrip(roundTrip);
  }

  #takeRoundTrip(roundTrip: RoundTrip): void {
    this.#roundTrip = roundTrip;
    const { rtt } = roundTrip;
    if (!(rtt >= this.#leastRtt)) this.#leastRtt = rtt;
    this.#holdAgainst(rtt);
    const { down } = this;
    // What has got longer may be the way down, since its last report. What has got shorter has done so for certain.
    if (Number.isNaN(down) || rtt - down - this.#up > STEADY) this.#downThen = down;
    else this.#explain(rtt, down);
  }

  #takeReport(report: ReportArrival): void {
    const difference = differenceOf(report);
    const passed = this.#report === undefined ? 0 : report.arrivedAt - this.#report.arrivedAt;
    this.#report = report;
    this.#floor += passed * DRIFT;
    if (!(difference >= this.#floor)) this.#floor = difference;
    this.#unheld = true;
    // A report from before the round trip and one from after it: the slower one was the way that it took.
    if (this.#downThen !== undefined)
      this.#explain(this.#roundTrip?.rtt ?? Number.NaN, Math.max(this.down, this.#downThen || 0));
  }

  /** Each report against the round trip after it: one that contradicts it may have been overtaken by a change, not many. */
  #holdAgainst(rtt: number): void {
    if (!this.#unheld || this.#report === undefined) return;
    this.#unheld = false;
    this.#impossible = this.down > rtt + IMPOSSIBLE ? this.#impossible + 1 : 0;
    if (this.#impossible < CONVINCED) return;
    this.#impossible = 0;
    this.#floor = differenceOf(this.#report);
  }

  #explain(rtt: number, down: number): void {
    this.#up = Math.max(this.#leastRtt / 2, rtt - down);
    this.#downThen = undefined;
  }
}

function differenceOf({ sentAt, arrivedAt }: ReportArrival): number {
  return arrivedAt - sentAt;
}
