/** What a thread counts of itself and of its streams, behind what its TURN server and its UDP sockets count. */
const NAMES = [
  /** TCP and TLS connections of clients that are open. */
  'gauge.streams.tcp',
  'gauge.streams.tls',
  /** Of them, those that have not authenticated. */
  'gauge.strangers',
  /** Delay of the event loop over the last second, in milliseconds: mean, 99th percentile, longest. */
  'gauge.delay.mean',
  'gauge.delay.p99',
  'gauge.delay.max',
  /** Share of the last second in which the thread was busy, 0 to 1. */
  'gauge.busy',
  /** Connections that were closed by this server, by reason. */
  'closed.stranger-timeout',
  'closed.stranger-cap',
  'closed.address-cap',
  'closed.malformed',
  'closed.too-slow',
  'closed.idle',
  'closed.tls-error',
  /** Frames that were not sent because their reader is too slow. */
  'dropped.slow-reader',
] as const;

/** The name of a counter. */
export type ThreadCounter = (typeof NAMES)[number];

/** Each counter's place. Those that begin with `gauge` go up and down, the others only up. */
export const THREAD_COUNTERS = Object.fromEntries(NAMES.map((name, index) => [name, index])) as Readonly<
  Record<ThreadCounter, number>
>;

/** How many there are. */
export const THREAD_COUNTERS_LENGTH = NAMES.length;
