/**
 * What a bad network does to the datagrams of one direction, decided for each from a seed: which are lost, and when the
 * others come out. No sockets and no clock.
 *
 *     in ── loss ── queue and rate ── delay, jitter, reordering ── out
 */

/** All that can be wrong with one direction; `CLEAN` is nothing. */
export type Impairment = {
  /** Every datagram's way, ms. */
  readonly delay: number;
  /** What is drawn for each datagram on top of that, evenly from 0 to this many ms. By itself it puts nothing out of order. */
  readonly jitter: number;
  /** Share of datagrams that get lost, 0 to 1. */
  readonly loss: number;
  /**
   * Mean length of a run of losses (Gilbert's model, the same `loss` in the long run); 0 for independent losses, whose runs
   * have 1 / (1 - loss).
   */
  readonly burst: number;
  /** bit/s, headers of UDP and IPv4 included; 0 for no limit. */
  readonly rate: number;
  /** What waits for its turn at `rate`, in ms of it, before more is dropped. Access routers hold 100 ms to a second. */
  readonly queue: number;
  /** Share of datagrams that come `reorderBy` ms late and are overtaken. */
  readonly reorder: number;
  readonly reorderBy: number;
};

export const CLEAN: Impairment = {
  ...{ delay: 0, jitter: 0, loss: 0, burst: 0, rate: 0, queue: 300, reorder: 0, reorderBy: 20 },
};

/** What became of a datagram: when it comes out, or why it does not. */
export type Fate = number | 'lost' | 'queue-full';

/** Bytes of an IPv4 and a UDP header. */
const HEADERS = 28;

export class Direction {
  readonly #random: () => number;
  #impairment = CLEAN;
  /** In a run of losses. */
  #losing = false;
  /** When the last bit that has been taken leaves the queue. */
  #busyUntil = 0;
  /** When the last datagram in order comes out. */
  #lastOut = 0;

  /** The same seed and the same datagrams have the same fates. */
  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  get impairment(): Impairment {
    return this.#impairment;
  }

  /** From now on; what has been sent before keeps its fate. */
  set(impairment: Impairment): void {
    this.#impairment = impairment;
    if (impairment.rate === 0) this.#busyUntil = 0;
  }

  /** What becomes of a datagram with `bytes` of payload that goes in at `now`; times are ms of one clock. */
  send(bytes: number, now: number): Fate {
    const { delay, jitter, rate, queue, reorder, reorderBy } = this.#impairment;
    // Three draws for each, whatever is set: one number that changes does not make others out of the rest.
    const [forLoss, forJitter, forOrder] = [this.#random(), this.#random(), this.#random()];
    if (this.#isLost(forLoss)) return 'lost';
    let left = now;
    if (rate > 0) {
      const begins = Math.max(now, this.#busyUntil);
      if (begins - now > queue) return 'queue-full';
      left = begins + ((bytes + HEADERS) * 8000) / rate;
      this.#busyUntil = left;
    }
    const due = left + delay + forJitter * jitter;
    if (forOrder < reorder) return due + reorderBy;
    this.#lastOut = Math.max(this.#lastOut, due);
    return this.#lastOut;
  }

  #isLost(draw: number): boolean {
    const { loss, burst } = this.#impairment;
    if (burst === 0 || loss === 0 || loss === 1) return draw < loss;
    const leave = 1 / burst;
    const enter = (leave * loss) / (1 - loss);
    this.#losing = this.#losing ? draw >= leave : draw < enter;
    return this.#losing;
  }
}

/** Mulberry32: 0 to 1, the same row of numbers for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
