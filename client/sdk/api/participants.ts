/** Who is in a room, oneself and others. */
import type { Grants, Source } from '../../../src/rooms/grants.ts';
import type { QualityLevel } from '../../../src/rooms/media-view.ts';
import type {
  CameraOptions,
  LocalTrack,
  MicrophoneOptions,
  PublishOptions,
  RemoteTrack,
  ScreenOptions,
} from './tracks.ts';

/** Free-form facts that the application's backend attached. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Short facts by name, each changed without the others. */
export type Attributes = Readonly<Record<string, string>>;

/** A new name, other metadata (as a whole), other attributes (one by one; null takes one away). */
export type ProfileChange = {
  name?: string;
  metadata?: Record<string, unknown>;
  attributes?: Record<string, string | null>;
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
