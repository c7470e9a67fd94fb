/** What a track shows or carries. A participant publishes each source at most once at a time. */
export const SOURCES = ['microphone', 'camera', 'screen', 'screen-audio'] as const;
export type Source = (typeof SOURCES)[number];

export type MediaKind = 'audio' | 'video';

/** The kind of media that each source is. */
export const KIND_OF_SOURCE = {
  microphone: 'audio',
  camera: 'video',
  screen: 'video',
  'screen-audio': 'audio',
} as const satisfies Record<Source, MediaKind>;

/** What a participant may do; carried by its join token. */
export type Grants = {
  /** Sources that it may publish. */
  readonly publish: readonly Source[];
  /** Whether it may receive the others' tracks. */
  readonly subscribe: boolean;
  /** Whether it may send data, which chat is made of. */
  readonly data: boolean;
  /** Whether the others are not told that it is there. */
  readonly hidden: boolean;
  /** Whether it may control other participants. */
  readonly admin: boolean;
  /** Whether it may change its own name, metadata and attributes. */
  readonly profile: boolean;
};

/** What a token that names no grants allows. */
export const DEFAULT_GRANTS: Grants = {
  publish: SOURCES,
  subscribe: true,
  data: true,
  hidden: false,
  admin: false,
  profile: false,
};
