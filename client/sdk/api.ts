/**
 * What an application sees of the browser SDK. Six lines get a call on a page:
 *
 * ```js
 * import { join } from '/sdk/sluice.js';
 * const room = await join(location.origin, token);
 * room.on('trackAdded', (track) => document.body.append(track.attach()));
 * await room.self.setCamera(true);
 * await room.self.setMicrophone(true);
 * ```
 *
 * Everything that comes back asynchronously and fails, fails with a `SluiceClientError`: a code to branch on and a
 * sentence to show. A lost connection is mended without the application: objects that it holds (`RemoteParticipant`,
 * `RemoteTrack`, elements that it attached) stay the same ones and go on.
 */
import type { Grants, MediaKind, Source } from '../../src/rooms/grants.ts';
import type { LeaveReason } from '../../src/rooms/events.ts';
import type { QualityLevel } from '../../src/rooms/media-view.ts';
import type { E2eeOptions, EncryptionState } from './api/encryption.ts';
import type { CallHandler, CallOptions, ChatMessage, DataMessage, Payload, SendDataOptions } from './api/messages.ts';
import type { LocalParticipant, Metadata, Participant, ProfileChange, RemoteParticipant } from './api/participants.ts';
import type { LocalTrack, RemoteTrack } from './api/tracks.ts';
import type { CloseReason, SluiceClientError } from './errors.ts';

export type { CloseReason, Grants, LeaveReason, MediaKind, QualityLevel, Source };
export type * from './api/devices.ts';
export type * from './api/encryption.ts';
export type * from './api/messages.ts';
export type * from './api/participants.ts';
export type * from './api/tracks.ts';

export type JoinOptions = {
  /** `auto` (default): receive every track of the room. `manual`: receive what `RemoteTrack.subscribe()` asks for. */
  subscribe?: 'auto' | 'manual';
  /** Ends the attempt, and no room comes of it: `join` rejects with `aborted`. */
  signal?: AbortSignal;
  /** Milliseconds after which `join` gives up with `timeout`. Default 15,000. */
  timeout?: number;
  /** `relay` sends media through TURN only. Default `all`. */
  iceTransportPolicy?: RTCIceTransportPolicy;
  /**
   * Milliseconds of trying to come back after the connection was lost, before the room closes with
   * `connection-lost`. Default 60,000.
   */
  giveUpAfter?: number;
  /**
   * `true` (default): what elements show of a track, and how large, is watched and told to the server, which forwards no
   * more than that; a picture that nobody sees is not sent at all, and one that nobody sees anywhere is not even
   * encoded. `false`: everything is forwarded in full, unless `setLayers` and `pause` say otherwise.
   */
  adaptiveStream?: boolean;
  /** How the quality of this client's media is told to the server. By default it is, every 2 s. */
  qoe?: QoeOptions;
  /** Encrypts media, messages and chat end to end: the server forwards what it cannot hear, see or read. Off by default. */
  e2ee?: E2eeOptions;
};

/**
 * Quality of experience: what `getStats()` says of each track and of the connection goes to the server of the room, where
 * it becomes scores. docs/qoe.md has every field; none says what is heard or seen.
 */
export type QoeOptions = {
  /** `false`: nothing is measured and nothing is sent. Default `true`. */
  enabled?: boolean;
  /**
   * Milliseconds between two samples, 1,000 to 30,000; default 2,000. Browsers let the timers of a hidden page come
   * later, and its samples come as seldom.
   */
  interval?: number;
};

/**
 * `connected`: signaling works. `reconnecting`: it was lost and is being mended; media may well go on meanwhile.
 * `closed`: over, for the reason that the `closed` event carried; a closed room stays closed.
 */
export type RoomState = 'connected' | 'reconnecting' | 'closed';

/** How media does, both directions taken together. `disconnected` and `failed` are being mended by an ICE restart. */
export type MediaState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed';

