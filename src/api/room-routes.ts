import { json, noContent } from '../http/message.ts';
import type { HttpResponse } from '../http/message.ts';
import { SluiceError } from '../kernel/errors.ts';
import { jsonSize } from '../kernel/json-size.ts';
import type { Metadata } from '../rooms/events.ts';
import { parseRoomName, type RoomName } from '../rooms/ids.ts';
import type { Room } from '../rooms/room.ts';
import type { RoomSettings } from '../rooms/room-context.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { type Route, route } from './route.ts';
import {
  CreateRoomBody,
  ListQuery,
  MuteBody,
  MutedResource,
  RoomList,
  RoomResource,
  UpdateRoomBody,
} from './schemas.ts';

const PAGE = 100;

/** What the application may ask for at most. */
export type RoomLimits = {
  readonly maxParticipants: number;
  /** Bytes of metadata as JSON. */
  readonly metadata: number;
};

/** Rooms: create, list, read, change, close. */
export function roomRoutes(rooms: Rooms, limits: RoomLimits): Route[] {
  const describe = createDescriptions();
  return [
    route({
      method: 'POST',
      path: '/v1/rooms',
      operationId: 'createRoom',
      summary: 'Open a room.',
      scope: 'api-key',
      body: CreateRoomBody,
      success: { status: 201, schema: RoomResource },
      errors: ['room-exists', 'limit-reached', 'draining'],
      handle({ body: { name, ...wanted } }) {
        const room = rooms.create(name as RoomName, settingsOf(wanted, limits));
        return json(resource(room), 201, { etag: etag(room), location: `/v1/rooms/${room.name}` });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/rooms',
      operationId: 'listRooms',
      summary: 'List the open rooms by name.',
      scope: 'api-key',
      query: ListQuery,
      success: { status: 200, schema: RoomList },
      errors: [],
      handle: ({ query: { limit = PAGE, after } }) => json(page(rooms.list(), limit, after)),
    }),
    route({
      method: 'GET',
      path: '/v1/rooms/:room',
      operationId: 'readRoom',
      summary: 'Read a room.',
      scope: 'api-key',
      success: { status: 200, schema: RoomResource },
      errors: ['room-not-found'],
      handle: ({ params }) => describe(find(rooms, params)),
    }),
    route({
      method: 'PATCH',
      path: '/v1/rooms/:room',
      operationId: 'updateRoom',
      summary: 'Change the settings of a room; who is in it learns of it. With If-Match only if it has not changed.',
      scope: 'api-key',
      body: UpdateRoomBody,
      success: { status: 200, schema: RoomResource },
      errors: ['room-not-found', 'precondition-failed'],
      handle({ params, body, ifMatch }) {
        const room = find(rooms, params);
        mustMatch(room, ifMatch);
        room.update(settingsOf(body, limits));
        return describe(room);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/rooms/:room/mute',
      operationId: 'muteRoom',
      summary: 'Mute everybody, or these sources of everybody, until their owners unmute them.',
      scope: 'api-key',
      body: MuteBody,
      success: { status: 200, schema: MutedResource },
      errors: ['room-not-found', 'media-unavailable'],
      handle: async ({ params, body: { sources } }) =>
        json({ muted: await find(rooms, params).control.muteAll(sources) }),
    }),
    route({
      method: 'DELETE',
      path: '/v1/rooms/:room',
      operationId: 'closeRoom',
      summary: 'Close a room and put everyone out.',
      scope: 'api-key',
      success: { status: 204 },
      errors: ['room-not-found', 'precondition-failed'],
      handle({ params, ifMatch }) {
        const room = find(rooms, params);
        mustMatch(room, ifMatch);
        room.close('closed');
        return noContent();
      },
    }),
  ];
}

/** The room that the path names, or `room-not-found`. */
export function find(rooms: Rooms, params: Readonly<Record<string, string>>): Room {
  const name = parseRoomName(params['room'] ?? '');
  if (name === undefined) throw new SluiceError('room-not-found');
  return rooms.get(name);
}

/** Throws `invalid-request` where `metadata` is larger than `limit` bytes. */
export function checkMetadata(metadata: Metadata | undefined, limit: number): void {
  if (metadata === undefined) return;
  const size = jsonSize(metadata);
  if (size > limit) {
    throw new SluiceError('invalid-request', {
      errors: [{ path: '/metadata', message: `is ${size} bytes; at most ${limit} are allowed` }],
    });
  }
}

type WantedSettings = Partial<Omit<RoomSettings, 'metadata' | 'moveTo'>> & { metadata?: Metadata; moveTo?: string[] };

function settingsOf(wanted: WantedSettings, limits: RoomLimits): Partial<RoomSettings> {
  const { emptyTimeout, departureTimeout, moveTo, ...rest } = wanted;
  const { maxParticipants, metadata } = rest;
  checkMetadata(metadata, limits.metadata);
  if (maxParticipants !== undefined && maxParticipants > limits.maxParticipants) {
    throw new SluiceError('invalid-request', {
      errors: [{ path: '/maxParticipants', message: `may be ${limits.maxParticipants} at most on this server` }],
    });
  }
  return {
    ...rest,
    // Its schema has held it against the pattern.
    ...(moveTo === undefined ? {} : { moveTo: moveTo as RoomName[] }),
    ...(emptyTimeout === undefined ? {} : { emptyTimeout: emptyTimeout * 1000 }),
    ...(departureTimeout === undefined ? {} : { departureTimeout: departureTimeout * 1000 }),
  };
}

/** Of a room or a participant. */
export function etag({ id, version }: Versioned): string {
  return `"${id}.${version}"`;
}
type Versioned = { readonly id: string; readonly version: number };

/** RFC 9110 §13.1.1: `*`, or a list of entity tags compared strongly. Throws `precondition-failed`. */
export function mustMatch(versioned: Versioned, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  if (!ifMatch.split(',').some((tag) => tag.trim() === etag(versioned))) throw new SluiceError('precondition-failed');
}

function resource(room: Room) {
  const { emptyTimeout, departureTimeout, ...settings } = room.settings;
  return {
    id: room.id,
    name: room.name,
    createdAt: new Date(room.createdAt).toISOString(),
    participants: room.occupancy,
    ...settings,
    emptyTimeout: emptyTimeout / 1000,
    departureTimeout: departureTimeout / 1000,
  };
}

type Description = { readonly version: number; readonly participants: number; readonly answer: HttpResponse };

/** Describes rooms. An answer is given out again while it holds: it is looked at far more often than it changes. */
function createDescriptions(): (room: Room) => HttpResponse {
  const known = new WeakMap<Room, Description>();
  return (room) => {
    const { version, occupancy: participants } = room;
    const last = known.get(room);
    if (last?.version === version && last.participants === participants) return last.answer;
    const answer = json(resource(room), 200, { etag: etag(room) });
    // What is frozen is checked and put together once.
    Object.freeze(answer.headers);
    known.set(room, { version, participants, answer });
    return answer;
  };
}

/** Rooms behind `after`, in the order of their names: a page stays right while rooms come and go. */
function page(rooms: Room[], limit: number, after: string | undefined) {
  const rest = rooms
    .filter(({ name }) => after === undefined || name > after)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const listed = rest.slice(0, limit);
  const last = listed.at(-1);
  return {
    rooms: listed.map(resource),
    ...(rest.length > listed.length && last !== undefined ? { next: last.name } : {}),
  };
}
