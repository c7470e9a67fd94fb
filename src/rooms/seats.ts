import { SluiceError } from '../kernel/errors.ts';
import type { Identity, ParticipantId } from './ids.ts';
import type { Participant } from './participant.ts';
import type { ParticipantMedia } from './participant-media.ts';
import type { Publication } from './publication.ts';
import type { DuplicateIdentity, RoomSettings } from './room-context.ts';

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

  /** Who has joined, hidden ones included. */
  joined(): Participant[] {
    return [...this.all()].filter(isJoined);
  }

  /** The presences of `identity` that have joined, the oldest first. */
  joinedAs(identity: Identity): Participant[] {
    return this.of(identity).filter(isJoined);
  }

  /** How many have joined, hidden ones included. */
  get occupied(): number {
    let joined = 0;
    for (const participant of this.all()) if (isJoined(participant)) joined += 1;
    return joined;
  }

  /** The others who have joined and may be seen. */
  *visibleTo(participant: Participant): Iterable<Participant> {
    for (const other of this.all()) if (other !== participant && isJoined(other) && !other.hidden) yield other;
  }

  *publicationsVisibleTo(participant: Participant): Iterable<Publication> {
    for (const other of this.visibleTo(participant)) yield* other.publications;
  }

  /** The media of everyone who has some. */
  *media(): Iterable<ParticipantMedia> {
    for (const { media } of this.all()) if (media !== undefined) yield media;
  }

  /** Whether there is a seat for `identity`. Throws `room-full`, `identity-in-use`. */
  requireSeat(identity: Identity, { duplicateIdentity, maxParticipants }: RoomSettings): void {
    const earlier = this.of(identity);
    if (duplicateIdentity === 'reject' && earlier.some(({ connected }) => connected)) {
      throw new SluiceError('identity-in-use');
    }
    const replaces = duplicateIdentity !== 'allow' && earlier.some(isJoined) ? 1 : 0;
    if (this.size - replaces >= maxParticipants) {
      throw new SluiceError('room-full', { detail: `The room holds ${maxParticipants} participants.` });
    }
  }

  /** Who has to go when `participant` comes in. Throws `identity-in-use`: a lost connection may have come back. */
  replacedBy(participant: Participant, duplicateIdentity: DuplicateIdentity): Participant[] {
    if (duplicateIdentity === 'allow') return [];
    const earlier = this.joinedAs(participant.identity);
    if (duplicateIdentity === 'reject' && earlier.some(({ connected }) => connected)) {
      throw new SluiceError('identity-in-use');
    }
    return earlier;
  }

  /** Whether `participant` may publish one more track. Throws `limit-reached`. */
  requirePublishable(participant: Participant, { maxTracks, maxPublishers }: RoomSettings): void {
    if (participant.tracks >= maxTracks) {
      throw new SluiceError('limit-reached', { detail: `Each publishes ${maxTracks} tracks of this room at most.` });
    }
    if (maxPublishers === null || participant.tracks > 0) return;
    const publishers = [...this.all()].filter(({ tracks }) => tracks > 0).length;
    if (publishers >= maxPublishers) {
      throw new SluiceError('limit-reached', { detail: `${maxPublishers} participants of this room publish at most.` });
    }
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

function isJoined({ state }: Participant): boolean {
  return state === 'joined';
}
