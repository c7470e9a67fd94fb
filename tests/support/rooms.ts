import type { Millis } from '../../src/kernel/clock.ts';
import type { ErrorCode } from '../../src/kernel/errors.ts';
import type { JoinedRoom, ParticipantLink, RoomEvent } from '../../src/rooms/events.ts';
import type { RoomFact } from '../../src/rooms/facts.ts';
import { DEFAULT_GRANTS, type Grants } from '../../src/rooms/grants.ts';
import { type Identity, parseIdentity, parseRoomName, type RoomName } from '../../src/rooms/ids.ts';
import type { DataSettings } from '../../src/rooms/messaging.ts';
import type { Participant } from '../../src/rooms/participant.ts';
import type { SubscribeMode } from '../../src/rooms/participant-room.ts';
import type { RoomSettings } from '../../src/rooms/room-context.ts';
import { Rooms, type RoomsOptions } from '../../src/rooms/rooms.ts';
import { CAPABILITIES, createMemoryMediaEngine, type MemoryMediaEngine } from './memory-media-engine.ts';

export function roomName(text: string): RoomName {
  return parseRoomName(text) ?? raise(`${text} is not a room name`);
}

export function identity(text: string): Identity {
  return parseIdentity(text) ?? raise(`${text} is not an identity`);
}

/** What a room of the tests has that says nothing else. */
export const ROOM_SETTINGS: RoomSettings = {
  maxParticipants: 100,
  maxPublishers: null,
  maxTracks: 4,
  lastN: null,
  maxAudible: null,
  duplicateIdentity: 'replace',
  moveTo: [],
  emptyTimeout: 300_000,
  departureTimeout: 20_000,
  metadata: {},
};

/** Rooms on a memory engine and a clock that a test moves. */
export type RoomsWorld = {
  readonly rooms: Rooms;
  readonly engine: MemoryMediaEngine;
  readonly facts: RoomFact[];
  /** Tokens that are refused from now on. */
  readonly revoked: string[];
  /** Moves the clock, and does what is due. */
  readonly pass: (milliseconds: number) => void;
  readonly join: (room: string, who: string, options?: JoinOptions) => Promise<Guest>;
};
/** What participants may send each other, unless a test says otherwise. */
export const DATA: DataSettings = {
  maxSize: 1000,
  messages: { rate: 10, burst: 100 },
  bytes: { rate: 10_000, burst: 100_000 },
};

export type JoinOptions = {
  grants?: Partial<Grants>;
  subscribe?: SubscribeMode;
  capabilities?: boolean;
  tokenId?: string;
  movable?: boolean;
};

/** Somebody in a room, with all that was sent to them. */
export type Guest = {
  readonly participant: Participant;
  readonly joined: JoinedRoom;
  readonly events: RoomEvent[];
  /** Why they were put out. */
  readonly ended: (ErrorCode | 'left')[];
  /** The words with which they were put out. */
  readonly reasons: string[];
  /** As whom they went on in other rooms. */
  readonly moves: Participant[];
};

export function createRoomsWorld(options: Partial<RoomsOptions> = {}): RoomsWorld {
  const engine = createMemoryMediaEngine();
  const facts: RoomFact[] = [];
  let now = 1_000_000 as Millis;
  const revoked: string[] = [];
  let lastId = 0;
  const rooms = new Rooms({
    engine,
    now: () => now,
    newId: () => `id-${(lastId += 1)}`,
    iceServers: () => [],
    onFact: (fact) => facts.push(fact),
    defaults: ROOM_SETTINGS,
    createOnJoin: true,
    maxRooms: 1000,
    data: DATA,
    resumeWithin: 20_000,
    profileLimit: 256,
    onKicked: (_room, _identity, { tokenIds }) => revoked.push(...tokenIds),
    tokenFor: async (room, { identity: who }) => ({ token: `${who} to ${room}`, tokenId: `token-${who}-${room}` }),
    ...options,
  });
  return {
    rooms,
    engine,
    facts,
    revoked,
    pass(milliseconds) {
      now = (now + milliseconds) as Millis;
      rooms.advance();
    },
    async join(
      room,
      who,
      { grants = {}, subscribe = 'auto', capabilities = true, tokenId = `token-${who}`, movable = true } = {},
    ) {
      const { link, events, ended, reasons, moves } = createRecorder(movable);
      const { participant, joined } = await rooms.join(
        {
          room: roomName(room),
          identity: identity(who),
          name: who,
          metadata: {},
          attributes: {},
          grants: { ...DEFAULT_GRANTS, ...grants },
          tokenId,
          keyId: 'key',
          subscribe,
          rtpCapabilities: capabilities ? CAPABILITIES : undefined,
        },
        link,
      );
      return { participant, joined, events, ended, reasons, moves };
    },
  };
}

/** A link that remembers what it was given. */
export function createRecorder(
  movable = true,
): { link: ParticipantLink } & Pick<Guest, 'events' | 'ended' | 'reasons' | 'moves'> {
  const events: RoomEvent[] = [];
  const ended: (ErrorCode | 'left')[] = [];
  const reasons: string[] = [];
  const moves: Participant[] = [];
  const link: ParticipantLink = {
    send: (event) => events.push(event),
    sendLossy: (event) => events.push(event),
    end(code, reason) {
      ended.push(code);
      if (reason !== undefined) reasons.push(reason);
    },
    ...(movable && {
      moved(participant: Participant, event: RoomEvent) {
        moves.push(participant);
        events.push(event);
      },
    }),
  };
  return { link, events, ended, reasons, moves };
}

/** Lets everything that was started by promises run to its end. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function raise(message: string): never {
  throw new TypeError(message);
}
