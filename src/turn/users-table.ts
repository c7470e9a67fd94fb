/** What is found by some bytes. */
export type Keyed = { readonly bytes: Uint8Array };

/**
 * Things by the bytes that name them, looked up in place: no string is made. Open addressing, at most half full; when
 * `capacity` things are held, one goes that was not looked up for a while (second chance, "clock").
 */
export class ByteTable<Value extends Keyed> {
  readonly #capacity: number;
  readonly #mask: number;
  readonly #seed: number;
  readonly #values: (Value | undefined)[];
  readonly #hashes: Int32Array;
  /** 1 where the value was found since the hand last passed. */
  readonly #used: Uint8Array;
  #hand = 0;
  #size = 0;

  constructor(capacity: number, seed: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(1, capacity) * 2));
    this.#capacity = Math.max(1, capacity);
    this.#mask = slots - 1;
    this.#seed = seed;
    this.#values = Array.from<undefined>({ length: slots });
    this.#hashes = new Int32Array(slots);
    this.#used = new Uint8Array(slots);
  }

  get size(): number {
    return this.#size;
  }

  find(view: DataView, offset: number, length: number): Value | undefined {
    const slot = this.#slotOf(view, offset, length, hashOf(view, offset, length, this.#seed));
    const value = this.#values[slot];
    if (value !== undefined) this.#used[slot] = 1;
    return value;
  }

  /** Adds the value, or puts it in the place of the one with the same bytes. */
  set(value: Value): void {
    const { bytes } = value;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const hash = hashOf(view, 0, bytes.length, this.#seed);
    let slot = this.#slotOf(view, 0, bytes.length, hash);
    if (this.#values[slot] === undefined) {
      if (this.#size >= this.#capacity) {
        this.#evict();
        slot = this.#slotOf(view, 0, bytes.length, hash);
      }
      this.#size += 1;
    }
    this.#values[slot] = value;
    this.#hashes[slot] = hash;
    this.#used[slot] = 1;
  }

  delete({ bytes }: Value): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const slot = this.#slotOf(view, 0, bytes.length, hashOf(view, 0, bytes.length, this.#seed));
    if (this.#values[slot] !== undefined) this.#remove(slot);
  }

  clear(): void {
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** Where the bytes are, or the free slot where they would be. */
  #slotOf(view: DataView, offset: number, length: number, hash: number): number {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const value = this.#values[slot];
      if (value === undefined) return slot;
      if (this.#hashes[slot] === hash && sameBytes(value.bytes, view, offset, length)) return slot;
    }
  }

  #evict(): void {
    for (;;) {
      const slot = this.#hand;
      if (this.#values[slot] !== undefined && this.#used[slot] === 0) return this.#remove(slot);
      this.#used[slot] = 0;
      this.#hand = (slot + 1) & this.#mask;
    }
  }

  /** Frees the slot, and moves what stands behind it so that every value is still met before a free slot. */
  #remove(slot: number): void {
    let free = slot;
    for (let next = (slot + 1) & this.#mask; this.#values[next] !== undefined; next = (next + 1) & this.#mask) {
      const home = this.#hashes[next]! & this.#mask;
      // It may move where its home is not between the free slot and its own.
      if (((next - home) & this.#mask) < ((next - free) & this.#mask)) continue;
      this.#values[free] = this.#values[next];
      this.#hashes[free] = this.#hashes[next]!;
      this.#used[free] = this.#used[next]!;
      free = next;
    }
    this.#values[free] = undefined;
    this.#used[free] = 0;
    this.#size -= 1;
  }
}

function sameBytes(bytes: Uint8Array, view: DataView, offset: number, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (bytes[index] !== view.getUint8(offset + index)) return false;
  }
  return true;
}

/** MurmurHash3's steps. What is held was let in by its owner, so a seed is enough to keep chains short. */
function hashOf(view: DataView, offset: number, length: number, seed: number): number {
  let hash = seed ^ length;
  const whole = length & ~3;
  for (let index = 0; index < whole; index += 4) hash = mixed(hash, view.getInt32(offset + index));
  for (let index = whole; index < length; index += 1) hash = mixed(hash, view.getUint8(offset + index));
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}

function mixed(hash: number, word: number): number {
  const first = Math.imul(word, 0xcc9e_2d51);
  const next = hash ^ Math.imul((first << 15) | (first >>> 17), 0x1b87_3593);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe654_6b64) | 0;
}
