/** What a relay has counted, as metrics. Labels come from the tables of counters: no user, no address. */
import type { CounterValues } from './counter-board.ts';
import type { ThreadState } from './options.ts';

/** One metric with all its samples. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
};
type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

/**
 * A counter belongs to the family whose prefix its name begins with; what follows the prefix are the values of `labels`,
 * parted by dots.
 */
type FamilyOfCounters = Omit<MetricFamily, 'samples'> & { readonly prefix: string; readonly labels: readonly string[] };

const gauge = (prefix: string, name: string, help: string, ...labels: string[]): FamilyOfCounters => ({
  ...{ prefix, name: `sluice_turn_${name}`, help, type: 'gauge', labels },
});
const counter = (prefix: string, name: string, help: string, ...labels: string[]): FamilyOfCounters => ({
  ...{ prefix, name: `sluice_turn_${name}_total`, help, type: 'counter', labels },
});

const TURN_FAMILIES: readonly FamilyOfCounters[] = [
  gauge(
    'gauge.allocations',
    'allocations',
    'Allocations, by transport and by the relayed family.',
    'transport',
    'family',
  ),
  gauge('gauge', 'state', 'Permissions, channels, peer connections and reservations that are held.', 'kind'),
  counter('packets', 'relayed_packets', 'Packets relayed; up is from clients to peers.', 'direction'),
  counter('bytes', 'relayed_bytes', 'Bytes of payload relayed; up is from clients to peers.', 'direction'),
  counter('requests', 'requests', 'Requests, by method.', 'method'),
  counter('answers', 'answers', 'Requests that were granted.', 'result'),
  counter('errors', 'errors', 'Error answers, by code.', 'code'),
  counter('auth', 'credential_refusals', 'Credentials that were refused, by reason.', 'reason'),
  counter('nonce', 'nonce_failures', 'Nonces that were refused, by reason.', 'reason'),
  counter('quota', 'quota_refusals', 'Requests above a quota, by whose it is.', 'scope'),
  counter('peer', 'peer_refusals', 'Peers that the policy refused, by reason.', 'reason'),
  counter('drops', 'drops', 'Datagrams and messages that led to nothing, by reason.', 'reason'),
];

const THREAD_FAMILIES: readonly FamilyOfCounters[] = [
  gauge('gauge.streams', 'streams', 'TCP and TLS connections of clients.', 'transport'),
  gauge('gauge.strangers', 'strangers', 'Of them, those that have not authenticated.'),
  counter('closed', 'streams_closed', 'Connections that this server closed, by reason.', 'reason'),
  counter('dropped', 'stream_drops', 'Frames that were not sent over TCP or TLS, by reason.', 'reason'),
];

const DATAGRAM_FAMILIES: readonly FamilyOfCounters[] = [
  counter('', 'datagrams', "The UDP sockets' own counts, what the network did not take among them.", 'event'),
];

/** All metrics of a relay. */
export function relayMetrics(counters: CounterValues, threads: readonly ThreadState[]): MetricFamily[] {
  return [
    ...familiesOf(TURN_FAMILIES, counters.turn),
    // The delays and shares of the threads are no sums; they stand below.
    ...familiesOf(THREAD_FAMILIES, counters.thread),
    ...familiesOf(DATAGRAM_FAMILIES, counters.datagrams),
    ...threadFamilies(threads),
  ];
}

function familiesOf(families: readonly FamilyOfCounters[], values: Readonly<Record<string, number>>): MetricFamily[] {
  const samples = new Map(families.map((family): [FamilyOfCounters, Sample[]] => [family, []]));
  for (const [name, value] of Object.entries(values)) {
    const family = families.find(({ prefix }) => prefix === '' || name === prefix || name.startsWith(`${prefix}.`));
    if (family === undefined) continue;
    const rest = family.prefix === '' ? [name] : name.slice(family.prefix.length + 1).split('.');
    const labels = Object.fromEntries(family.labels.map((label, at) => [label, rest[at] ?? '']));
    samples.get(family)!.push({ labels, value });
  }
  return families.map((family) => {
    const { name, help, type } = family;
    return { name, help, type, samples: samples.get(family)! };
  });
}

function threadFamilies(threads: readonly ThreadState[]): MetricFamily[] {
  const each = (read: (thread: ThreadState) => number): Sample[] =>
    threads.map((thread) => ({ labels: { thread: String(thread.index) }, value: read(thread) }));
  return [
    {
      name: 'sluice_turn_thread_delay_seconds',
      help: "Delay of a relay thread's event loop over the last second.",
      type: 'gauge',
      samples: threads.flatMap(({ index, delay }) =>
        Object.entries(delay).map(([statistic, milliseconds]) => ({
          labels: { thread: String(index), statistic },
          value: milliseconds / 1000,
        })),
      ),
    },
    {
      name: 'sluice_turn_thread_busy_ratio',
      help: 'Share of the last second in which a relay thread was busy.',
      type: 'gauge',
      samples: each(({ busy }) => busy),
    },
    {
      name: 'sluice_turn_thread_restarts_total',
      help: 'Times that a relay thread died and was replaced.',
      type: 'counter',
      samples: each(({ restarts }) => restarts),
    },
    {
      name: 'sluice_turn_threads',
      help: 'Relay threads that run.',
      type: 'gauge',
      samples: [{ labels: {}, value: threads.filter(({ running }) => running).length }],
    },
  ];
}
