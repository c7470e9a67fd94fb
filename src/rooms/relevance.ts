/** How much a track matters to one viewer. */
export type Rank = {
  readonly pinned: boolean;
  /** The viewer's page says at which size it shows it. */
  readonly shown: boolean;
  /** Goes up each time that somebody takes the floor; 0 for who never has. */
  readonly spokeAt: number;
  /** In which order they came. No two are the same. */
  readonly place: number;
};

/**
 * The most relevant of a viewer's tracks, as many as there may be: pinned ones, then those that its page shows, and among
 * these whose owners had the floor last; among those who never had it, the first to come stay. So nothing moves because
 * somebody came, and a track keeps its place until another one's owner takes the floor.
 */
export class Relevance<Key> {
  readonly #ranks = new Map<Key, Rank>();
  readonly #chosen = new Set<Key>();
  #limit: number;

  /** `limit`: how many are chosen at most; null: all. */
  constructor(limit: number | null) {
    this.#limit = limit ?? Infinity;
  }

  has(key: Key): boolean {
    return this.#chosen.has(key);
  }

  rank(key: Key): Rank | undefined {
    return this.#ranks.get(key);
  }

  /** `key` is there, with this rank now. Returns those that may have been chosen or dropped by that. */
  set(key: Key, rank: Rank): Key[] {
    const before = this.#ranks.get(key);
    this.#ranks.set(key, rank);
    if (!this.#chosen.has(key)) return this.#enter(key, rank);
    if (before === undefined || !isAhead(before, rank)) return [];
    const next = this.#firstInWaiting();
    return next === undefined || !isAhead(this.#ranks.get(next)!, rank) ? [] : this.#swap(key, next);
  }

  delete(key: Key): Key[] {
    this.#ranks.delete(key);
    if (!this.#chosen.delete(key)) return [];
    const next = this.#firstInWaiting();
    if (next === undefined) return [key];
    this.#chosen.add(next);
    return [key, next];
  }

  /** As many as `limit` from now on. */
  resize(limit: number | null): Key[] {
    this.#limit = limit ?? Infinity;
    const ordered = [...this.#ranks.keys()].toSorted((one, other) => this.#order(one, other));
    const changed: Key[] = [];
    for (const [at, key] of ordered.entries()) {
      const chosen = at < this.#limit;
      if (chosen === this.#chosen.has(key)) continue;
      if (chosen) this.#chosen.add(key);
      else this.#chosen.delete(key);
      changed.push(key);
    }
    return changed;
  }

  #enter(key: Key, rank: Rank): Key[] {
    if (this.#chosen.size < this.#limit) {
      this.#chosen.add(key);
      return [key];
    }
    let last: Key | undefined;
    for (const one of this.#chosen) if (last === undefined || this.#order(last, one) < 0) last = one;
    return last === undefined || !isAhead(rank, this.#ranks.get(last)!) ? [key] : this.#swap(last, key);
  }

  #swap(out: Key, into: Key): Key[] {
    this.#chosen.delete(out);
    this.#chosen.add(into);
    return [out, into];
  }

  #firstInWaiting(): Key | undefined {
    if (this.#ranks.size <= this.#chosen.size) return undefined;
    let first: Key | undefined;
    for (const key of this.#ranks.keys()) {
      if (!this.#chosen.has(key) && (first === undefined || this.#order(key, first) < 0)) first = key;
    }
    return first;
  }

  #order(one: Key, other: Key): number {
    return isAhead(this.#ranks.get(one)!, this.#ranks.get(other)!) ? -1 : 1;
  }
}

function isAhead(one: Rank, other: Rank): boolean {
  if (one.pinned !== other.pinned) return one.pinned;
  if (one.shown !== other.shown) return one.shown;
  if (one.spokeAt !== other.spokeAt) return one.spokeAt > other.spokeAt;
  return one.place < other.place;
}