/** Every event of a room; each listener is called with the one value named here. */
export type RoomEvents = {
  stateChanged: RoomState;
  mediaStateChanged: MediaState;
  participantJoined: RemoteParticipant;
  /** Name, metadata or attributes of somebody have changed, oneself included. */
  participantUpdated: Participant;
  participantLeft: { participant: RemoteParticipant; reason: LeaveReason };
  /** Somebody publishes a track. `attach()` works at once; the picture comes when the media does. */
  trackAdded: RemoteTrack;
  trackRemoved: RemoteTrack;
  /** Muted at its source, by its owner or by an administrator. */
  trackMuted: RemoteTrack;
  trackUnmuted: RemoteTrack;
  /** `mediaStreamTrack` is another one than before, or now there is one. Attached elements have switched already. */
  trackMediaChanged: RemoteTrack;
  /** `layers` (what the server forwards at present) has changed. */
  trackLayersChanged: RemoteTrack;
  /** `withheld` has changed: the room forwards so many cameras at once, and which ones is another set now. */
  trackWithheldChanged: RemoteTrack;
  /** How the end-to-end encryption of a track does, first told with its first frame. One's own may have `no-key`. */
  encryptionChanged: { track: RemoteTrack | LocalTrack; state: EncryptionState };
  /** One's own tracks have changed: published, unpublished, muted, unmuted, or on another device. */
  localTracksChanged: LocalParticipant;
  /** A track of one's own ended by itself: its device was unplugged, or the browser's bar stopped the screen share. */
  localTrackEnded: LocalTrack;
  /** A track of one's own was muted by somebody else. It can be unmuted. */
  mutedByOther: { track: LocalTrack; by: Doer };
  /** Somebody asks one to unmute this source, or to switch it on. To follow is up to the person. */
  unmuteRequested: { source: Source; by: Doer };
  /** What one may do has changed: see `self.grants`. Tracks that are not granted any more have ended. */
  grantsChanged: LocalParticipant;
  /**
   * One was moved to another room, and this object is that room now: `participants` are the people there, and one's own
   * tracks are published there. `token` is good for that room, if the page is to be opened there again.
   */
  moved: { from: string; room: string; token: string };
  /** One was put out. `closed` follows. */
  kicked: { reason: string | undefined };
  /** Who is speaking; undefined when nobody is. */
  activeSpeakerChanged: Participant | undefined;
  /** Whose `level` has changed, up to 20 times a second. */
  levels: readonly Participant[];
  /** A message of another participant, the chat's excepted. */
  data: DataMessage;
  /** Somebody's `quality` has changed, or the reasons for one's own. */
  qualityChanged: { participant: Participant; level: QualityLevel };
  /** A message was said in the room, one's own included. */
  chat: ChatMessage;
  /** The room's metadata or limits have changed. */
  roomUpdated: Room;
  /** The server goes away within `seconds`. The SDK joins again by itself once another takes over. */
  draining: { seconds: number };
  /** The browser's autoplay rule keeps sound or video back: call `startPlayback()` from a click or a key press. */
  playbackBlocked: Room;
  /** Something failed in the background, and the room goes on without it: say, a track could not be published again. */
  problem: SluiceClientError;
  /** The room is over. The last event. */
  closed: CloseReason;
};

export type RoomEventName = keyof RoomEvents;

