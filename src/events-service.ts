/** The event log as a part of this server: from the configuration to readiness, metrics and log lines. */
import { randomUUID } from 'node:crypto';

import type { Config } from './config/config.ts';
import { type Bytes, type BytesOwner, BytesTally } from './events/bytes-tally.ts';
import { EVENT_TYPES } from './events/event.ts';
import { type EventLog, openEventLog } from './events/log.ts';
import { createWebhooks, type Webhooks } from './events/webhooks/webhooks.ts';
import { systemClock } from './kernel/clock.ts';
import { SluiceError } from './kernel/errors.ts';
import type { Log } from './observability/log.ts';
import type { MetricFamily } from './observability/metrics.ts';
import { storePath } from './store-folder.ts';
import type { StoreThread } from './store/store-thread.ts';

/** How long a client waits that was refused because nothing can be written, in seconds. */
const RETRY_AFTER = 5;

/** How often bytes become events. */
const COUNT_EVERY_MS = 30_000;
/** How long after a room was closed the last of its bytes are there. */
const ROOM_ENDS_WITHIN_MS = 1000;

export type EventsService = {
  readonly log: EventLog;
  /** Undefined where the configuration has none. */
  readonly webhooks: Webhooks | undefined;
  /** Bytes were used; they become events from time to time, and soon after a room is closed. */
  used(this: void, owner: BytesOwner, bytes: Partial<Bytes>): void;
  /** Throws `events-unavailable` while so many facts wait for the disk that nobody may join. */
  requireRecord(this: void): void;
  /** Why events are not announced, if they are not. */
  unready(): string | undefined;
  metrics(): MetricFamily[];
  close(): Promise<void>;
};

export function createEvents(config: Config, thread: StoreThread, log: Log): EventsService {
  const events = openEventLog({
    thread,
    path: storePath(config, 'events', log),
    writer: randomUUID(),
    ...config.events,
    log: (level, message, fields) => log[level](fields, message),
  });
  const webhooks = startWebhooks(config, events, log);
  const bytes = countBytes(events);
  const announced = new Map<string, number>(EVENT_TYPES.map((type) => [type, 0]));
  events.listen((event) => {
    announced.set(event.type, (announced.get(event.type) ?? 0) + 1);
    log.info({ seq: event.seq, roomSeq: event.roomSeq, ...event.fact }, event.type);
  });
  return {
    log: events,
    webhooks,
    used: bytes.used,
    requireRecord() {
      if (!events.state.full) return;
      throw new SluiceError('events-unavailable', { retryAfter: RETRY_AFTER });
    },
    unready() {
      const { fault, open } = events.state;
      if (fault === undefined) return open ? undefined : 'The event log is not open yet.';
      return `The event log cannot be written (${fault.why}): ${fault.message}`;
    },
    metrics: () => [...metricsOf(events, announced), ...webhookMetrics(webhooks)],
    async close() {
      bytes.close();
      await events.close();
      await webhooks?.close();
    },
  };
}

/** Adds bytes up until it is time to note them. */
function countBytes(events: EventLog) {
  const tally = new BytesTally();
  const note = (only?: Parameters<BytesTally['take']>[1]) => {
    // Nothing is left out: they wait here while facts may not.
    if (events.state.full) return;
    for (const fact of tally.take(systemClock(), only)) events.append(fact);
  };
  const noting = setInterval(() => note(), COUNT_EVERY_MS).unref();
  events.listen(({ fact }) => {
    if (fact.type === 'room-closed') setTimeout(() => note(fact), ROOM_ENDS_WITHIN_MS).unref();
  });
  return {
    used: (owner: BytesOwner, used: Partial<Bytes>) => tally.add(owner, used),
    close() {
      clearInterval(noting);
      note();
    },
  };
}

function startWebhooks(config: Config, events: EventLog, log: Log): Webhooks | undefined {
  if (config.webhooks.endpoints.length === 0) return undefined;
  const webhooks = createWebhooks({
    ...config.webhooks,
    endpoints: config.webhooks.endpoints.map((endpoint) => ({ ...endpoint, events: endpoint.events ?? [] })),
    log: storePath(config, 'events', log),
    state: storePath(config, 'webhooks', log),
    say: (level, message, fields) => log[level](fields, message),
  });
  events.onOpened((last) => webhooks.logOpened(last));
  events.listen(() => webhooks.more());
  return webhooks;
}

function webhookMetrics(webhooks: Webhooks | undefined): MetricFamily[] {
  if (webhooks === undefined) return [];
  const results = ['delivered', 'failed', 'dead'] as const;
  const samples = webhooks.counts.flatMap(({ name: endpoint, ...counts }) =>
    results.map((result) => ({ labels: { endpoint, result }, value: counts[result] })),
  );
  const help = 'Attempts to deliver an event that were delivered or failed, and events that were given up.';
  return [{ name: 'sluice_webhook_deliveries_total', help, type: 'counter', samples }];
}

function metricsOf({ state }: EventLog, announced: ReadonlyMap<string, number>): MetricFamily[] {
  const one = (name: string, type: MetricFamily['type'], help: string, value: number): MetricFamily => ({
    ...{ name, type, help },
    samples: [{ labels: {}, value }],
  });
  return [
    {
      name: 'sluice_events_announced_total',
      help: 'Events that were stored and announced, by type.',
      type: 'counter',
      samples: [...announced].map(([type, value]) => ({ labels: { type }, value })),
    },
    one('sluice_events_waiting', 'gauge', 'Facts that wait for the disk.', state.waiting),
    one('sluice_events_dropped_total', 'counter', 'Facts that were left out while too many waited.', state.dropped),
    one(
      'sluice_events_log_faulty',
      'gauge',
      '1 while the event log cannot be written.',
      state.fault === undefined ? 0 : 1,
    ),
  ];
}
