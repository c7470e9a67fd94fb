import type { Identity, ParticipantId } from './ids.ts';
import type { Participant } from './participant.ts';

/** Who has a seat in a room, joined or still joining: by id, by identity, and which small numbers are taken. */
export class Seats {
  readonly #all = new Map<ParticipantId, Participant>();
  readonly #byIdentity = new Map<Identity, Set<Participant>>();
  readonly #indices = new Set<number>();

  get size(): number {
    return this.#all.size;
  }

  all(): Iterable<Participant> {
    return this.#all.values();
  }

  get(id: ParticipantId): Participant | undefined {
    return this.#all.get(id);
  }

  /** Every presence of `identity`, the oldest first. */
  of(identity: Identity): Participant[] {
    return [...(this.#byIdentity.get(identity) ?? [])];
  }

  /** The smallest number that nobody has. */
  freeIndex(): number {
    let index = 0;
    while (this.#indices.has(index)) index += 1;
    return index;
  }

  take(participant: Participant): void {
    this.#all.set(participant.id, participant);
    this.#indices.add(participant.index);
    const presences = this.#byIdentity.get(participant.identity) ?? new Set();
    this.#byIdentity.set(participant.identity, presences.add(participant));
  }

  free(participant: Participant): void {
    this.#all.delete(participant.id);
    this.#indices.delete(participant.index);
    const presences = this.#byIdentity.get(participant.identity);
    presences?.delete(participant);
    if (presences?.size === 0) this.#byIdentity.delete(participant.identity);
  }
}
