import type { Source } from '../../src/rooms/grants.ts';
import type { RemoteParticipant } from './api.ts';
import type { Levels } from './levels.ts';
import type { RemoteTrackView } from './remote-track.ts';
import type { Person } from './roster.ts';

/** Somebody else, as the roster knows them. */
export class RemoteParticipantView implements RemoteParticipant {
  readonly isLocal = false;
  readonly tracks = new Map<Source, RemoteTrackView>();
  readonly #person: Person;
  readonly #levels: Levels;

  constructor(person: Person, levels: Levels) {
    this.#person = person;
    this.#levels = levels;
  }

  get key() {
    return this.#person.key;
  }
  get id() {
    return this.#person.participantId;
  }
  get identity() {
    return this.#person.identity;
  }
  get name() {
    return this.#person.name;
  }
  get metadata() {
    return this.#person.metadata;
  }
  get attributes() {
    return this.#person.attributes;
  }
  get joinedAt() {
    return this.#person.joinedAt;
  }
  get level() {
    return this.#levels.level(this.#person.index);
  }
  get quality() {
    return this.#levels.quality(this.#person.index);
  }
  get speaking() {
    return this.#levels.speaker === this.#person.index;
  }
  /** By which messages name it; another one after it has come back. */
  get participantId() {
    return this.#person.participantId;
  }
  /** The number by which ticks name it. */
  get index() {
    return this.#person.index;
  }
}
