import type { Millis } from '../kernel/clock.ts';
import { MAPPED_IPV4 } from '../stun/address.ts';
import { halfSipHash } from './half-siphash.ts';

/** Whose limit is reached: metric labels by the number that `allow` returns. 0: answer. */
export const ANSWER_REFUSALS = ['answer', 'source', 'total'] as const;

export type AnswerVerdict = 0 | 1 | 2;

/** Whether a request from an address may be answered that has shown no credentials. */
export type AnswerLimit = {
  /** For each answer that may be sent. Allocates nothing. */
  allow(a: number, b: number, c: number, d: number, now: Millis): AnswerVerdict;
};

export type AnswerLimitOptions = {
  /** Answers per second for one address: an IPv4 address, or an IPv6 /64, which one host has to itself. */
  rate: number;
  /** Answers at once for one address, at least 1. */
  burst: number;
  /** Answers per second for all addresses together; `Infinity` for no limit. */
  total: number;
  /** Two random words, so that nobody can choose addresses that meet in one set. */
  key: readonly [number, number];
  /** Addresses remembered: 4 for each set, 16 bytes each. A power of 2. */
  sets?: number;
};

const WAYS = 4;

/** Milliseconds by which answers in total may be ahead of their rate, so that bunches pass. */
const TOTAL_TOLERANCE = 100;

/**
 * A limit in a table of fixed size (65,536 addresses in 1 MiB unless `sets` says otherwise).
 *
 * An address is kept as one number: the time at which its bucket is full again (the generic cell rate algorithm). Where
 * a set has no room, the address goes that is full soonest, and so the one about which least is known. A flood from
 * many (forged) addresses hence never takes an honest one's own answers away: a newcomer has its whole burst, and an
 * address that spends much stays. Only `total` can: half of it is for addresses that are not remembered, all of it for
 * those that are. A client that lost its first request to the flood is remembered by it, and its retransmission, half
 * a second later (RFC 8489 §6.2.1), no longer competes with newcomers; forged addresses seldom come twice.
 */
export function createAnswerLimit(options: AnswerLimitOptions): AnswerLimit {
  return new SourceTable(options);
}

class SourceTable implements AnswerLimit {
  /** Milliseconds for one answer, and for the answers at once after the first. */
  readonly #interval: number;
  readonly #tolerance: number;
  readonly #totalInterval: number;
  readonly #key0: number;
  readonly #key1: number;
  readonly #setMask: number;
  /** Two words for each address. */
  readonly #keys: Int32Array;
  /** By place: when its bucket is full again; 0 where the place is free. */
  readonly #fullAt: Float64Array;
  #allFullAt = 0;
  #newcomersFullAt = 0;

  constructor({ rate, burst, total, key, sets = 16_384 }: AnswerLimitOptions) {
    this.#interval = 1000 / rate;
    this.#tolerance = (burst - 1) * this.#interval;
    this.#totalInterval = 1000 / total;
    [this.#key0, this.#key1] = key;
    this.#setMask = sets - 1;
    this.#keys = new Int32Array(sets * WAYS * 2);
    this.#fullAt = new Float64Array(sets * WAYS);
  }

  allow(a: number, b: number, c: number, d: number, now: Millis): AnswerVerdict {
    const mapped = a === 0 && b === 0 && c === MAPPED_IPV4;
    // 0:ffff::/32 is nobody's (RFC 4291 §2.4), so IPv4 is not taken for a /64 there.
    const high = mapped ? MAPPED_IPV4 : a;
    const low = mapped ? d : b;
    const first = (halfSipHash(this.#key0, this.#key1, high, low) & this.#setMask) * WAYS;
    let place = first;
    let known = false;
    for (let way = first; way < first + WAYS; way += 1) {
      if (this.#keys[way * 2] === high && this.#keys[way * 2 + 1] === low && this.#fullAt[way] !== 0) {
        place = way;
        known = true;
        break;
      }
      if (this.#fullAt[way]! < this.#fullAt[place]!) place = way;
    }
    const fullAt = known ? this.#clamped(this.#fullAt[place]!, this.#tolerance + this.#interval, now) : now;
    if (fullAt - now > this.#tolerance) {
      this.#fullAt[place] = fullAt;
      return 1;
    }
    const answer = this.#passesTotal(known, now);
    if (!known) {
      this.#keys[place * 2] = high;
      this.#keys[place * 2 + 1] = low;
    }
    this.#fullAt[place] = answer ? fullAt + this.#interval : fullAt;
    return answer ? 0 : 2;
  }

  #passesTotal(known: boolean, now: Millis): boolean {
    const interval = this.#totalInterval;
    const all = this.#clamped(this.#allFullAt, TOTAL_TOLERANCE + interval, now);
    this.#allFullAt = all;
    if (all - now > TOTAL_TOLERANCE) return false;
    if (!known) {
      const newcomers = this.#clamped(this.#newcomersFullAt, TOTAL_TOLERANCE + 2 * interval, now);
      this.#newcomersFullAt = newcomers;
      if (newcomers - now > TOTAL_TOLERANCE) return false;
      this.#newcomersFullAt = newcomers + 2 * interval;
    }
    this.#allFullAt = all + interval;
    return true;
  }

  /** Not before now, and not further ahead than can be: a clock that steps back must not lock out until it catches up. */
  #clamped(fullAt: number, most: number, now: Millis): number {
    return fullAt < now ? now : Math.min(fullAt, now + most);
  }
}
