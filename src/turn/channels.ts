import type { Millis } from '../kernel/clock.ts';
import { type Family, type TransportAddress, familyOfWords } from '../stun/address.ts';
import { PairTable } from './pair-table.ts';
import type { Permissions } from './permissions.ts';
import { Slots, grownIntegers, grownNumbers } from './slots.ts';
import { TransportTable } from './transport-table.ts';

/** RFC 8656 §12: "A channel binding lasts for 10 minutes unless refreshed." */
export const CHANNEL_LIFETIME = 600_000;

const NONE = -1;
const STRIDE = 16;
/** Words of a channel: the peer's address and port, the number, the permission, the allocation; */
export const NUMBER = 5;
export const PERMISSION = 6;
const ALLOCATION = 7;
/** then where the policy sends what is for that peer, and the version of the policy that said so. */
export const TARGET = 8;
export const VERSION = 13;
/** No version: the target is not known. */
const NO_VERSION = -1;

/**
 * The channel bindings of all allocations (RFC 8656 §12), as a struct of arrays that the data path reads. A binding is
 * found by its number, and by its peer's transport address. Bindings that have expired lie there until they are swept,
 * or until their number or their address is bound anew.
 */
export class Channels {
  readonly #permissions: Permissions;
  readonly #byNumber: PairTable;
  readonly #byPeer: TransportTable;
  /** Channels by their target, from where the peer's datagrams come. */
  readonly #byTarget: TransportTable;
  readonly #slots: Slots;
  /** Of each: see above. */
  words = new Int32Array(0);
  #expiresAt = new Float64Array(0);
  /** The allocation's bindings are a list. */
  #next = new Int32Array(0);
  #first = new Int32Array(0);

  constructor(permissions: Permissions, seed: number) {
    this.#permissions = permissions;
    this.#byNumber = new PairTable(seed);
    this.#byPeer = new TransportTable(seed);
    this.#byTarget = new TransportTable(seed);
    this.#slots = new Slots(64, (capacity) => {
      this.words = grownIntegers(this.words, STRIDE * capacity);
      this.#expiresAt = grownNumbers(this.#expiresAt, capacity);
      this.#next = grownIntegers(this.#next, capacity);
    });
  }

  /** Bindings held, expired ones that were not swept yet included. */
  get size(): number {
    return this.#slots.size;
  }

  /** The binding of a channel number, alive or not, or -1. */
  withNumber(allocation: number, number: number): number {
    return this.#byNumber.get(allocation, number);
  }

  /** The binding of a peer's transport address, alive or not, or -1. */
  withPeer(allocation: number, a: number, b: number, c: number, d: number, port: number): number {
    return this.#byPeer.get(allocation, a, b, c, d, port);
  }

  /** Where a binding's words begin. */
  at(channel: number): number {
    return channel * STRIDE;
  }

  /** The binding whose target an address is, whichever version of the policy said so, or -1. */
  withTarget(allocation: number, a: number, b: number, c: number, d: number, port: number): number {
    return this.#byTarget.get(allocation, a, b, c, d, port);
  }

  /** Remembers where a binding's data goes, as a version of the policy says. */
  setTarget(channel: number, { a, b, c, d, port }: TransportAddress, version: number): void {
    this.#forgetTarget(channel);
    const at = channel * STRIDE;
    const { words } = this;
    words[at + TARGET] = a;
    words[at + TARGET + 1] = b;
    words[at + TARGET + 2] = c;
    words[at + TARGET + 3] = d;
    words[at + TARGET + 4] = port;
    words[at + VERSION] = version;
    this.#byTarget.set(words[at + ALLOCATION]!, a, b, c, d, port, channel);
  }

  /** The permission for the address of the binding's peer; it may have expired. */
  permission(channel: number): number {
    return this.words[channel * STRIDE + PERMISSION]!;
  }

  /** Whether a binding is in force at `now`. */
  alive(channel: number, now: Millis): boolean {
    return this.#expiresAt[channel]! > now;
  }

  /** Binds a number to an address, neither of which is bound in this allocation. */
  add(
    allocation: number,
    number: number,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    permission: number,
    now: Millis,
  ): number {
    const channel = this.#slots.take();
    this.words.set([a, b, c, d, port, number, permission, allocation, 0, 0, 0, 0, 0, NO_VERSION], channel * STRIDE);
    if (allocation >= this.#first.length) {
      const length = this.#first.length;
      this.#first = grownIntegers(this.#first, Math.max(64, 2 * allocation)).fill(NONE, length);
    }
    this.#next[channel] = this.#first[allocation]!;
    this.#first[allocation] = channel;
    this.#byNumber.set(allocation, number, channel);
    this.#byPeer.set(allocation, a, b, c, d, port, channel);
    this.#permissions.retain(permission);
    this.refresh(channel, now);
    return channel;
  }

  /** Resets a binding's time to expiry to 10 minutes. */
  refresh(channel: number, now: Millis): void {
    this.#expiresAt[channel] = now + CHANNEL_LIFETIME;
  }

  /** Removes an allocation's bindings that have expired; returns when the next one will, or Infinity. */
  sweep(allocation: number, now: Millis, gone: () => void): number {
    let earliest = Infinity;
    this.#removeWhere(
      allocation,
      (channel) => {
        const expiresAt = this.#expiresAt[channel]!;
        if (expiresAt > now) earliest = Math.min(earliest, expiresAt);
        return expiresAt <= now;
      },
      gone,
    );
    return earliest;
  }

  /** Removes an allocation's bindings to addresses of a family. */
  clearFamily(allocation: number, family: Family, gone: () => void): void {
    const { words } = this;
    this.#removeWhere(
      allocation,
      (channel) => {
        const at = channel * STRIDE;
        return familyOfWords(words[at]!, words[at + 1]!, words[at + 2]!) === family;
      },
      gone,
    );
  }

  #removeWhere(allocation: number, doomed: (channel: number) => boolean, gone: () => void): void {
    let before = NONE;
    let channel = this.#first[allocation] ?? NONE;
    while (channel !== NONE) {
      const next = this.#next[channel]!;
      if (doomed(channel)) {
        if (before === NONE) this.#first[allocation] = next;
        else this.#next[before] = next;
        this.#remove(channel);
        gone();
      } else {
        before = channel;
      }
      channel = next;
    }
  }

  #remove(channel: number): void {
    const at = channel * STRIDE;
    const { words } = this;
    const allocation = words[at + ALLOCATION]!;
    this.#forgetTarget(channel);
    this.#byNumber.delete(allocation, words[at + NUMBER]!);
    this.#byPeer.delete(allocation, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, words[at + 4]!);
    this.#permissions.release(words[at + PERMISSION]!);
    this.#slots.give(channel);
  }

  /** Two channels may have one target, where the policy maps two addresses to it: the entry is that of the last. */
  #forgetTarget(channel: number): void {
    const { words } = this;
    const at = channel * STRIDE;
    if (words[at + VERSION] === NO_VERSION) return;
    const allocation = words[at + ALLOCATION]!;
    const [a = 0, b = 0, c = 0, d = 0, port = 0] = words.subarray(at + TARGET, at + TARGET + 5);
    if (this.#byTarget.get(allocation, a, b, c, d, port) === channel) {
      this.#byTarget.delete(allocation, a, b, c, d, port);
    }
    words[at + VERSION] = NO_VERSION;
  }
}
