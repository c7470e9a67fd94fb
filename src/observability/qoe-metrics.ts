import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the gauges and counters read when they are asked for. */
export type QoeSources = {
  /** Sessions that go on, by level. */
  readonly levels: () => Readonly<Record<string, number>>;
  readonly store: () => { readonly waiting: number; readonly written: number; readonly dropped: number };
  /** Why the store cannot be written; undefined while it can. */
  readonly fault: () => string | undefined;
  readonly live: () => { readonly readers: number; readonly lost: number };
};

/** What quality of experience measures. No label names a user, a room or a session. */
export type QoeMetrics = {
  /** A beacon was answered, with the HTTP status, or a code of the error table. */
  beacon(result: string): void;
  /** `seconds`: what the beacon took in the process, from its bytes to its answer. */
  ingested(seconds: number): void;
  /** What became of samples; `reason` of those that were rejected, else the outcome again. */
  samples(outcome: 'accepted' | 'duplicate' | 'rejected', reason: string, count: number): void;
  /** One second of a session. NaN: not known. Scores from 1 to 5, loss as a share, the round trip in ms. */
  second(values: { up: number; down: number; lossUp: number; lossDown: number; rtt: number }): void;
  joinStep(step: string, milliseconds: number): void;
  /** A threshold was raised or ended. */
  threshold(state: 'raised' | 'ended', direction: 'up' | 'down'): void;
  /** The Prometheus text of it all. */
  exposition(): Promise<string>;
};

type Observer = { observe(value: number): void };

const SCORES = [1.3, 1.6, 2, 2.5, 3.1, 3.5, 4, 4.3, 4.5];
const LOSS = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const ROUND_TRIPS = [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2];
const STEPS = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 5, 10, 30];
const INGESTION = [0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05];

/** Metrics of quality of experience in a registry of their own. */
export function createQoeMetrics(sources: QoeSources): QoeMetrics {
  const registry = new Registry();
  const registers = [registry];
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
    new Histogram({ name, help, buckets, labelNames, registers });
  const scores = histogram('sluice_qoe_score', 'Score of each second of each session.', SCORES, ['direction']);
  const loss = histogram('sluice_qoe_loss_ratio', 'Share of packets lost, each second of each session.', LOSS, [
    'direction',
  ]);
  const rtt = histogram('sluice_qoe_rtt_seconds', 'Round trip, each second of each session.', ROUND_TRIPS);
  const steps = histogram('sluice_qoe_join_seconds', 'From the call to join to each step, by clients.', STEPS, [
    'step',
  ]);
  const ingestion = histogram('sluice_qoe_ingestion_seconds', 'Work on one beacon, in the process.', INGESTION);
  const beacons = new Counter({
    ...{ name: 'sluice_qoe_beacons_total', help: 'Beacons by result: ok, or the code of the refusal.', registers },
    labelNames: ['result'],
  });
  const samples = new Counter({
    ...{ name: 'sluice_qoe_samples_total', help: 'Samples by outcome, and why they were rejected.', registers },
    labelNames: ['outcome', 'reason'],
  });
  const thresholds = new Counter({
    ...{ name: 'sluice_qoe_thresholds_total', help: 'Quality thresholds that were raised or ended.', registers },
    labelNames: ['state', 'direction'],
  });
  gauges(registry, sources);

  // Resolving labels costs more than counting: what is counted often is resolved once.
  const of = (metric: Histogram, direction: 'up' | 'down'): Observer => metric.labels({ direction });
  const [scoreUp, scoreDown] = [of(scores, 'up'), of(scores, 'down')];
  const [lossUp, lossDown] = [of(loss, 'up'), of(loss, 'down')];
  const accepted = samples.labels('accepted', 'accepted');
  const ok = beacons.labels('ok');

  return {
    beacon: (result) => (result === 'ok' ? ok.inc() : beacons.inc({ result })),
    ingested: (seconds) => ingestion.observe(seconds),
    samples(outcome, reason, count) {
      if (count === 0) return;
      if (outcome === 'accepted') accepted.inc(count);
      else samples.inc({ outcome, reason }, count);
    },
    second(values) {
      known(scoreUp, values.up);
      known(scoreDown, values.down);
      known(lossUp, values.lossUp);
      known(lossDown, values.lossDown);
      known(rtt, values.rtt / 1000);
    },
    joinStep: (step, milliseconds) => steps.observe({ step }, milliseconds / 1000),
    threshold: (state, direction) => thresholds.inc({ state, direction }),
    exposition: () => registry.metrics(),
  };
}

function known(metric: Observer, value: number): void {
  if (value >= 0) metric.observe(value);
}

function gauges(registry: Registry, { levels, store, fault, live }: QoeSources): void {
  const registers = [registry];
  const sessions: Gauge = new Gauge({
    ...{ name: 'sluice_qoe_sessions', help: 'Sessions that go on, by their level now.', registers },
    labelNames: ['level'],
    collect() {
      for (const [level, count] of Object.entries(levels())) sessions.set({ level }, count);
    },
  });
  const faults: Gauge = new Gauge({
    ...{ name: 'sluice_qoe_store_fault', help: '1 while the store cannot be written, by why.', registers },
    labelNames: ['why'],
    collect() {
      faults.reset();
      const why = fault();
      if (why !== undefined) faults.set({ why }, 1);
    },
  });
  const read = (name: string, help: string, value: () => number) => {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(value()) });
  };
  const count = (name: string, help: string, value: () => number) => {
    const made: Counter = new Counter({
      ...{ name, help, registers },
      collect() {
        made.reset();
        made.inc(value());
      },
    });
  };
  read('sluice_qoe_store_waiting', 'Seconds of sessions that wait to be written.', () => store().waiting);
  count('sluice_qoe_store_written_total', 'Seconds of sessions that were written.', () => store().written);
  count('sluice_qoe_store_dropped_total', 'Seconds of sessions lost for want of room.', () => store().dropped);
  read('sluice_qoe_live_streams', 'Live streams that are open.', () => live().readers);
  count('sluice_qoe_live_lost_total', 'Events that slow readers of live streams did not get.', () => live().lost);
}
