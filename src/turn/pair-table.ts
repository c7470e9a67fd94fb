/** Words of a slot: the value plus 1 (0 in an empty slot), both halves of the key, and one that fills 16 bytes. */
const STRIDE = 4;
const INITIAL_SLOTS = 256;

/**
 * A map from two integers to a number from 0 to 2^31 - 2: channels by allocation and channel number. Open addressing as
 * in `TransportTable`.
 */
export class PairTable {
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
  get(first: number, second: number): number {
    return this.#words[this.#locate(first, second)]! - 1;
  }

  /** Gives a key its value, in place of any that it had. */
  set(first: number, second: number, value: number): void {
    if (2 * (this.#size + 1) > this.#mask + 1) this.#grow();
    const at = this.#locate(first, second);
    const words = this.#words;
    if (words[at] === 0) this.#size += 1;
    words[at] = value + 1;
    words[at + 1] = first;
    words[at + 2] = second;
  }

  /** Whether the key was there, and is gone now. */
  delete(first: number, second: number): boolean {
    const words = this.#words;
    const mask = this.#mask;
    const at = this.#locate(first, second);
    if (words[at] === 0) return false;
    this.#size -= 1;
    let hole = at / STRIDE;
    for (let slot = (hole + 1) & mask; words[slot * STRIDE] !== 0; slot = (slot + 1) & mask) {
      const home = hash(this.#seed, words[slot * STRIDE + 1]!, words[slot * STRIDE + 2]!) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      words.copyWithin(hole * STRIDE, slot * STRIDE, (slot + 1) * STRIDE);
      hole = slot;
    }
    words[hole * STRIDE] = 0;
    return true;
  }

  /** The word at which a key is, or at which it would be put. */
  #locate(first: number, second: number): number {
    const words = this.#words;
    const mask = this.#mask;
    let at = (hash(this.#seed, first, second) & mask) * STRIDE;
    while (words[at] !== 0 && (words[at + 2] !== second || words[at + 1] !== first)) {
      at = (at + STRIDE) & (mask * STRIDE);
    }
    return at;
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Int32Array(2 * old.length);
    this.#mask = 2 * this.#mask + 1;
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at] === 0) continue;
      this.#words.set(old.subarray(at, at + STRIDE), this.#locate(old[at + 1]!, old[at + 2]!));
    }
  }
}

function hash(seed: number, first: number, second: number): number {
  let h = Math.imul(seed ^ first, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15) ^ second, 0x85ebca6b);
  return h ^ (h >>> 15);
}
