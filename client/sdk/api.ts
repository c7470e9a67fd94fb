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
import type { CloseReason, SluiceClientError } from './errors.ts';

export type { CloseReason, Grants, LeaveReason, MediaKind, QualityLevel, Source };

/** Free-form facts that the application's backend attached. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Short facts by name, each changed without the others. */
export type Attributes = Readonly<Record<string, string>>;

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
 * End-to-end encryption of what is heard, seen and written, with keys of the application's; docs/e2ee.md. Nothing is sent
 * in the clear, and nothing is shown that was not encrypted. Where the browser cannot, `join` fails with `not-supported`.
 */
export type E2eeOptions = {
  /** From `createE2eeKeys()`. They may be set and changed at any time. */
  keys: E2eeKeys;
  /** The address of `e2ee-worker.js`, on the page's own origin. Default: beside the SDK's file. */
  worker?: string | URL;
  /** Whether one's own key is ratcheted when somebody joins, where one has a key of one's own. Default `true`. */
  ratchetOnJoin?: boolean;
  /**
   * Asked for another key when somebody has left, who is to open nothing more, and when somebody has joined, where one's
   * own key is not ratcheted then. Nothing changes where it gives `undefined`, or fails, which is told as `problem`.
   * Calls come one after the other. Those who are in the room when one joins are not asked about.
   */
  nextKey?: (change: { reason: 'joined' | 'left'; participant: RemoteParticipant }) => Promise<NextKey | undefined>;
};

/**
 * What to send with from now on: one's own key, or everyone's secret where one has none of one's own. The others have to
 * get it from the application, under the same index (0 to 255).
 */
export type NextKey = { key: string | Uint8Array; index: number };

/** Keys have an `index`, 0 to 255; one that was set last is sent with, and frames say which one they are of. */
export type E2eeKeys = {
  /** One secret for all: a passphrase, or bytes (16 at least) of a random number generator. */
  setShared(secret: string | Uint8Array, index?: number): void;
  /** The key of one participant (16 bytes at least). `generation`: how often it was ratcheted, as `exportKey` says. */
  setKey(identity: string, key: Uint8Array, options?: { index?: number; generation?: number }): void;
  /** Goes on with a key that follows from this one, but not the other way round. Receivers do so by themselves. */
  ratchet(identity: string): Promise<void>;
  /** The key of `identity` as it is now, for somebody who has come: earlier frames do not open with it. */
  exportKey(identity: string): Promise<{ key: Uint8Array; index: number; generation: number } | undefined>;
};

/**
 * `encrypted`: all is well. `no-key`: there is no key of this index. `wrong-key`: what came was not encrypted with it.
 * `unencrypted`: what came was not encrypted at all, say by a publisher over WHIP. Nothing is shown but in the first.
 */
export type EncryptionState = 'encrypted' | 'no-key' | 'wrong-key' | 'unencrypted';

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

