import type { CallOptions, Http } from './http.ts';
import { segment } from './http.ts';
import { pages } from './pages.ts';
import type { NewRoom, Room, RoomSettings, Source, Tagged } from './types.ts';

/** `ifMatch`: the `etag` of what was read; where it has changed since, the call fails with `precondition-failed`. */
export type ConditionalOptions = CallOptions & { readonly ifMatch?: string | undefined };

/** Rooms: open, find, change, close. */
export type Rooms = {
  /** Fails with `room-exists`, `limit-reached`, `draining`. */
  create(room: NewRoom, options?: CallOptions): Promise<Tagged<Room>>;
  /** One page of the open rooms, by name. `next` is the `after` of the following one, and absent on the last. */
  page(options?: CallOptions & { limit?: number; after?: string }): Promise<{ rooms: Room[]; next?: string }>;
  /** All open rooms, by name, a page at a time. */
  list(options?: CallOptions): AsyncGenerator<Room, void>;
  /** Fails with `room-not-found`. */
  get(room: string, options?: CallOptions): Promise<Tagged<Room>>;
  /** Changes the settings that are named; who is in the room is told. */
  update(room: string, change: Partial<RoomSettings>, options?: ConditionalOptions): Promise<Tagged<Room>>;
  /** Closes the room and puts everyone out. */
  close(room: string, options?: ConditionalOptions): Promise<void>;
  /** Mutes these sources of everybody, or all, until their owners unmute. Resolves with how many tracks that is. */
  mute(room: string, sources?: readonly Source[], options?: CallOptions): Promise<number>;
};

export function createRooms({ request }: Pick<Http, 'request'>): Rooms {
  const rooms: Rooms = {
    create: (room, { signal } = {}) => request<Room>('POST', '/v1/rooms', { body: room, signal }).then(tagged),
    async page({ limit, after, signal } = {}) {
      const { value } = await request<{ rooms: Room[]; next?: string }>('GET', '/v1/rooms', {
        query: { limit, after },
        signal,
      });
      return value;
    },
    list: (options = {}) =>
      pages(
        (after?: string) => rooms.page({ ...options, limit: 1000, ...(after === undefined ? {} : { after }) }),
        ({ rooms: items, next }) => ({ items, next }),
      ),
    get: (room, { signal } = {}) => request<Room>('GET', at(room), { signal }).then(tagged),
    update: (room, change, { ifMatch, signal } = {}) =>
      request<Room>('PATCH', at(room), { body: change, headers: { 'if-match': ifMatch }, signal }).then(tagged),
    async close(room, { ifMatch, signal } = {}) {
      await request('DELETE', at(room), { headers: { 'if-match': ifMatch }, signal });
    },
    async mute(room, sources, { signal } = {}) {
      const body = sources === undefined ? {} : { sources };
      const { value } = await request<{ muted: number }>('POST', `${at(room)}/mute`, { body, signal });
      return value.muted;
    },
  };
  return rooms;
}

/** The resource of an answer with its entity tag. */
export function tagged<Resource>({ value, etag }: { value: Resource; etag: string | undefined }): Tagged<Resource> {
  return { ...value, etag: etag ?? '' };
}

function at(room: string): string {
  return `/v1/rooms/${segment(room)}`;
}
