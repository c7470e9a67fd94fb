/** Measures the quality of a room's media at intervals, and reports it to the server. */
import type { JoinTimings, QoeOptions, RoomState } from '../api.ts';
import type { Scope } from '../scope.ts';
import { createCollector, type ReceivedTrack, type SentTrack } from './collector.ts';
import { type Carrier, createOutbox } from './outbox.ts';
import type { Stats } from './stats.ts';

/** Milliseconds between two samples. */
const INTERVAL = { least: 1000, usual: 2000, most: 30_000 } as const;

/** When the server's next report is there, which comes every second, ms. */
const SOON = 1000;

/** One report for each connection. */
export type Reports = { recv: Iterable<Stats> | undefined; send: Iterable<Stats> | undefined };

export type ReporterOptions = {
  /** Of the room. */
  scope: Scope;
  /** Origin of the server. */
  url: string;
  /** Under whose token it goes by then. */
  credential: { readonly token: string };
  /** The participant's id, by which the server knows whose samples they are. */
  session: string;
  options: QoeOptions;
  timings: JoinTimings;
  /** What the browser counts now. */
  reports(): Promise<Reports> | undefined;
  /** The same of what is received alone. */
  receivedReport(): Promise<Reports['recv']> | undefined;
  received(): ReceivedTrack[];
  sent(): SentTrack[];
};

export type Reporter = {
  /** In the room as another participant: a new session. */
  begin(session: string): void;
  /** Signaling was lost, or is there again. */
  signaling(state: RoomState): void;
  /** ICE was set up again. */
  reconnected(): void;
  /** Samples once more beside the regular times: the page falls asleep, or the room is about to close. */
  sampleNow(): void;
};

/** Measures until the scope closes, and then sends the last. */
export function createReporter(options: ReporterOptions): Reporter {
  const { scope, options: wishes } = options;
  const interval = clamp(wishes.interval ?? INTERVAL.usual);
  const collector = createCollector(Date.now());
  const outbox = createOutbox({
    scope: scope.child(),
    url: `${options.url}/v1/qoe/beacons`,
    credential: options.credential,
    carrier: BROWSER,
  });
  let { session } = options;
  let asking = false;
  let lost = false;
  let hurried = false;

  async function sample(): Promise<void> {
    if (asking || !outbox.wants(session)) return;
    asking = true;
    const [asked, received, sent] = [session, options.received(), options.sent()];
    // Connections that close meanwhile have nothing to say; before there are any, there is the join to be told of.
    const reports = await options.reports()?.catch(() => undefined);
    asking = false;
    if (asked !== session) return;
    const observation = {
      at: Date.now(),
      recv: reports?.recv,
      send: reports?.send,
      received,
      sent,
      timings: options.timings,
    };
    outbox.add(session, collector.take(observation));
    if (collector.undecided) hurry();
    if (scope.closed) outbox.last();
  }

  /** Between two samples: trouble is told at its beginning, and not at the end of the interval. */
  async function look(): Promise<void> {
    if (asking || !outbox.wants(session)) return;
    const [asked, received] = [session, options.received()];
    const report = await options.receivedReport()?.catch(() => undefined);
    if (report === undefined || asked !== session || scope.closed) return;
    if (collector.look(report, received)) await sample();
  }

  function hurry(): void {
    if (hurried || interval <= SOON) return;
    hurried = true;
    scope.after(SOON, () => {
      hurried = false;
      void sample();
    });
  }

  function plan(milliseconds: number): void {
    scope.after(milliseconds, () => {
      plan(interval);
      if (interval >= 2 * SOON) scope.after(interval / 2, () => void look());
      void sample();
    });
  }

  // The first one is what the others are compared with, and tells how the join went.
  plan(interval / 2);
  scope.onClose(() => outbox.last());

  return {
    begin(id) {
      session = id;
      collector.begin(Date.now());
    },
    signaling(state) {
      if (lost && state === 'connected') collector.reconnected();
      lost = state === 'reconnecting';
      outbox.hold(lost);
    },
    reconnected: () => collector.reconnected(),
    sampleNow: () => void sample(),
  };
}

const BROWSER: Carrier = {
  fetch: (url, init) => fetch(url, init),
  sendBeacon: (url, text) => navigator.sendBeacon(url, text),
  now: () => Date.now(),
  random: () => Math.random(),
};

function clamp(milliseconds: number): number {
  return Math.min(INTERVAL.most, Math.max(INTERVAL.least, milliseconds));
}