/** A new name, other metadata (as a whole), other attributes (one by one; null takes one away). */
export type ProfileChange = {
  name?: string;
  metadata?: Record<string, unknown>;
  attributes?: Record<string, string | null>;
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

/** Text or bytes, at most 32 KiB unless the server is configured otherwise. */
export type Payload = string | Uint8Array;

export type SendDataOptions = {
  /** Default: everyone else, hidden participants included. */
  to?: RemoteParticipant | readonly RemoteParticipant[];
  /** 1 to 64 characters, for receivers to tell kinds of messages apart. Those that begin with `sluice.` are taken. */
  topic?: string;
  lossy?: boolean;
};

export type DataMessage = {
  readonly participant: RemoteParticipant;
  readonly payload: Payload;
  readonly topic: string | undefined;
  /** Whether it was sent to some, not to everyone. */
  readonly direct: boolean;
};

export type CallOptions = {
  /** Milliseconds to wait for the answer, at most 60,000. Default 10,000. */
  timeout?: number;
};

export type Call = { readonly participant: RemoteParticipant; readonly payload: Payload };
export type CallHandler = (call: Call) => Payload | void | Promise<Payload | void>;

export type ChatMessage = {
  /** Unique among the messages of this room object. */
  readonly id: string;
  /** Whose words; compare with `room.self.identity`. */
  readonly identity: string;
  readonly name: string;
  readonly text: string;
  /** When it came here, or was sent from here, in ms since 1970. */
  readonly at: number;
};

export type Participant = LocalParticipant | RemoteParticipant;

type ParticipantFacts = {
  /**
   * Unique among those in the room, and the same through reconnections: the identity, or something longer for the
   * further presences of one identity, in rooms that allow several.
   */
  readonly key: string;
  /** One presence of the identity; another one after a reconnection that had to join anew. */
  readonly id: string;
  /** Who it is, as the application's backend said in the token. */
  readonly identity: string;
  /** The name to show. */
  readonly name: string;
  readonly metadata: Metadata;
  /** Short facts by name. */
  readonly attributes: Attributes;
  /** In ms since 1970, the server's clock. */
  readonly joinedAt: number;
  /** How loud it is, in dBov: 0 is the loudest, -127 is silence. */
  readonly level: number;
  /** Whether it is the active speaker. */
  readonly speaking: boolean;
  /** How good its connection is, the worse of both directions: falls at once, rises slowly. Its own fault, not another's. */
  readonly quality: QualityLevel;
};

/** Somebody else in the room. */
export type RemoteParticipant = ParticipantFacts & {
  readonly isLocal: false;
  /** What it publishes. */
  readonly tracks: ReadonlyMap<Source, RemoteTrack>;
};

/** How good one's own connection is, and why. */
export type ConnectionQuality = {
  readonly level: QualityLevel;
  /** What one sends, as the server gets it. */
  readonly up: QualityLevel;
  /** What the server sends, as it is seen and heard here. */
  readonly down: QualityLevel;
  /** What costs most: `loss-up`, `bandwidth-down`, `cpu-source` and others, as the server's docs/qoe.md has them. */
  readonly cause: string | undefined;
};

/** Oneself. */
export type LocalParticipant = ParticipantFacts & {
  readonly isLocal: true;
  readonly connection: ConnectionQuality;
  /** What one's token allows. */
  readonly grants: Grants;
  /** What one publishes. */
  readonly tracks: ReadonlyMap<Source, LocalTrack>;

  /**
   * Publishes a track that the application made; it belongs to the room from then on, which stops it in the end.
   * Fails with `source-in-use`, `forbidden`, `unsupported-codec`.
   */
  publish(track: MediaStreamTrack, options: PublishOptions): Promise<LocalTrack>;
  /** Stops publishing, and stops the track's device. Does nothing where there is no such track. */
  unpublish(source: Source): Promise<void>;
  /**
   * `true` or options: opens the camera and publishes it, or unmutes the one that is published. `false`: unpublishes
   * it, and the camera's light goes out. Fails with `permission-denied`, `no-device`, `device-in-use` and others.
   */
  setCamera(on: boolean | CameraOptions): Promise<LocalTrack | undefined>;
  /** As `setCamera`. For a button that is pressed often, `mute('microphone')` is quicker: it keeps the device open. */
  setMicrophone(on: boolean | MicrophoneOptions): Promise<LocalTrack | undefined>;
  /** Lets the person choose what to share. Fails with `permission-denied` when the choice was cancelled. */
  setScreen(on: boolean | ScreenOptions): Promise<LocalTrack | undefined>;
  /**
   * Sends nothing until `unmute`, which takes one message. The device stays open, so that a camera's light stays lit:
   * to put it out, use `setCamera(false)`. Does nothing where there is no such track.
   */
  mute(source: Source): Promise<void>;
  unmute(source: Source): Promise<void>;
  /** Changes who one is for the others. Fails with `forbidden` without the `profile` grant. */
  update(change: ProfileChange): Promise<void>;
  /** Goes on with another device, without a gap in the publishing. */
  switchDevice(source: 'camera' | 'microphone', deviceId: string): Promise<void>;
};

export type PublishOptions = {
  source: Source;
  /**
   * Several layers for receivers to choose from: three sizes of a camera, fewer of a small one; a screen twice in its
   * full size, with at most 5 frames a second and with all of them. Default `true`.
   */
  simulcast?: boolean;
  /** Bits per second of the highest layer. Default: 1,500,000 (camera), 2,500,000 (screen), 40,000 (audio). */
  maxBitrate?: number;
  /** Publish it muted. */
  muted?: boolean;
};

export type CameraOptions = {
  deviceId?: string;
  facingMode?: 'user' | 'environment';
  /** What to ask the camera for; it may give less. Default 1280 × 720 at 30. */
  width?: number;
  height?: number;
  frameRate?: number;
  simulcast?: boolean;
  maxBitrate?: number;
};

export type MicrophoneOptions = {
  deviceId?: string;
  /** All three are on by default; switch them off for music. */
  echoCancellation?: boolean;
  noiseSuppression?: boolean;
  autoGainControl?: boolean;
};

export type ScreenOptions = {
  /** Share the sound too, where the browser can. It becomes the source `screen-audio`. */
  audio?: boolean;
  /** `detail` (default) keeps text sharp; `motion` keeps video fluent. */
  contentHint?: 'detail' | 'motion';
  frameRate?: number;
  maxBitrate?: number;
};

type TrackFacts = {
  readonly kind: MediaKind;
  readonly source: Source;
  readonly muted: boolean;
  /**
   * Shows or plays the track in `element`, or in a new `<video playsinline autoplay>` or `<audio autoplay>`. A track
   * can have several elements. They follow the track through every reconnection.
   */
  attach(): HTMLMediaElement;
  attach<Element extends HTMLMediaElement>(element: Element): Element;
  /** Takes the track off `element`, or off all; returns those it was taken off, for the application to remove. */
  detach(element?: HTMLMediaElement): HTMLMediaElement[];
  /** WebRTC statistics of this track's sender or receiver; undefined while it has none. */
  getStats(): Promise<RTCStatsReport | undefined>;
};

/** A track of one's own. Attached elements are silent and show what is sent. */
export type LocalTrack = TrackFacts & {
  readonly mediaStreamTrack: MediaStreamTrack;
  /** Of the device that it comes from; undefined where there is none. */
  readonly deviceId: string | undefined;
};

export type Layers = { readonly spatialLayer: number; readonly temporalLayer?: number };

/** A track of somebody else. The same object for as long as its owner publishes that source. */
export type RemoteTrack = TrackFacts & {
  /** Unique among the tracks of the room while it lives, and the same through reconnections. */
  readonly id: string;
  readonly participant: RemoteParticipant;
  /** The media, once it is received. It may change: see `trackMediaChanged`. */
  readonly mediaStreamTrack: MediaStreamTrack | undefined;
  /** Whether this client receives it, or is about to. */
  readonly subscribed: boolean;
  /** Whether receiving is paused by `pause()`. */
  readonly paused: boolean;
  /** Layers that there are to choose from: 1 and 1 where there is nothing to choose. */
  readonly availableLayers: { readonly spatial: number; readonly temporal: number };
  /** What is forwarded at present; undefined: nothing, or not known yet. */
  readonly layers: Layers | undefined;
  /** Whether the server keeps it back for now, because the room has more cameras than it forwards to one participant. */
  readonly withheld: boolean;
  /** Whether what is sent follows what is seen of it here: by default as `adaptiveStream` of `join` says. */
  readonly adaptive: boolean;
  /**
   * `false`: send it in full, whether an attached element shows it or not; for pictures that the application draws by
   * other means than `attach()`. `true`: follow its elements again. Without effect on sound.
   */
  setAdaptive(adaptive: boolean): void;
  /** Whether it is pinned by `setPinned`. */
  readonly pinned: boolean;
  /**
   * A pinned track comes before all others where not every camera can be forwarded, or not every one well. It stands
   * through reconnections. Without effect on sound.
   */
  setPinned(pinned: boolean): void;
  /** The highest layers to be sent, 0 the lowest. It stands until it is changed, through reconnections too. */
  setLayers(layers: Layers): Promise<void>;
  /** Receive nothing until `resume()`: for a tile that is out of sight. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Receive this track. Only needed with `subscribe: 'manual'`, or after `unsubscribe()`. */
  subscribe(): Promise<void>;
  unsubscribe(): Promise<void>;
};

export type DeviceKind = 'camera' | 'microphone' | 'speaker';

export type DeviceInfo = {
  readonly deviceId: string;
  readonly groupId: string;
  readonly kind: DeviceKind;
  /** Its name, or 'Camera 2' and the like while the browser does not tell before permission is given. */
  readonly label: string;
};

/** The devices of this machine, and leave to use them. Usable before any room is joined. */
export type Devices = {
  /** The devices of this kind, or all. Empty where the browser gives none. */
  list(kind?: DeviceKind): Promise<DeviceInfo[]>;
  /** Calls `listener` when a device was plugged in or out; the returned function takes it off again. */
  onChange(listener: () => void): () => void;
  /** What the browser would say if it were asked; `unknown` where it does not tell. Asks the person nothing. */
  permission(kind: 'camera' | 'microphone'): Promise<'granted' | 'denied' | 'prompt' | 'unknown'>;
  /**
   * Opens a device, for a preview or for `publish`. The caller stops the track, unless it hands it to `publish`.
   * Fails with `permission-denied`, `no-device`, `device-in-use`, `constraints-not-met`, `insecure-page`.
   */
  openCamera(options?: CameraOptions): Promise<MediaStreamTrack>;
  openMicrophone(options?: MicrophoneOptions): Promise<MediaStreamTrack>;
};

/**
 * Joins the room that `token` names, on the Sluice server at `url` (its origin: `https://media.example.com`).
 * Resolves once one is in the room. Who and what is there already is announced
 * by events like what comes later, beginning right after: listeners that are set before the next `await` miss nothing,
 * and `participants` fills up as they are called. Rejects with a `SluiceClientError`: `token-expired`,
 * `token-invalid`, `room-full`, `room-not-found`, `server-unreachable`, `timeout`, `aborted`, `not-supported` and others.
 */
export type Join = (url: string, token: string, options?: JoinOptions) => Promise<Room>;
