import type { Millis } from './clock.ts';

/** When something is due, for many keys: a binary heap with an index, so that moving or dropping a key is O(log n). */
export class Deadlines<Key> {
  readonly #heap: { key: Key; at: Millis }[] = [];
  readonly #position = new Map<Key, number>();

  /** Keys that have a deadline. */
  get size(): number {
    return this.#heap.length;
  }

  /** Makes `key` due at `at`, in place of any deadline that it had. */
  set(key: Key, at: Millis): void {
    const position = this.#position.get(key);
    if (position === undefined) {
      this.#heap.push({ key, at });
      this.#rise(this.#heap.length - 1);
      return;
    }
    this.#heap[position]!.at = at;
    this.#rise(position);
    this.#sink(this.#position.get(key)!);
  }

  /** Takes `key`'s deadline away, where it has one. */
  delete(key: Key): void {
    const position = this.#position.get(key);
    if (position === undefined) return;
    const last = this.#heap.pop()!;
    this.#position.delete(key);
    if (position === this.#heap.length) return;
    this.#place(last, position);
    this.#rise(position);
    this.#sink(this.#position.get(last.key)!);
  }

  /** The earliest deadline. */
  next(): Millis | undefined {
    return this.#heap[0]?.at;
  }

  /** Removes and returns one key that is due at `now`, the earliest first; undefined when none is. */
  takeDue(now: Millis): Key | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.delete(first.key);
    return first.key;
  }

  #place(entry: { key: Key; at: Millis }, position: number): void {
    this.#heap[position] = entry;
    this.#position.set(entry.key, position);
  }

  #rise(from: number): void {
    const entry = this.#heap[from]!;
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      const above = this.#heap[parent]!;
      if (above.at <= entry.at) break;
      this.#place(above, position);
      position = parent;
    }
    this.#place(entry, position);
  }

  #sink(from: number): void {
    const entry = this.#heap[from]!;
    let position = from;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && this.#heap[child + 1]!.at < this.#heap[child]!.at) child += 1;
      const below = this.#heap[child]!;
      if (below.at >= entry.at) break;
      this.#place(below, position);
      position = child;
    }
    this.#place(entry, position);
  }
}
