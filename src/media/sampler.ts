/**
 * Whose turn it is to be measured: a timer wheel of ticks. Everyone on it is due once in its own period, newcomers take
 * the emptiest place, and a tick costs what is due in it. A question to a worker costs the main thread 25 to 90 µs, most
 * of it the write that wakes the worker (loadtest/media-seen.ts), so there is a bound to how many a tick may ask, and to
 * how many may be without an answer; beyond it turns are skipped, never saved up.
 */

/** Ticks in a second: the rate of the rooms' own. */
export const SECOND = 20;
/** The longest period. */
export const LONGEST = 30 * SECOND;
/** Questions in one tick, at most: 500 a second. */
const ASKED_PER_TICK = 25;
/** Questions without an answer, at most. A worker answers in under a millisecond, unless it is busy. */
const UNANSWERED = 50;

export type Sampled = {
  /** Asks; resolves when there is an answer or none will come. Never rejects. */
  ask(): Promise<void>;
  /** Ticks until the next turn, 1 to `LONGEST`. */
  period(): number;
  /** Whether it goes before the others where not all can be asked. */
  urgent(): boolean;
};

/** The turns of one worker. */
export class Sampler {
  readonly #wheel = Array.from({ length: LONGEST + 1 }, () => new Set<Sampled>());
  readonly #placeOf = new Map<Sampled, number>();
  #now = 0;
  #unanswered = 0;
  #skipped = 0;

  /** How many take turns. */
  get size(): number {
    return this.#placeOf.size;
  }

  /** Turns that were skipped so far, because too much was due or the worker did not answer. */
  get skipped(): number {
    return this.#skipped;
  }

  /** It takes turns from now on, the first within a second. */
  add(it: Sampled): void {
    if (!this.#placeOf.has(it)) this.#put(it, this.#emptiest());
  }

  remove(it: Sampled): void {
    const place = this.#placeOf.get(it);
    if (place === undefined) return;
    this.#placeOf.delete(it);
    this.#wheel[place]!.delete(it);
  }

  /** Its next turn comes within a second. */
  hasten(it: Sampled): void {
    const place = this.#placeOf.get(it);
    if (place === undefined || this.#distance(place) <= SECOND) return;
    this.remove(it);
    this.#put(it, this.#emptiest());
  }

  /** Asks those whose turn it is. Call it `SECOND` times a second; a call that comes late makes nothing up. */
  tick(): void {
    this.#now = (this.#now + 1) % this.#wheel.length;
    const slot = this.#wheel[this.#now]!;
    if (slot.size === 0) return;
    const due = [...slot];
    slot.clear();
    let left = Math.min(ASKED_PER_TICK, UNANSWERED - this.#unanswered);
    const asked = new Set<Sampled>();
    for (const urgent of [true, false]) {
      for (const it of due) {
        if (left <= 0) break;
        if (it.urgent() !== urgent) continue;
        asked.add(it);
        left -= 1;
      }
    }
    this.#skipped += due.length - asked.size;
    // Who was skipped comes before those who were not, the next time.
    for (const it of due) if (!asked.has(it)) this.#put(it, this.#after(it.period()));
    for (const it of asked) {
      this.#put(it, this.#after(it.period()));
      this.#ask(it);
    }
  }

  #ask(it: Sampled): void {
    this.#unanswered += 1;
    void it.ask().finally(() => {
      this.#unanswered -= 1;
    });
  }

  #put(it: Sampled, place: number): void {
    this.#placeOf.set(it, place);
    this.#wheel[place]!.add(it);
  }

  #after(ticks: number): number {
    return (this.#now + Math.min(LONGEST, Math.max(1, Math.round(ticks)))) % this.#wheel.length;
  }

  #distance(place: number): number {
    return (place - this.#now + this.#wheel.length) % this.#wheel.length;
  }

  #emptiest(): number {
    let best = this.#after(1);
    for (let ticks = 2; ticks <= SECOND; ticks += 1) {
      const place = this.#after(ticks);
      if (this.#wheel[place]!.size < this.#wheel[best]!.size) best = place;
    }
    return best;
  }
}
