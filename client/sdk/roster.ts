/**
 * Who is in the room and what they publish, decided purely: the server's word in, what the application is to be told
 * out. After a rejoin or a loss of the room's media, people and tracks that come back are the same ones as before;
 * those that may still come back are `missing` until a deadline and are only then announced as gone.
 */
import type { LeaveReason, ParticipantInfo, ProducerInfo, RoomEvent } from '../../src/rooms/events.ts';
import type { ProfileDelta } from '../../src/rooms/profile.ts';
import type { MediaKind, Source } from '../../src/rooms/grants.ts';

/** How long the tracks of somebody who goes on from another connection may take to appear there. */
const REPLACED_GRACE = 3000;

export type Person = {
  /** Unique in the roster: the identity, with the participant's id behind it for further presences of the same one. */
  readonly key: string;
  readonly identity: string;
  participantId: string;
  index: number;
  name: string;
  metadata: Readonly<Record<string, unknown>>;
  attributes: Readonly<Record<string, string>>;
  joinedAt: number;
  readonly tracks: Map<Source, Published>;
  /** Not there just now; gone for good at this time, in ms. */
  missingUntil: number | undefined;
};

export type Published = {
  /** Stays the same as long as the application sees one and the same track. */
  readonly id: string;
  readonly source: Source;
  readonly kind: MediaKind;
  producerId: string;
  muted: boolean;
  layers: { spatial: number; temporal: number };
  missingUntil: number | undefined;
};

export type RosterChange =
  | { type: 'joined'; person: Person }
  /** Goes on from another connection; its number was `index` before. */
  | { type: 'replaced'; person: Person; index: number }
  | { type: 'updated'; person: Person }
  | { type: 'left'; person: Person; reason: LeaveReason }
  | { type: 'track-added' | 'track-removed' | 'track-muted' | 'track-unmuted'; person: Person; track: Published };

export type Roster = {
  /** By key, in the order of joining. */
  readonly people: ReadonlyMap<string, Person>;
  /** All that there is now: the others have left for `reason`. Whom or what it does not name may come back until `graceUntil`, if given. */
  reset(participants: readonly ParticipantInfo[], graceUntil: number | undefined, reason?: LeaveReason): RosterChange[];
  /** Takes in an event; those that are not about people and what they publish change nothing. */
  apply(event: RoomEvent, now: number): RosterChange[];
  /** Announces as gone who or what is missing past its deadline. */
  expire(now: number): RosterChange[];
  /** When `expire` has something to do next; undefined: nothing is missing. */
  nextDeadline(): number | undefined;
  /** Who publishes this producer as what. */
  find(producerId: string): { person: Person; track: Published } | undefined;
};

/** `self`: one's own identity, whose other presences are others, too. */
export function createRoster(self?: string): Roster {
  const people = new Map<string, Person>();

  const byParticipant = (id: string) => [...people.values()].find((person) => person.participantId === id);

  const missing = (identity: string) =>
    [...people.values()].find((person) => person.identity === identity && person.missingUntil !== undefined);

  /** `known`: whom the application knows as that participant already. */
  function arrive(info: ParticipantInfo, known: Person | undefined, graceUntil: number | undefined): RosterChange[] {
    if (known !== undefined) {
      Object.assign(known, factsOf(info), { missingUntil: undefined });
      return reconcileTracks(known, info.producers, graceUntil);
    }
    const { identity, id } = info;
    let key = identity === self || people.has(identity) ? `${identity}#${id}` : identity;
    // Who was replaced goes on under the key of the first presence, whatever that one's id is given to next.
    while (people.has(key)) key += '#';
    const person: Person = { key, identity, ...factsOf(info), tracks: new Map(), missingUntil: undefined };
    people.set(key, person);
    return [{ type: 'joined', person }, ...info.producers.flatMap((producer) => publish(person, producer))];
  }

  /** Who of the roster each of `infos` is: the same presence, else one of the same identity that no other one is. */
  function recognise(infos: readonly ParticipantInfo[]): Map<ParticipantInfo, Person> {
    const known = new Map<ParticipantInfo, Person>();
    const left = new Set(people.values());
    const take = (info: ParticipantInfo, person: Person | undefined) => {
      if (person === undefined) return;
      known.set(info, person);
      left.delete(person);
    };
    for (const info of infos) take(info, byParticipant(info.id));
    for (const info of infos) {
      if (!known.has(info))
        take(
          info,
          [...left].find(({ identity }) => identity === info.identity),
        );
    }
    return known;
  }

  function depart(person: Person, reason: LeaveReason): RosterChange[] {
    people.delete(person.key);
    const removed = [...person.tracks.values()].flatMap((track) => unpublish(person, track));
    return [...removed, { type: 'left', person, reason }];
  }

  return {
    people,
    reset(participants, graceUntil, reason = 'disconnected') {
      const known = recognise(participants);
      const present = new Set(known.values());
      const changes: RosterChange[] = [];
      for (const person of [...people.values()]) {
        if (present.has(person)) continue;
        if (graceUntil === undefined) changes.push(...depart(person, reason));
        else person.missingUntil ??= graceUntil;
      }
      for (const info of participants) changes.push(...arrive(info, known.get(info), graceUntil));
      return changes;
    },
    apply(event, now) {
      switch (event.type) {
        case 'participant-joined': {
          const { participant } = event;
          const known = byParticipant(participant.id) ?? missing(participant.identity);
          // Who is back in time has the rest of it for connecting, and sending again.
          return arrive(participant, known, Math.max(now + REPLACED_GRACE, known?.missingUntil ?? 0));
        }
        case 'participant-replaced': {
          const known = byParticipant(event.participantId);
          const index = known?.index ?? event.participant.index;
          const changes = arrive(event.participant, known, now + REPLACED_GRACE);
          return known === undefined ? changes : [{ type: 'replaced', person: known, index }, ...changes];
        }
        case 'participant-left': {
          const person = byParticipant(event.participantId);
          return person === undefined ? [] : depart(person, event.reason);
        }
        case 'participant-updated': {
          const person = byParticipant(event.participantId);
          if (person === undefined) return [];
          Object.assign(person, updated(person, event));
          return [{ type: 'updated', person }];
        }
        case 'producer-added': {
          const person = byParticipant(event.participantId);
          return person === undefined ? [] : publish(person, event.producer);
        }
        case 'producer-paused':
        case 'producer-resumed':
          return withProducer(byParticipant(event.participantId), event.producerId, (person, track) =>
            setMuted(person, track, event.type === 'producer-paused'),
          );
        case 'producer-removed':
          return withProducer(byParticipant(event.participantId), event.producerId, unpublish);
        case 'consumer-added':
        case 'consumer-removed':
        case 'consumer-layers':
        case 'consumers-withheld':
        case 'consumers-forwarded':
        case 'encodings-wanted':
        case 'data':
        case 'room-updated':
        case 'quality':
        case 'media-reset':
        case 'grants-changed':
        case 'unmute-requested':
        case 'moved':
        case 'draining':
          return [];
      }
    },
    expire(now) {
      const changes: RosterChange[] = [];
      for (const person of [...people.values()]) {
        if (person.missingUntil !== undefined && person.missingUntil <= now) {
          changes.push(...depart(person, 'disconnected'));
          continue;
        }
        for (const track of [...person.tracks.values()]) {
          if (track.missingUntil !== undefined && track.missingUntil <= now) changes.push(...unpublish(person, track));
        }
      }
      return changes;
    },
    nextDeadline() {
      let next: number | undefined;
      for (const person of people.values()) {
        for (const { missingUntil } of [person, ...person.tracks.values()]) {
          if (missingUntil !== undefined && (next === undefined || missingUntil < next)) next = missingUntil;
        }
      }
      return next;
    },
    find(producerId) {
      for (const person of people.values()) {
        for (const track of person.tracks.values()) if (track.producerId === producerId) return { person, track };
      }
      return undefined;
    },
  };
}

