/**
 * What a TURN server counts: each name with its place in the `counters` array. The array may lie in shared memory, and
 * is read while it is written. Names up to the first dot are metrics, what follows is the label. All go up only, except
 * gauges, which are named so.
 */
const NAMES = [
  'gauge.allocations.udp.ipv4',
  'gauge.allocations.udp.ipv6',
  'gauge.allocations.udp.dual',
  'gauge.allocations.tcp.ipv4',
  'gauge.allocations.tcp.ipv6',
  'gauge.allocations.tcp.dual',
  'gauge.allocations.tls.ipv4',
  'gauge.allocations.tls.ipv6',
  'gauge.allocations.tls.dual',
  'gauge.permissions',
  'gauge.channels',
  'gauge.connections',
  'gauge.reservations',

  'packets.up',
  'packets.down',
  'bytes.up',
  'bytes.down',

  'requests.binding',
  'requests.allocate',
  'requests.refresh',
  'requests.create-permission',
  'requests.channel-bind',
  'requests.connect',
  'requests.connection-bind',
  'answers.success',

  'errors.400',
  'errors.401',
  'errors.403',
  'errors.405',
  'errors.420',
  'errors.437',
  'errors.438',
  'errors.440',
  'errors.441',
  'errors.442',
  'errors.443',
  'errors.446',
  'errors.447',
  'errors.486',
  'errors.508',

  'nonce.stale',
  'auth.refused',

  'quota.user',
  'quota.address',
  'quota.total',

  // Datagrams and messages that led to nothing, by reason.
  'drops.short',
  'drops.not-turn',
  'drops.malformed',
  'drops.fingerprint',
  'drops.unexpected-class',
  'drops.unknown-method',
  'drops.unknown-attribute',
  'drops.no-allocation',
  'drops.no-channel',
  'drops.no-permission',
  'drops.forbidden-peer',
  'drops.peer-family',
  'drops.bandwidth',
  'drops.too-long',
  'drops.no-relay',
  'drops.no-client',
  'drops.answer-limit',
  'drops.amplification',
  'drops.pending',
  'drops.icmp',
  'drops.own-relay',
] as const;

/** The name of a counter. */
export type Counter = (typeof NAMES)[number];

/** Each counter's place in the array. */
export const COUNTERS = Object.fromEntries(NAMES.map((name, index) => [name, index])) as Readonly<
  Record<Counter, number>
>;

/** How long the array is. */
export const COUNTERS_LENGTH = NAMES.length;
