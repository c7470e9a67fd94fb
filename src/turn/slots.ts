/** Hands out the lowest indices first, and again those that were given back: places in a struct of arrays. */
export class Slots {
  readonly #grow: (capacity: number) => void;
  readonly #free: number[] = [];
  #capacity: number;
  #used = 0;

  /** `grow` makes room for `capacity` places in each array; it is called at once with `capacity`. */
  constructor(capacity: number, grow: (capacity: number) => void) {
    this.#grow = grow;
    this.#capacity = capacity;
    grow(capacity);
  }

  /** Places in use. */
  get size(): number {
    return this.#used - this.#free.length;
  }

  /** An index that nobody has. Its place still holds what was there before. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used === this.#capacity) {
      this.#capacity *= 2;
      this.#grow(this.#capacity);
    }
    this.#used += 1;
    return this.#used - 1;
  }

  /** `index` may be taken again. */
  give(index: number): void {
    this.#free.push(index);
  }
}

/** `old` with room for more. */
export function grownIntegers(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length);
  grown.set(old);
  return grown;
}

/** `old` with room for more. */
export function grownNumbers(old: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(length);
  grown.set(old);
  return grown;
}
