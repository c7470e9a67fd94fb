import type { CallOptions, Http } from './http.ts';
import { segment } from './http.ts';
import { type ConditionalOptions, tagged } from './rooms.ts';
import type { Participant, ParticipantChange, Source, Tagged } from './types.ts';

/** `presence`: the id of one presence, where the room lets an identity have several; without it, all are meant. */
export type PresenceOptions = CallOptions & { readonly presence?: string | undefined };

/** Who is in a room. Everything fails with `room-not-found` and `participant-not-found`. */
export type Participants = {
  /** Hidden ones included. */
  list(room: string, options?: CallOptions): Promise<Participant[]>;
  get(room: string, identity: string, options?: PresenceOptions): Promise<Tagged<Participant>>;
  /** Changes name, metadata, attributes and grants, at once: what is not granted any more ends. */
  update(
    room: string,
    identity: string,
    change: ParticipantChange,
    options?: PresenceOptions & ConditionalOptions,
  ): Promise<Tagged<Participant>>;
  /** Puts it out, and refuses its token from then on. `reason` is for that person to read. */
  kick(
    room: string,
    identity: string,
    options?: PresenceOptions & ConditionalOptions & { readonly reason?: string },
  ): Promise<void>;
  /** Mutes these sources, or all, until it unmutes them itself. Resolves with how many tracks that is. */
  mute(room: string, identity: string, sources?: readonly Source[], options?: PresenceOptions): Promise<number>;
  /** Asks it to unmute, or to switch on. It does so itself, or does not. */
  askToUnmute(room: string, identity: string, source: Source, options?: PresenceOptions): Promise<void>;
  /** Moves it to another room, where it goes on without joining anew. Resolves with what it is there. */
  move(room: string, identity: string, to: string, options?: PresenceOptions): Promise<Tagged<Participant>>;
};

export function createParticipants({ request }: Pick<Http, 'request'>): Participants {
  return {
    async list(room, { signal } = {}) {
      const path = `/v1/rooms/${segment(room)}/participants`;
      return (await request<{ participants: Participant[] }>('GET', path, { signal })).value.participants;
    },
    get: (room, identity, { presence, signal } = {}) =>
      request<Participant>('GET', at(room, identity), { query: { participant: presence }, signal }).then(tagged),
    update: (room, identity, change, { presence, ifMatch, signal } = {}) =>
      request<Participant>('PATCH', at(room, identity), {
        query: { participant: presence },
        body: change,
        headers: { 'if-match': ifMatch },
        signal,
      }).then(tagged),
    async kick(room, identity, { presence, reason, ifMatch, signal } = {}) {
      const query = { participant: presence, reason };
      await request('DELETE', at(room, identity), { query, headers: { 'if-match': ifMatch }, signal });
    },
    async mute(room, identity, sources, { presence, signal } = {}) {
      const { value } = await request<{ muted: number }>('POST', `${at(room, identity)}/mute`, {
        query: { participant: presence },
        body: sources === undefined ? {} : { sources },
        signal,
      });
      return value.muted;
    },
    async askToUnmute(room, identity, source, { presence, signal } = {}) {
      const path = `${at(room, identity)}/unmute-request`;
      await request('POST', path, { query: { participant: presence }, body: { source }, signal });
    },
    move: (room, identity, to, { presence, signal } = {}) =>
      request<Participant>('POST', `${at(room, identity)}/move`, {
        query: { participant: presence },
        body: { room: to },
        signal,
      }).then(tagged),
  };
}

function at(room: string, identity: string): string {
  return `/v1/rooms/${segment(room)}/participants/${segment(identity)}`;
}
