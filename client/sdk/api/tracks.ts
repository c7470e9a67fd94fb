/** What is published and received, and how. */
import type { MediaKind, Source } from '../../../src/rooms/grants.ts';
import type { RemoteParticipant } from './participants.ts';

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