/** A room that one is in. */
export type Room = {
  readonly name: string;
  readonly metadata: Metadata;
  readonly maxParticipants: number;
  readonly state: RoomState;
  readonly mediaState: MediaState;
  /** Why it is closed; undefined while it is not. */
  readonly closeReason: CloseReason | undefined;
  readonly self: LocalParticipant;
  /** The others, by their `key` (the identity, unless the room allows it several presences), in the order of joining. */
  readonly participants: ReadonlyMap<string, RemoteParticipant>;
  readonly activeSpeaker: Participant | undefined;
  /** What was said while one was connected, oldest first; the newest 500 messages. Nobody keeps what was said before. */
  readonly chat: readonly ChatMessage[];
  /** Whether the autoplay rule keeps something back. */
  readonly playbackBlocked: boolean;
  readonly timings: JoinTimings;
  /** Control over the others; every call fails with `forbidden` without the `admin` grant. */
  readonly admin: Admin;

  /** Calls `listener` at each `event`; the returned function takes it off again. */
  on<Name extends RoomEventName>(event: Name, listener: (value: RoomEvents[Name]) => void): () => void;
  /** As `on`, for the next time only. */
  once<Name extends RoomEventName>(event: Name, listener: (value: RoomEvents[Name]) => void): () => void;

  /**
   * Sends to everyone else, or to some. Resolves when it is on its way; whether and when it arrives, an answer to a
   * `call` says. `lossy`: soon or not at all, for what is old a moment later (positions, gestures). Fails with
   * `forbidden` without the `data` grant, `participant-not-found`, `message-too-large` and `rate-limited`, where it
   * goes over signaling; over data channels these come as `problem`.
   */
  sendData(payload: Payload, options?: SendDataOptions): Promise<void>;
  /**
   * Asks another participant, whose `onCall` answers. Fails with `call-timeout`, `no-method`, `call-failed` (with what
   * the other one's handler threw), `participant-not-found`.
   */
  call(participant: RemoteParticipant, method: string, payload?: Payload, options?: CallOptions): Promise<Payload>;
  /** Answers calls of `method`; the returned function stops it. What the handler throws, the caller is told. */
  onCall(method: string, handler: CallHandler): () => void;

  /**
   * Says `text` (1 to 4,096 characters) to everyone, as a data message of a topic of its own. Resolves when it is on its
   * way, and fails as `sendData` does; with `forbidden` without the `data` grant.
   */
  sendChat(text: string): Promise<ChatMessage>;
  /** Plays what the autoplay rule kept back. Call it from a click or a key press; fails with `playback-blocked`. */
  startPlayback(): Promise<void>;
  /** Plays all sound on this output device, now and later; '' is the default. Fails with `not-supported`. */
  setAudioOutput(deviceId: string): Promise<void>;
  /** Leaves, stops one's own tracks and their devices. Never fails; calling it again does nothing. */
  leave(): Promise<void>;
};

/** Whose doing something was; `identity` where it was an administrator whom one can see. */
export type Doer = { readonly kind: 'application' | 'admin'; readonly identity?: string };

/**
 * Control over others. `who`: a participant, or the identity of somebody (all of its presences, where there can be
 * several). Everything fails with `forbidden` without the `admin` grant, and with `participant-not-found`.
 */
export type Admin = {
  /** Mutes these sources at once, or all; their owner may unmute. Resolves with how many tracks that is. */
  mute(who: RemoteParticipant | string, ...sources: Source[]): Promise<number>;
  /** As `mute`, for everyone but oneself. */
  muteAll(...sources: Source[]): Promise<number>;
  /** The person gets `unmuteRequested`, and does so itself, or does not. */
  askToUnmute(who: RemoteParticipant | string, source: Source): Promise<void>;
  /** Changes who somebody is and what it may do. What is not named stays; attributes that are null go. */
  update(who: RemoteParticipant | string, change: AdminChange): Promise<void>;
  /** Puts somebody out, whose token is refused from then on. `reason` is for that person to read. */
  kick(who: RemoteParticipant | string, reason?: string): Promise<void>;
  /** Moves somebody to another room, one that the room's `moveTo` names. Fails with `room-full` and others. */
  move(who: RemoteParticipant | string, room: string): Promise<void>;
};

export type AdminChange = ProfileChange & {
  grants?: Partial<Pick<Grants, 'publish' | 'subscribe' | 'data' | 'profile'>>;
};

/**
 * Milliseconds from the call of `join()` to each of its steps; undefined where the step has not happened (nobody else
 * publishes, so there is no first frame).
 */
export type JoinTimings = {
  readonly socketOpen?: number;
  /** The browser's own codecs are known. */
  readonly capabilities?: number;
  /** The server's answer has come; `join()` resolves here. */
  readonly joined?: number;
  readonly deviceLoaded?: number;
  /** The receivers for all tracks that were in the room are set up. */
  readonly consumersReady?: number;
  /** DTLS of the receiving transport is up. */
  readonly dtlsConnected?: number;
  /** The first video frame of an attached element was decoded. */
  readonly firstFrame?: number;
};

/**
 * Joins the room that `token` names, on the Sluice server at `url` (its origin: `https://media.example.com`).
 * Resolves once one is in the room. Who and what is there already is announced
 * by events like what comes later, beginning right after: listeners that are set before the next `await` miss nothing,
 * and `participants` fills up as they are called. Rejects with a `SluiceClientError`: `token-expired`,
 * `token-invalid`, `room-full`, `room-not-found`, `server-unreachable`, `timeout`, `aborted`, `not-supported` and others.
 */
export type Join = (url: string, token: string, options?: JoinOptions) => Promise<Room>;
