/** How long what the way down carried before is remembered, ms. */
const REMEMBERED_MS = 3000;
/** A way that carries less than this share of what it just did has become narrow, and is not merely varying. */
const NARROWED = 0.5;
/** Share of packets lost from which on it overflows: what varies or waits loses none. */
const OVERFLOWS = 0.1;
/** What is lost for so long after a cut was not there before it, ms: the queue on the way has emptied, and feedback come. */
const SETTLES_MS = 2000;
/** For how long the estimate is kept from falling further than the way has, and pictures are small, ms. */
const HELD_MS = 6000;
/**
 * For how long after the first estimate there is nothing to rely on, ms: what congestion control began with was no
 * measurement, and on its way down it is none either.
 */
const BEGINS_MS = 4000;
/** The part of the first estimate that is relied on: it is what came through while the way was full, with something left out. */
const RELIED_ON = 0.75;
/** Below this nothing is held: a way that carries less is for sound alone, bit/s. */
const LEAST_HELD = 50_000;

/** What to do: send pictures anew, small ones, and rely on `floor` bit/s (0: on nothing) for them. */
export type Cut = { readonly floor: number };

/**
 * Sees that a way down has become narrow at once. Then congestion control comes down within a second, but what was lost is
 * asked for again, and sent again, which is lost again: retransmissions obey no estimate, and for seconds fill a way that
 * would carry sound and a small picture. Meanwhile the estimate falls with what they lose, far below what there is, and
 * comes back at 8 % a second. Pure: times are of one clock, ms.
 */
export class Narrowing {
  /** Estimates of late, the oldest first, without those that a newer one has reached. */
  readonly #peaks: { readonly available: number; readonly at: number }[] = [];
  #firstAt = Number.NaN;
  #cutAt = -Infinity;
  #floor = 0;
  #held = false;

  /** Whether anything is to be asked about what was lost: `available` is the worker's new estimate, bit/s. */
  estimated(available: number, at: number): boolean {
    if (Number.isNaN(this.#firstAt)) this.#firstAt = at;
    const peaks = this.#peaks;
    while (peaks.length > 0 && at - peaks[0]!.at > REMEMBERED_MS) peaks.shift();
    while (peaks.length > 0 && peaks.at(-1)!.available <= available) peaks.pop();
    peaks.push({ available, at });
    return this.#held || available < NARROWED * peaks[0]!.available;
  }

  /** What has to be done at `at`, where `loss` is the share of packets that were lost of late, NaN where nobody says. */
  seen(available: number, loss: number, at: number): Cut | undefined {
    if (!(loss > OVERFLOWS) || at - this.#cutAt < SETTLES_MS) return undefined;
    const relied = this.#relied(available, at);
    return this.#cut(relied < LEAST_HELD ? 0 : Math.round(relied), at);
  }

  #relied(available: number, at: number): number {
    if (at - this.#firstAt < BEGINS_MS) return 0;
    // The second time, less than was relied on has come through.
    return this.#held ? this.#floor / 2 : RELIED_ON * available;
  }

  #cut(floor: number, at: number): Cut {
    this.#cutAt = at;
    this.#floor = floor;
    this.#held = true;
    this.#peaks.splice(0, this.#peaks.length - 1);
    return { floor };
  }

  /** Whether it is time to let go, since the estimate stands by itself again. Says so once. */
  isOver(at: number): boolean {
    if (!this.#held || at - this.#cutAt < HELD_MS) return false;
    this.#held = false;
    this.#floor = 0;
    return true;
  }
}
