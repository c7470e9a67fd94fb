import type { Millis } from '../kernel/clock.ts';
import { type Family, familyOfWords } from '../stun/address.ts';
import { Slots, grownIntegers, grownNumbers } from './slots.ts';
import { TransportTable } from './transport-table.ts';

/** RFC 8656 §9: "The Permission Lifetime MUST be 300 seconds." */
export const PERMISSION_LIFETIME = 300_000;

const NONE = -1;

/** Who is told that a permission has gone: quotas count them. */
export type PermissionGone = () => void;

/**
 * The permissions of all allocations (RFC 8656 §9), as a struct of arrays: each names the address of a peer. The data
 * path asks for a permission's index, and whether it is `alive`; permissions that have expired lie there until they are
 * swept. One that a channel refers to stays, expired or not, until the channel is gone.
 */
export class Permissions {
  readonly #byPeer: TransportTable;
  readonly #slots: Slots;
  #words = new Int32Array(0);
  #expiresAt = new Float64Array(0);
  /** Channels that refer to it. */
  #channels = new Int32Array(0);
  #allocation = new Int32Array(0);
  /** The allocation's permissions are a list. */
  #next = new Int32Array(0);
  #first = new Int32Array(0);

  constructor(seed: number) {
    this.#byPeer = new TransportTable(seed);
    this.#slots = new Slots(64, (capacity) => {
      this.#words = grownIntegers(this.#words, 4 * capacity);
      this.#expiresAt = grownNumbers(this.#expiresAt, capacity);
      this.#channels = grownIntegers(this.#channels, capacity);
      this.#allocation = grownIntegers(this.#allocation, capacity);
      this.#next = grownIntegers(this.#next, capacity);
    });
  }

  /** Permissions held, expired ones that were not swept yet included. */
  get size(): number {
    return this.#slots.size;
  }

  /** The permission of a peer's address, alive or not, or -1. */
  find(allocation: number, a: number, b: number, c: number, d: number): number {
    return this.#byPeer.get(allocation, a, b, c, d, 0);
  }

  /** Whether a permission lets through at `now`. */
  alive(permission: number, now: Millis): boolean {
    return this.#expiresAt[permission]! > now;
  }

  /** Whether a peer's address has a permission that lets through at `now`. */
  permits(allocation: number, a: number, b: number, c: number, d: number, now: Millis): boolean {
    const permission = this.#byPeer.get(allocation, a, b, c, d, 0);
    return permission !== NONE && this.#expiresAt[permission]! > now;
  }

  /** Makes a permission for an address that has none. */
  add(allocation: number, a: number, b: number, c: number, d: number, now: Millis): number {
    const permission = this.#slots.take();
    const at = 4 * permission;
    this.#words[at] = a;
    this.#words[at + 1] = b;
    this.#words[at + 2] = c;
    this.#words[at + 3] = d;
    this.#channels[permission] = 0;
    this.#allocation[permission] = allocation;
    if (allocation >= this.#first.length) {
      const length = this.#first.length;
      this.#first = grownIntegers(this.#first, Math.max(64, 2 * allocation)).fill(NONE, length);
    }
    this.#next[permission] = this.#first[allocation]!;
    this.#first[allocation] = permission;
    this.#byPeer.set(allocation, a, b, c, d, 0, permission);
    this.refresh(permission, now);
    return permission;
  }

  /** Sets a permission's time to expiry to the Permission Lifetime. */
  refresh(permission: number, now: Millis): void {
    this.#expiresAt[permission] = now + PERMISSION_LIFETIME;
  }

  /** A channel refers to the permission from now on, and after `release` no more. */
  retain(permission: number): void {
    this.#channels[permission]! += 1;
  }

  release(permission: number): void {
    this.#channels[permission]! -= 1;
  }

  /** Removes an allocation's permissions that have expired; returns when the next one will, or Infinity. */
  sweep(allocation: number, now: Millis, gone: PermissionGone): number {
    let earliest = Infinity;
    this.#removeWhere(
      allocation,
      (permission) => {
        const expiresAt = this.#expiresAt[permission]!;
        if (expiresAt <= now) return this.#channels[permission] === 0;
        earliest = Math.min(earliest, expiresAt);
        return false;
      },
      gone,
    );
    return earliest;
  }

  /** Removes an allocation's permissions for addresses of a family, whose channels are gone already. */
  clearFamily(allocation: number, family: Family, gone: PermissionGone): void {
    const words = this.#words;
    this.#removeWhere(
      allocation,
      (permission) => {
        const at = 4 * permission;
        return familyOfWords(words[at]!, words[at + 1]!, words[at + 2]!) === family;
      },
      gone,
    );
  }

  /** Takes back the permission that was added last, where it is the allocation's. */
  undo(allocation: number, gone: PermissionGone): void {
    const permission = this.#first[allocation]!;
    this.#removeWhere(allocation, (other) => other === permission, gone);
  }

  #removeWhere(allocation: number, doomed: (permission: number) => boolean, gone: PermissionGone): void {
    let before = NONE;
    let permission = this.#first[allocation] ?? NONE;
    while (permission !== NONE) {
      const next = this.#next[permission]!;
      if (doomed(permission)) {
        if (before === NONE) this.#first[allocation] = next;
        else this.#next[before] = next;
        this.#remove(permission);
        gone();
      } else {
        before = permission;
      }
      permission = next;
    }
  }

  #remove(permission: number): void {
    const at = 4 * permission;
    const words = this.#words;
    this.#byPeer.delete(this.#allocation[permission]!, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, 0);
    this.#slots.give(permission);
  }
}