type Facts = Pick<Person, 'participantId' | 'index' | 'name' | 'metadata' | 'attributes' | 'joinedAt'>;

function factsOf({ id: participantId, index, name, metadata, attributes, joinedAt }: ParticipantInfo): Facts {
  return { participantId, index, name, metadata, attributes, joinedAt };
}

/** `facts` after a change: attributes that it does not name stay, and those that are null go. */
export function updated(
  facts: Pick<Person, 'name' | 'metadata' | 'attributes'>,
  { name = facts.name, metadata = facts.metadata, attributes = {} }: ProfileDelta,
): Pick<Person, 'name' | 'metadata' | 'attributes'> {
  const merged = new Map<string, string | null>([...Object.entries(facts.attributes), ...Object.entries(attributes)]);
  const kept = [...merged].filter((entry): entry is [string, string] => entry[1] !== null);
  return { name, metadata, attributes: Object.fromEntries(kept) };
}

function reconcileTracks(
  person: Person,
  producers: readonly ProducerInfo[],
  graceUntil: number | undefined,
): RosterChange[] {
  const changes: RosterChange[] = [];
  for (const track of [...person.tracks.values()]) {
    if (producers.some((producer) => producer.source === track.source)) continue;
    if (graceUntil === undefined) changes.push(...unpublish(person, track));
    else track.missingUntil ??= graceUntil;
  }
  return [...changes, ...producers.flatMap((producer) => publish(person, producer))];
}

function publish(person: Person, producer: ProducerInfo): RosterChange[] {
  const { id: producerId, source, kind, paused, layers } = producer;
  const known = person.tracks.get(source);
  if (known !== undefined) {
    Object.assign(known, { producerId, layers, missingUntil: undefined });
    return setMuted(person, known, paused);
  }
  const id = `${person.key}/${source}`;
  const track: Published = { id, source, kind, producerId, muted: paused, layers, missingUntil: undefined };
  person.tracks.set(source, track);
  return [{ type: 'track-added', person, track }];
}

function unpublish(person: Person, track: Published): RosterChange[] {
  person.tracks.delete(track.source);
  return [{ type: 'track-removed', person, track }];
}

function setMuted(person: Person, track: Published, muted: boolean): RosterChange[] {
  if (track.muted === muted) return [];
  track.muted = muted;
  return [{ type: muted ? 'track-muted' : 'track-unmuted', person, track }];
}

function withProducer(
  person: Person | undefined,
  producerId: string,
  act: (person: Person, track: Published) => RosterChange[],
): RosterChange[] {
  if (person === undefined) return [];
  const track = [...person.tracks.values()].find((candidate) => candidate.producerId === producerId);
  return track === undefined ? [] : act(person, track);
}
