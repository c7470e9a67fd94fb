/** What the REST API takes and gives. docs/api.md says more of each field; a test holds these types against the schemas. */
import type { Violation } from './errors.ts';

/** What a track shows or carries. */
export type Source = 'microphone' | 'camera' | 'screen' | 'screen-audio';
export type Metadata = Record<string, unknown>;

/** What a participant may do. */
export type Grants = {
  /** Sources that it may publish. */
  publish: Source[];
  /** Receive the others' tracks. */
  subscribe: boolean;
  /** Send data messages, the chat among them. */
  data: boolean;
  /** Be there unseen; publishes and writes nothing. */
  hidden: boolean;
  /** Control other participants. */
  admin: boolean;
  /** Change its own name, metadata and attributes. */
  profile: boolean;
};

export type RoomSettings = {
  /** How many may be in the room at once. */
  maxParticipants: number;
  /** How many of them may publish at once; null: all. */
  maxPublishers: number | null;
  /** Tracks that each may publish at once, 1 to 4. */
  maxTracks: number;
  /** Cameras that each is sent at most, those that matter most to it; null: all of them. */
  lastN: number | null;
  /** Microphones that are forwarded at most, of those who spoke last; null: all of them. */
  maxAudible: number | null;
  /** What becomes of somebody who joins as an identity that is in the room already. */
  duplicateIdentity: 'replace' | 'reject' | 'allow';
  /** Rooms to which administrators in this one may move participants. */
  moveTo: string[];
  /** Seconds that the room waits for its first participant. */
  emptyTimeout: number;
  /** Seconds that the room outlives its last participant. */
  departureTimeout: number;
  metadata: Metadata;
};

export type NewRoom = { name: string } & Partial<RoomSettings>;

export type Room = {
  /** One life of the room: another one of the same name has another id. */
  id: string;
  name: string;
  /** RFC 3339. */
  createdAt: string;
  /** How many are in it. */
  participants: number;
} & RoomSettings;

/** Something as it was read. `etag`: pass it as `ifMatch`, and a change is made only if nobody else made one since. */
export type Tagged<Resource> = Resource & { etag: string };

export type TokenRequest = {
  /** Who this is, in the application's own terms: 1 to 128 characters. */
  identity: string;
  /** For people to read; the identity, where it is left out. */
  name?: string;
  metadata?: Metadata;
  attributes?: Record<string, string>;
  /** What is left out is granted, but for `hidden`, `admin` and `profile`. */
  grants?: Partial<Grants>;
  /** Seconds that the token is good for. Default 1 hour, or as the server is configured where it makes the token. */
  ttl?: number;
};

export type Token = {
  /** The join token: what `join()` of the browser SDK takes. */
  token: string;
  /** The meeting page with the token in its fragment. */
  joinUrl: string;
  /** RFC 3339. */
  expiresAt: string;
};

export type Producer = {
  id: string;
  kind: 'audio' | 'video';
  source: Source;
  /** Muted. */
  paused: boolean;
  layers: { spatial: number; temporal: number };
};

export type Participant = {
  /** One presence of the identity. */
  id: string;
  identity: string;
  name: string;
  metadata: Metadata;
  attributes: Record<string, string>;
  /** RFC 3339. */
  joinedAt: string;
  /** False while its signaling is lost and it may still come back. */
  connected: boolean;
  hidden: boolean;
  grants: Grants;
  producers: Producer[];
};

/** What is named changes, at once. Attributes are set one by one; null takes one away. */
export type ParticipantChange = {
  name?: string;
  metadata?: Metadata;
  attributes?: Record<string, string | null>;
  grants?: Partial<Grants>;
};

/** The JSON of draft-uberti-behave-turn-rest; `ttl` in seconds. */
export type TurnCredentials = { username: string; password: string; ttl: number; uris: string[] };

export type UsageRow = {
  /** UTC, `2026-11-23`. */
  day: string;
  /** Absent where an application's own clients used the relay. */
  room?: string;
  /** The API key, or the foreign issuer, that signed the tokens. */
  key: string;
  /** Participants that joined on this day. */
  joins: number;
  /** Seconds that participants were in the room, on this day. */
  participantSeconds: number;
  /** RTP that participants sent, and were sent. */
  publishedBytes: number;
  forwardedBytes: number;
  /** Data that TURN relayed, both ways. */
  relayedBytes: number;
};

export type WebhookEndpoint = {
  name: string;
  url: string;
  /** `disabled`: it has answered 410. */
  state: 'ok' | 'failing' | 'disabled';
  failingSince?: string;
  lastError?: string;
  /** Events of the log that it has not got to yet. */
  behind: number;
  /** Rooms whose next event is to be tried again. */
  rooms: number;
  deadLetters: number;
};

export type Health = {
  status: string;
  version: string;
  /** Seconds since the start. */
  uptime: number;
};

export type Readiness = {
  ready: boolean;
  checks: Record<string, { ok: boolean; reason?: string; state?: string }>;
};

export type { Violation };
