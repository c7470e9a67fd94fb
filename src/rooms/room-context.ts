import type { Clock, Millis } from '../kernel/clock.ts';
import type { IceServer, Metadata } from './events.ts';
import type { RoomFact } from './facts.ts';
import type { Identity, ParticipantId, RoomName } from './ids.ts';
import type { MediaEngine, UsedBytes } from './media-engine.ts';
import type { MediaObserver } from './media-view.ts';
import type { DataSettings } from './messaging.ts';
import type { Actor } from './facts.ts';
import type { Participant } from './participant.ts';
import type { Profile } from './profile.ts';
import type { Room } from './room.ts';
import type { Pump } from './steering.ts';

/**
 * What becomes of somebody who joins under an identity that is in the room already. `replace`: the older presence
 * makes room for it. `reject`: it is refused, unless the older one has lost its connection. `allow`: both are there.
 */
export const DUPLICATE_IDENTITY = ['replace', 'reject', 'allow'] as const;
export type DuplicateIdentity = (typeof DUPLICATE_IDENTITY)[number];

/** What an application decides for a room. Times in milliseconds. */
export type RoomSettings = {
  /** 1 or more. */
  readonly maxParticipants: number;
  /** Participants that may publish at once; null: all of them. */
  readonly maxPublishers: number | null;
  /** Tracks that one participant may publish at once; 1 or more. */
  readonly maxTracks: number;
  /** Cameras that each is sent at most, the most relevant ones; 1 or more; null: all of them. */
  readonly lastN: number | null;
  /** Microphones that are forwarded at most, of those who spoke last; 1 or more; null: all of them. */
  readonly maxAudible: number | null;
  readonly duplicateIdentity: DuplicateIdentity;
  /** Where its administrators may move participants; the application may move them anywhere. */
  readonly moveTo: readonly RoomName[];
  /** How long a room waits for its first participant. */
  readonly emptyTimeout: number;
  /** How long it outlives its last one. */
  readonly departureTimeout: number;
  readonly metadata: Metadata;
};

/** What is void when presences of an identity are put out. */
export type Kicked = {
  readonly tokenIds: readonly string[];
  /** Those who have ICE servers of their own. */
  readonly presences: readonly ParticipantId[];
  /** Whether nobody stays who has those of the identity. */
  readonly all: boolean;
};

/** Something that has a time of its own. */
export type Due = { due(): void };

/** What a room needs of the world; the same for all rooms. */
export type RoomContext = {
  readonly engine: MediaEngine;
  readonly now: Clock;
  /** An unguessable id, different each time. */
  readonly newId: () => string;
  /**
   * The ICE servers of somebody in the room of this name, with credentials as of now: its identity's, or those of one
   * `presence` of it.
   */
  readonly iceServers: (room: RoomName, profile: Profile, presence: ParticipantId | undefined) => IceServer[];
  readonly data: DataSettings;
  readonly onFact: (fact: RoomFact) => void;
  /** Bytes of a participant's metadata, and of its attributes, as JSON. */
  readonly profileLimit: number;
  /** Somebody is put out: what its tokens were good for is over. */
  readonly onKicked: (room: RoomName, identity: Identity, kicked: Kicked) => void;
  /** Lets a participant of `from` go on in another room. */
  readonly move: (from: Room, participant: Participant, to: RoomName, actor: Actor) => Promise<Participant>;
  /** Who is told what the server sees of everyone's media; nobody where there is none. */
  readonly observer?: MediaObserver | undefined;
  /** Media was sent and received by somebody in the room of this name, with a token of this key. */
  readonly onUsed?: ((room: RoomName, keyId: string, bytes: UsedBytes) => void) | undefined;
  /** Through which workers are told of consumers. */
  readonly pump: Pump;
  /** Calls `due` at that time, in place of any before; undefined: not at all. */
  readonly wake: (whom: Due, at: Millis | undefined) => void;
  /** The room has something for the next tick. */
  readonly onTickDue: (room: Room) => void;
  /** The room's occupancy has changed, and with it the time at which it closes by itself. */
  readonly onOccupancy: (room: Room) => void;
  readonly onClosed: (room: Room) => void;
};
