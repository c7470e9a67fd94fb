import type { ProducerId } from './ids.ts';
import { SILENCE } from './tick.ts';

/** Decibels by which a voice must be louder to take the place of one that is heard, too: syllables of one voice differ by 10 and more. */
const LOUDER_BY = 15;
/** Rounds of levels (250 ms each) for which a voice that is silent keeps its place as if it spoke: between two words. */
export const PAUSE = 6;

type Voice = {
  /** When it was last heard; `SILENCE` where it never was. */
  level: number;
  /** The round in which it was last heard. */
  heardAt: number;
};

/**
 * Whose microphones are forwarded where not all are: those heard last. One that is forwarded stays so in silence until
 * another one speaks, so that nobody's first word is lost in a room with fewer voices than places; and of more voices at
 * once than there are places, the loudest are forwarded.
 */
export class Audible {
  readonly #voices = new Map<ProducerId, Voice>();
  readonly #chosen = new Set<ProducerId>();
  #round = 0;
  #limit: number;

  /** `limit`: how many are forwarded at most; null: all. */
  constructor(limit: number | null) {
    this.#limit = limit ?? Infinity;
  }

  has(id: ProducerId): boolean {
    return this.#chosen.has(id);
  }

  /** A microphone is there. */
  add(id: ProducerId): void {
    this.#voices.set(id, { level: SILENCE, heardAt: -Infinity });
    if (this.#chosen.size < this.#limit) this.#chosen.add(id);
  }

  /** It is gone. Returns the ones whose turn it is now. */
  remove(id: ProducerId): ProducerId[] {
    this.#voices.delete(id);
    return this.#chosen.delete(id) ? this.#fill() : [];
  }

  /** These are heard now, and nobody else. Returns those that are forwarded from now on, or not any more. */
  levels(levels: readonly { readonly producerId: ProducerId; readonly dBov: number }[]): ProducerId[] {
    this.#round += 1;
    const waiting: { id: ProducerId; level: number }[] = [];
    for (const { producerId: id, dBov: level } of levels) {
      const voice = this.#voices.get(id);
      if (voice === undefined) continue;
      voice.level = level;
      voice.heardAt = this.#round;
      if (!this.#chosen.has(id)) waiting.push({ id, level });
    }
    if (waiting.length === 0) return [];
    const changed: ProducerId[] = [];
    for (const { id, level } of waiting.toSorted((one, other) => other.level - one.level)) {
      const out = this.#givesWayTo(level);
      if (out === undefined) break;
      this.#chosen.delete(out);
      this.#chosen.add(id);
      changed.push(out, id);
    }
    return changed;
  }

  /** As many as `limit` from now on. Returns those that are forwarded from now on, or not any more. */
  resize(limit: number | null): ProducerId[] {
    this.#limit = limit ?? Infinity;
    const changed = this.#fill();
    while (this.#chosen.size > this.#limit) {
      const out = this.#first(this.#chosen, isBehind)!;
      this.#chosen.delete(out);
      changed.push(out);
    }
    return changed;
  }

  /** The one that a voice of `level` takes the place of: silent for the longest time, else the quietest. */
  #givesWayTo(level: number): ProducerId | undefined {
    const oldest = this.#first(this.#chosen, isBehind);
    if (oldest === undefined) return undefined;
    if (this.#voices.get(oldest)!.heardAt + PAUSE < this.#round) return oldest;
    const quietest = this.#first(this.#chosen, (one, other) => one.level < other.level)!;
    return level >= this.#voices.get(quietest)!.level + LOUDER_BY ? quietest : undefined;
  }

  #fill(): ProducerId[] {
    const changed: ProducerId[] = [];
    while (this.#chosen.size < Math.min(this.#limit, this.#voices.size)) {
      const waiting = [...this.#voices.keys()].filter((id) => !this.#chosen.has(id));
      const next = this.#first(waiting, (one, other) => isBehind(other, one))!;
      this.#chosen.add(next);
      changed.push(next);
    }
    return changed;
  }

  #first(ids: Iterable<ProducerId>, comesFirst: (one: Voice, other: Voice) => boolean): ProducerId | undefined {
    let first: ProducerId | undefined;
    for (const id of ids) {
      if (first === undefined || comesFirst(this.#voices.get(id)!, this.#voices.get(first)!)) first = id;
    }
    return first;
  }
}

/** Whether `one` was heard longer ago, or is quieter. */
function isBehind(one: Voice, other: Voice): boolean {
  return one.heardAt === other.heardAt ? one.level < other.level : one.heardAt < other.heardAt;
}
