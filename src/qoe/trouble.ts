/**
 * What a way has shown of late, remembered for longer than it lasted: a freeze is told when it is over, and a jitter buffer
 * shrinks long after what filled it. So it can be said whose they are.
 */
import type { Millis } from '../kernel/clock.ts';
import { HalfLife } from './half-life.ts';

/** After so long half of it is forgotten, ms: NetEQ needs 10 to 20 s to get back to a short buffer. */
const HALF_LIFE = new HalfLife(5000);
/** Lateness beyond this is no worse: one page that stood still for a second must not stand for a minute of bad network. */
const LATEST = 0.1;
/** What one way varies by without any trouble, ms. */
const STEADY_MS = 30;

/** What the tracks that take one way show of it, together. */
export class WaySeen {
  /** Share: the worst of all. */
  loss = 0;
  /** ms: the best of all, since a picture's packets leave in bursts and a voice's do not. NaN without any. */
  jitter = Number.NaN;

  reset(): void {
    this.loss = 0;
    this.jitter = Number.NaN;
  }

  add(loss: number, jitter: number): void {
    if (loss > this.loss) this.loss = loss;
    if (!(jitter >= this.jitter)) this.jitter = jitter;
  }
}

export class Trouble {
  readonly #any = new Memory();
  readonly #late = new Memory();
  #leastDelay = Number.NaN;

  /**
   * @param loss Share of packets.
   * @param jitter ms; 10 of them weigh as much as 1 % of loss.
   * @param delay One way, ms; 20 of them above the least weigh as much.
   * Each may be NaN: not known.
   */
  take(loss: number, jitter: number, delay: number, now: Millis): void {
    if (delay >= 0 && !(delay >= this.#leastDelay)) this.#leastDelay = delay;
    const grown = delay - this.#leastDelay - STEADY_MS;
    const late = Math.min(LATEST, Math.max(0, (jitter || 0) / 1000, (grown || 0) / 2000));
    this.#late.take(late, now);
    this.#any.take(Math.max(late, loss || 0), now);
  }

  /** How bad it was, as a share of lost packets would be; 0 for none. */
  at(now: Millis): number {
    return this.#any.at(now);
  }

  /** The same of what came late, without what was lost: nothing waits for what no one sends again. */
  lateAt(now: Millis): number {
    return this.#late.at(now);
  }
}

/** The largest value of late; each fades. */
class Memory {
  #worst = 0;
  #at = Number.NaN;

  take(value: number, now: Millis): void {
    if (value < this.at(now)) return;
    this.#worst = value;
    this.#at = now;
  }

  at(now: Millis): number {
    const passed = now - this.#at;
    return passed >= 0 ? this.#worst * HALF_LIFE.left(passed) : this.#worst;
  }
}
