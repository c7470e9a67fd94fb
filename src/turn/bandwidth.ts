import { later, type Millis } from '../kernel/clock.ts';
import { Deadlines } from '../kernel/deadlines.ts';
import { countedAddress } from './quotas.ts';

/** Bytes per second in the long run, and bytes at once; `rate: Infinity` for no limit. */
export type BandwidthLimit = { readonly rate: number; readonly burst: number };

export type BandwidthLimits = {
  readonly allocation: BandwidthLimit;
  readonly user: BandwidthLimit;
  /** Of a client's address: an IPv6 address counts as its /64. */
  readonly address: BandwidthLimit;
  readonly total: BandwidthLimit;
};

/** A place in the tables, for the data path. */
export type BandwidthIndex = number;

/**
 * How much an allocation may relay, both ways together: token buckets of its own, of its user, of its client's address
 * and of all. More than a burst at once passes where a bucket is full, and is paid for afterwards.
 */
export type Bandwidth = {
  /** Buckets for an allocation. Those of its user and its address are shared with their other allocations. */
  open(user: string, a: number, b: number, c: number, d: number, now: Millis): BandwidthIndex;
  /** Takes `bytes` from all buckets and returns true, or from none. For each packet: allocates nothing. */
  take(index: BandwidthIndex, bytes: number, now: Millis): boolean;
  /** For streams, which can wait: takes and returns 0, or returns the milliseconds after which to ask again. */
  wait(index: BandwidthIndex, bytes: number, now: Millis): number;
  /** The client has another address from now on. */
  move(index: BandwidthIndex, a: number, b: number, c: number, d: number, now: Millis): void;
  /** Frees the place. What was spent stays spent: who comes back at once finds the bucket as it was left. */
  close(index: BandwidthIndex, now: Millis): void;
  /** Users and addresses that are remembered. */
  readonly size: number;
};

export function createBandwidth(limits: BandwidthLimits): Bandwidth {
  return new Shares(limits);
}

class Shares implements Bandwidth {
  readonly #allocations: Buckets;
  readonly #users: SharedBuckets;
  readonly #addresses: SharedBuckets;
  readonly #total: Buckets;
  readonly #unlimited: boolean;
  /** By index: the buckets of its user and of its address. */
  #userOf = new Int32Array(64);
  #addressOf = new Int32Array(64);

  constructor(limits: BandwidthLimits) {
    this.#allocations = new Buckets(limits.allocation);
    this.#users = new SharedBuckets(limits.user);
    this.#addresses = new SharedBuckets(limits.address);
    this.#total = new Buckets(limits.total);
    this.#total.open(0 as Millis);
    this.#unlimited = [limits.allocation, limits.user, limits.address, limits.total].every(
      ({ rate }) => rate === Infinity,
    );
  }

  open(user: string, a: number, b: number, c: number, d: number, now: Millis): BandwidthIndex {
    const index = this.#allocations.open(now);
    if (index >= this.#userOf.length) {
      this.#userOf = doubled(this.#userOf);
      this.#addressOf = doubled(this.#addressOf);
    }
    this.#userOf[index] = this.#users.join(user, now);
    this.#addressOf[index] = this.#addresses.join(countedAddress(a, b, c, d), now);
    return index;
  }

  take(index: BandwidthIndex, bytes: number, now: Millis): boolean {
    if (this.#unlimited) return true;
    const user = this.#userOf[index]!;
    const address = this.#addressOf[index]!;
    if (
      this.#allocations.wait(index, bytes, now) > 0 ||
      this.#users.buckets.wait(user, bytes, now) > 0 ||
      this.#addresses.buckets.wait(address, bytes, now) > 0 ||
      this.#total.wait(0, bytes, now) > 0
    ) {
      return false;
    }
    this.#allocations.spend(index, bytes);
    this.#users.buckets.spend(user, bytes);
    this.#addresses.buckets.spend(address, bytes);
    this.#total.spend(0, bytes);
    return true;
  }

  wait(index: BandwidthIndex, bytes: number, now: Millis): number {
    if (this.take(index, bytes, now)) return 0;
    return Math.max(
      this.#allocations.wait(index, bytes, now),
      this.#users.buckets.wait(this.#userOf[index]!, bytes, now),
      this.#addresses.buckets.wait(this.#addressOf[index]!, bytes, now),
      this.#total.wait(0, bytes, now),
    );
  }

  move(index: BandwidthIndex, a: number, b: number, c: number, d: number, now: Millis): void {
    const before = this.#addressOf[index]!;
    this.#addressOf[index] = this.#addresses.join(countedAddress(a, b, c, d), now);
    this.#addresses.leave(before, now);
  }

  close(index: BandwidthIndex, now: Millis): void {
    this.#users.leave(this.#userOf[index]!, now);
    this.#addresses.leave(this.#addressOf[index]!, now);
    this.#allocations.close(index);
  }

  get size(): number {
    return this.#users.size + this.#addresses.size;
  }
}

