/** Bounds on what connections of clients may cost. */

/** Times in milliseconds, sizes in bytes. */
export type StreamLimits = {
  /** Connections at once. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Connections at once that have not authenticated. */
  readonly strangers: number;
  /** For which a connection may be one of them. */
  readonly strangerTimeout: number;
  /** For which an authenticated connection may be silent; longer than an allocation lives without a refresh. */
  readonly idleTimeout: number;
  /** What may wait for a reader before frames are dropped, and before the connection is closed. */
  readonly softBacklog: number;
  readonly hardBacklog: number;
  /** For which a reader may be above the former. */
  readonly slowTimeout: number;
};

export const STREAM_LIMITS: Omit<
  StreamLimits,
  'connections' | 'connectionsPerAddress' | 'strangers' | 'strangerTimeout'
> = {
  // An allocation lives for an hour at most without a word of its client.
  idleTimeout: 65 * 60_000,
  softBacklog: 256 * 1024,
  hardBacklog: 1024 * 1024,
  slowTimeout: 10_000,
};

/** One that is idle or slow is noticed within this time. */
export const SWEEP_EVERY_MS = 1000;
