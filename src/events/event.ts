/** Events: facts with their numbers, as they are stored and as everyone is shown them. */
import type { Millis } from '../kernel/clock.ts';
import type { RoomFact } from '../rooms/facts.ts';

/** What becomes an event: what rooms announce, and what the log says of itself. */
export type EventFact =
  | RoomFact
  | BytesCounted
  /** So many facts found no room while the log could not be written; they stood where this stands. */
  | { type: 'facts-lost'; at: Millis; count: number };

/**
 * So many bytes were used since the last time that it was said of this room and key. It belongs to no life of a room: the
 * last ones are counted when a room is over.
 */
export type BytesCounted = {
  readonly type: 'bytes-counted';
  readonly at: Millis;
  /** Absent where an application's own clients used the relay. */
  readonly room?: string;
  /** The API key, or the foreign issuer, whose token or credentials they came with. */
  readonly keyId: string;
  /** RTP from participants, and to them. */
  readonly publishedBytes: number;
  readonly forwardedBytes: number;
  /** Data in both directions through TURN. */
  readonly relayedBytes: number;
};

export type EventType = EventFact['type'];

/** Every type of event. */
export const EVENT_TYPES = Object.keys({
  'room-started': true,
  'room-closed': true,
  'room-media-lost': true,
  'room-media-rebuilt': true,
  'participant-joined': true,
  'participant-aborted': true,
  'participant-left': true,
  'participant-updated': true,
  'grants-changed': true,
  'unmute-requested': true,
  'track-published': true,
  'track-unpublished': true,
  'track-muted': true,
  'track-unmuted': true,
  'quality-threshold': true,
  'bytes-counted': true,
  'facts-lost': true,
} satisfies Record<EventType, true>) as readonly EventType[];

/** The reason of what ended because the server that it was on was killed, as its successor notes it. */
export const SERVER_LOST = 'server-lost';

/** An event that is stored. */
export type StoredEvent = {
  /** Its number on this server: 1 and up, each one higher than the one before. */
  readonly seq: number;
  readonly roomSeq: number | undefined;
  readonly type: EventType;
  readonly room: string | undefined;
  readonly fact: EventFact;
  /** The event as JSON, as REST, event streams and webhooks show it. */
  readonly text: string;
};

/** What every event has, and what its type adds. Times are RFC 3339. */
export type EventFields = {
  readonly seq: number;
  /** Its number in this life of its room: from 1, without a gap. */
  readonly roomSeq?: number | undefined;
  readonly type: string;
  readonly at: string;
  readonly room?: string;
  readonly roomId?: string;
  readonly participantId?: string;
  readonly identity?: string;
  readonly keyId?: string;
  readonly producerId?: string;
  readonly source?: string;
  readonly reason?: string;
  readonly publishedBytes?: number;
  readonly forwardedBytes?: number;
  readonly relayedBytes?: number;
};

/** `fact` as an event's JSON. */
export function eventText(fact: EventFact, seq: number, roomSeq: number | undefined): string {
  const { type, at, ...rest } = fact;
  return JSON.stringify({ seq, roomSeq, type, at: new Date(at).toISOString(), ...rest });
}