/** Token buckets of one limit, by slot. */
class Buckets {
  readonly #unlimited: boolean;
  /** Tokens for each millisecond. */
  readonly #rate: number;
  readonly #burst: number;
  #tokens = new Float64Array(64);
  /** When the tokens were counted last. */
  #at = new Float64Array(64);
  readonly #free: number[] = [];
  #slots = 0;

  constructor({ rate, burst }: BandwidthLimit) {
    this.#unlimited = rate === Infinity;
    this.#rate = rate / 1000;
    this.#burst = burst;
  }

  open(now: Millis): number {
    const slot = this.#free.pop() ?? this.#slots++;
    if (slot >= this.#tokens.length) {
      this.#tokens = doubled(this.#tokens);
      this.#at = doubled(this.#at);
    }
    this.#tokens[slot] = this.#burst;
    this.#at[slot] = now;
    return slot;
  }

  close(slot: number): void {
    this.#free.push(slot);
  }

  /** 0 when `bytes` may be spent, else the milliseconds until they may. A clock that steps back refills nothing. */
  wait(slot: number, bytes: number, now: Millis): number {
    if (this.#unlimited) return 0;
    let tokens = this.#tokens[slot]!;
    const elapsed = now - this.#at[slot]!;
    if (elapsed !== 0) {
      this.#at[slot] = now;
      if (elapsed > 0) {
        tokens = Math.min(this.#burst, tokens + elapsed * this.#rate);
        this.#tokens[slot] = tokens;
      }
    }
    const needed = bytes < this.#burst ? bytes : this.#burst;
    return tokens >= needed ? 0 : Math.ceil((needed - tokens) / this.#rate);
  }

  spend(slot: number, bytes: number): void {
    if (!this.#unlimited) this.#tokens[slot]! -= bytes;
  }

  /** Milliseconds until the bucket is full. */
  untilFull(slot: number, now: Millis): number {
    return this.wait(slot, this.#burst, now);
  }
}

/** Buckets that several allocations have in common, by name. */
class SharedBuckets {
  readonly buckets: Buckets;
  readonly #slotOf = new Map<string, number>();
  /** By slot. */
  readonly #nameOf: string[] = [];
  readonly #members: number[] = [];
  /** When those without members are full again, and as good as forgotten. */
  readonly #full = new Deadlines<string>();

  constructor(limit: BandwidthLimit) {
    this.buckets = new Buckets(limit);
  }

  get size(): number {
    return this.#slotOf.size;
  }

  join(name: string, now: Millis): number {
    for (let due = this.#full.takeDue(now); due !== undefined; due = this.#full.takeDue(now)) this.#forget(due);
    const known = this.#slotOf.get(name);
    if (known !== undefined) {
      this.#full.delete(name);
      this.#members[known]! += 1;
      return known;
    }
    const slot = this.buckets.open(now);
    this.#slotOf.set(name, slot);
    this.#nameOf[slot] = name;
    this.#members[slot] = 1;
    return slot;
  }

  leave(slot: number, now: Millis): void {
    this.#members[slot]! -= 1;
    if (this.#members[slot]! > 0) return;
    const untilFull = this.buckets.untilFull(slot, now);
    const name = this.#nameOf[slot]!;
    if (untilFull === 0) this.#forget(name);
    else this.#full.set(name, later(now, untilFull));
  }

  #forget(name: string): void {
    this.buckets.close(this.#slotOf.get(name)!);
    this.#slotOf.delete(name);
  }
}

function doubled<Numbers extends Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(numbers: Numbers): Numbers {
  const twice = new (numbers.constructor as new (length: number) => Numbers)(numbers.length * 2);
  twice.set(numbers);
  return twice;
}
