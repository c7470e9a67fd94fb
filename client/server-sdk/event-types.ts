/** Events of the log, as docs/events.md explains them. */
import type { Grants, Metadata, Source } from './types.ts';

type Base = {
  /** Its number on this server: each event has a higher one than the one before. */
  seq: number;
  /** RFC 3339. */
  at: string;
};
type InRoom = Base & {
  /** Its number in this life of its room: 1, 2, 3 and on. */
  roomSeq: number;
  room: string;
  /** One life of the room. */
  roomId: string;
};
type OfParticipant = InRoom & { identity: string; participantId: string };
/** Whose doing it was; `admin`: the identity of that administrator. */
type Doing = { by: 'self' | 'application' | 'admin'; admin?: string };
type ReadonlyGrants = Omit<Grants, 'publish'> & { publish: readonly Source[] };
type Level = 'lost' | 'poor' | 'good' | 'excellent';

export type LeaveReason =
  | 'left'
  | 'disconnected'
  | 'kicked'
  | 'replaced'
  | 'room-closed'
  | 'too-slow'
  | 'media-unavailable'
  | 'draining'
  | 'flooding'
  | 'moved';
/** `server-lost`: the server was killed, and its successor noted it. */
type OrLost<Reason> = Reason | 'server-lost';

/** An event. Later servers may send types that are not listed here: let a `switch` pass over them. */
export type SluiceEvent =
  | (InRoom & { type: 'room-started' })
  | (InRoom & {
      type: 'room-closed';
      reason: OrLost<'closed' | 'empty' | 'departed' | 'media-unavailable' | 'draining'>;
    })
  | (InRoom & { type: 'room-media-lost' })
  | (InRoom & { type: 'room-media-rebuilt'; milliseconds: number })
  | (OfParticipant & {
      type: 'participant-joined';
      name: string;
      hidden: boolean;
      /** The API key, or the foreign issuer, that signed its token. */
      keyId: string;
      /** The room from which it was moved. */
      from?: string;
    })
  | (OfParticipant & { type: 'participant-aborted'; reason: OrLost<LeaveReason> })
  | (OfParticipant & {
      type: 'participant-left';
      reason: OrLost<LeaveReason>;
      text?: string;
      to?: string;
    } & Partial<Doing>)
  | (OfParticipant & {
      type: 'participant-updated';
      changes: { name?: string; metadata?: Metadata; attributes?: Record<string, string | null> };
    } & Doing)
  | (OfParticipant & { type: 'grants-changed'; grants: ReadonlyGrants } & Doing)
  | (OfParticipant & { type: 'unmute-requested'; source: Source } & Doing)
  | (OfParticipant & { type: 'track-published'; producerId: string; kind: 'audio' | 'video'; source: Source })
  | (OfParticipant & { type: 'track-unpublished'; producerId: string; source: Source } & Partial<Doing>)
  | (OfParticipant & { type: 'track-muted' | 'track-unmuted'; producerId: string; source: Source } & Doing)
  | (OfParticipant & {
      type: 'quality-threshold';
      state: 'raised' | 'ended';
      direction: 'up' | 'down';
      threshold: Level;
      level: Level;
      cause: string | null;
      /** In ms since 1970. */
      since: number;
    })
  | (Base & {
      /** So many bytes were used since the last time that it was said of this room and key. */
      type: 'bytes-counted';
      /** Absent where an application's own clients used the relay. */
      room?: string;
      keyId: string;
      publishedBytes: number;
      forwardedBytes: number;
      relayedBytes: number;
    })
  | (Base & { type: 'facts-lost'; count: number });

export type EventPage = {
  events: SluiceEvent[];
  /** Pass it as `after` for what comes next, now or later. */
  next: number;
  /** The number of the last event of the log: at `next`, nothing is left to read. */
  last: number;
};

export type DeadLetter = {
  seq: number;
  attempts: number;
  /** What went wrong last. */
  reason: string;
  /** RFC 3339. */
  diedAt: string;
  event: SluiceEvent;
};
