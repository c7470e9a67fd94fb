/** Words of a slot: the value plus 1 (0 in an empty slot), owner, a, b, c, d, port, and one that fills 32 bytes. */
const STRIDE = 8;
const INITIAL_SLOTS = 256;

/**
 * A map from (owner, transport address) to a number from 0 to 2^31 - 2: 5-tuples, where the owner is the socket, and the
 * permissions and channels of an allocation, where it is the allocation. Open addressing with linear probing in one
 * Int32Array, at most half full; removal shifts the rest of the run back, so that nothing is left to skip.
 *
 * The hash begins with a seed that nobody can know: who may choose addresses cannot choose collisions.
 */
export class TransportTable {
  readonly #seed: number;
  #words = new Int32Array(INITIAL_SLOTS * STRIDE);
  #mask = INITIAL_SLOTS - 1;
  #size = 0;

  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** Keys held. */
  get size(): number {
    return this.#size;
  }

  /** The value of a key, or -1. */
  get(owner: number, a: number, b: number, c: number, d: number, port: number): number {
    const words = this.#words;
    const mask = this.#mask;
    let slot = hash(this.#seed, owner, a, b, c, d, port) & mask;
    for (;;) {
      const at = slot * STRIDE;
      const value = words[at]!;
      if (value === 0) return -1;
      if (
        words[at + 5] === d &&
        words[at + 6] === port &&
        words[at + 1] === owner &&
        words[at + 4] === c &&
        words[at + 2] === a &&
        words[at + 3] === b
      ) {
        return value - 1;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Gives a key its value, in place of any that it had. */
  set(owner: number, a: number, b: number, c: number, d: number, port: number, value: number): void {
    if (2 * (this.#size + 1) > this.#mask + 1) this.#grow();
    const at = this.#locate(owner, a, b, c, d, port);
    const words = this.#words;
    if (words[at] === 0) this.#size += 1;
    words[at] = value + 1;
    words[at + 1] = owner;
    words[at + 2] = a;
    words[at + 3] = b;
    words[at + 4] = c;
    words[at + 5] = d;
    words[at + 6] = port;
  }

  /** Whether the key was there, and is gone now. */
  delete(owner: number, a: number, b: number, c: number, d: number, port: number): boolean {
    const words = this.#words;
    const mask = this.#mask;
    const at = this.#locate(owner, a, b, c, d, port);
    if (words[at] === 0) return false;
    this.#size -= 1;
    let hole = at / STRIDE;
    for (let slot = (hole + 1) & mask; words[slot * STRIDE] !== 0; slot = (slot + 1) & mask) {
      // An entry may move back into the hole where that is no further back than its own place.
      if (((slot - this.#home(slot)) & mask) < ((slot - hole) & mask)) continue;
      words.copyWithin(hole * STRIDE, slot * STRIDE, (slot + 1) * STRIDE);
      hole = slot;
    }
    words[hole * STRIDE] = 0;
    return true;
  }

  /** The word at which a key is, or at which it would be put. */
  #locate(owner: number, a: number, b: number, c: number, d: number, port: number): number {
    const words = this.#words;
    let slot = hash(this.#seed, owner, a, b, c, d, port) & this.#mask;
    for (;;) {
      const at = slot * STRIDE;
      if (words[at] === 0) return at;
      if (
        words[at + 1] === owner &&
        words[at + 2] === a &&
        words[at + 3] === b &&
        words[at + 4] === c &&
        words[at + 5] === d &&
        words[at + 6] === port
      ) {
        return at;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  /** The slot at which the entry of `slot` would be if nothing had been in its way. */
  #home(slot: number): number {
    const words = this.#words;
    const at = slot * STRIDE;
    return (
      hash(this.#seed, words[at + 1]!, words[at + 2]!, words[at + 3]!, words[at + 4]!, words[at + 5]!, words[at + 6]!) &
      this.#mask
    );
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Int32Array(2 * old.length);
    this.#mask = 2 * this.#mask + 1;
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at] === 0) continue;
      const place = this.#locate(old[at + 1]!, old[at + 2]!, old[at + 3]!, old[at + 4]!, old[at + 5]!, old[at + 6]!);
      this.#words.set(old.subarray(at, at + STRIDE), place);
    }
  }
}

/** One multiplication for each word, and each sees all bits of the words before it. */
function hash(seed: number, owner: number, a: number, b: number, c: number, d: number, port: number): number {
  let h = Math.imul(seed ^ owner, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15) ^ a, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13) ^ b, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16) ^ c, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15) ^ d, 0x165667b1);
  h = Math.imul(h ^ (h >>> 13) ^ port, 0x9e3779b1);
  return h ^ (h >>> 16);
}
