import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../kernel/errors.ts';
import { createHistogram, type HistogramSeries } from './histogram.ts';

/** What the gauges read when they are asked for. */
export type MetricSources = {
  rooms: () => number;
  participants: () => number;
  transports: () => number;
  /** Signaling sockets that are open. */
  sockets: () => number;
  /** The media workers that run now. CPU in seconds since their start, memory in bytes. */
  workers: () => Promise<readonly WorkerUsage[]>;
  /** What other parts have counted. */
  families?: () => readonly MetricFamily[];
  /** The text of parts that have a registry of their own. */
  others?: readonly (() => Promise<string>)[];
};

/** A metric that some part counts by itself: all its samples, as of now. Label values are from fixed lists. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
};

export type WorkerUsage = { pid: number; cpuSeconds: number; rssBytes: number };

/**
 * The steps of a join, from the open socket: the client's hello has come, the token is verified, the room has taken
 * the participant in and opened its transports; and all of it, to the answer.
 */
export type JoinStep = 'hello' | 'verify' | 'room' | 'total';

/** A lost socket resumed, a request answered, a WebSocket refused, a socket closed for what its client did. */
export type SignalingEvent = 'resume' | 'request' | 'upgrade-refused' | 'misbehaviour';

/** Everything that this server measures. No metric carries a user, a room or an address. */
export type Metrics = {
  /** One join, by how it ended. */
  join(result: 'ok' | ErrorCode): void;
  joinStep(step: JoinStep, milliseconds: number): void;
  /** Something else at the signaling door, by how it ended. */
  signaling(event: SignalingEvent, result: 'ok' | ErrorCode): void;
  /** One HTTP answer. `route` is a pattern, never a path. Fits the HTTP server's `onResponse`. */
  httpResponse(this: void, record: { method: string; route: string; status: number; milliseconds: number }): void;
  /** The Prometheus text format. */
  exposition(): Promise<{ contentType: string; body: string }>;
};

/** How long a scrape waits for the workers before it goes without their numbers. */
const WORKERS_TIMEOUT_MS = 500;

/** Metrics in a registry of their own, with those of the process: CPU, memory, garbage collection, event-loop delay. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // The delay is sampled by a timer in libuv, in steps of this many milliseconds; the default, 10, wakes twice as often.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });

  gauge(registry, 'sluice_rooms', 'Rooms that are open.', sources.rooms);
  gauge(registry, 'sluice_participants', 'Participants in all rooms.', sources.participants);
  gauge(registry, 'sluice_transports', 'WebRTC transports that are open.', sources.transports);
  gauge(registry, 'sluice_signaling_sockets', 'Signaling sockets that are open.', sources.sockets);
  const workerCpu = new Counter({
    name: 'sluice_worker_cpu_seconds_total',
    help: 'CPU time of a media worker, user and system.',
    labelNames: ['pid'],
    registers,
  });
  const workerMemory = new Gauge({
    name: 'sluice_worker_resident_memory_bytes',
    help: 'Resident memory of a media worker.',
    labelNames: ['pid'],
    registers,
  });
  const joins = new Counter({
    name: 'sluice_joins_total',
    help: 'Joins by result: ok, or the code of the refusal.',
    labelNames: ['result'],
    registers,
  });
  const signalingEvents = new Counter({
    name: 'sluice_signaling_events_total',
    help: 'Resumes, requests, refused upgrades and misbehaving sockets, by result: ok, or the code of the error.',
    labelNames: ['event', 'result'],
    registers,
  });
  const joinSteps = new Histogram({
    name: 'sluice_join_duration_seconds',
    help: 'Time of a join by step.',
    labelNames: ['step'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.066, 0.12, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const responses = createHistogram({
    name: 'sluice_http_request_duration_seconds',
    help: 'Time from the request head to the last byte of the answer handed over.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  // By route, status and method, whose strings are always the same ones: no text is put together for an answer.
  const series = new Map<string, Map<number, Map<string, HistogramSeries>>>();

  const readWorkers = async () => {
    const workers = await withinBound(sources.workers());
    workerCpu.reset();
    workerMemory.reset();
    for (const { pid, cpuSeconds, rssBytes } of workers) {
      workerCpu.inc({ pid }, cpuSeconds);
      workerMemory.set({ pid }, rssBytes);
    }
  };

  return {
    join: (result) => joins.inc({ result }),
    joinStep: (step, milliseconds) => joinSteps.observe({ step }, milliseconds / 1000),
    signaling: (event, result) => signalingEvents.inc({ event, result }),
    httpResponse({ method, route, status, milliseconds }) {
      let byStatus = series.get(route);
      if (byStatus === undefined) series.set(route, (byStatus = new Map()));
      let byMethod = byStatus.get(status);
      if (byMethod === undefined) byStatus.set(status, (byMethod = new Map()));
      let found = byMethod.get(method);
      if (found === undefined) byMethod.set(method, (found = responses.series(method, route, String(status))));
      found.observe(milliseconds / 1000);
    },
    async exposition() {
      await readWorkers();
      for (const family of sources.families?.() ?? []) copyFamily(registry, family);
      const texts = await Promise.all([registry.metrics(), ...(sources.others ?? []).map((other) => other())]);
      return { contentType: registry.contentType, body: `${texts.join('')}${responses.text()}` };
    },
  };
}

/** Shows the samples of a family in place of those that it had before. */
function copyFamily(registry: Registry, { name, help, type, samples }: MetricFamily): void {
  const labelNames = Object.keys(samples[0]?.labels ?? {});
  const configuration = { name, help, labelNames, registers: [registry] };
  const known = registry.getSingleMetric(name) as Counter | Gauge | undefined;
  const metric = known ?? (type === 'counter' ? new Counter(configuration) : new Gauge(configuration));
  metric.reset();
  for (const { labels, value } of samples) metric.inc(labels, value);
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const made: Gauge = new Gauge({ name, help, registers: [registry], collect: () => made.set(read()) });
}

/** The workers' numbers; none where they fail or take too long, since a scrape must not hang on a stuck worker. */
async function withinBound(workers: Promise<readonly WorkerUsage[]>): Promise<readonly WorkerUsage[]> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<readonly WorkerUsage[]>((resolve) => {
    timer = setTimeout(() => resolve([]), WORKERS_TIMEOUT_MS);
  });
  try {
    return await Promise.race([workers, bound]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}
