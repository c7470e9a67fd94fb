/** A relay under load, over UDP: clients that come and go, packets through channels, and how long one takes to go round. */
import { buildGenerator, type Load, type LoadReport, type LoadTarget } from '../support/turn-load.ts';
import type { Options, Scenario, Stage } from './scenario.ts';

/** The load generator keeps to it. */
const CORE = 1;
/** Clients that set up at once. */
const STORM = 64;
/** A thread that has just started is half as fast. */
const WARM_UP_SECONDS = 2;
const MOST_IN_FLIGHT = 1000;

export const turn: Scenario = {
  about:
    'allocations, permissions and channels set up; --rate packets a second of --size bytes through --users channels',
  defaults: { users: 20, rate: 20_000, size: 200, seconds: 12 },
  needsTurn: true,
  async prepare(stage, options) {
    const target = turnOf(stage);
    const generator = await buildGenerator(CORE);
    await generator.run({ mode: 'storm', window: STORM, seconds: WARM_UP_SECONDS }, target);
    return {
      async run(until) {
        // A third of the time each, less what they warm up for.
        const seconds = Math.max(1, (until - performance.now()) / 3000 - 0.5);
        setUps(stage, await generator.run({ mode: 'storm', window: STORM, seconds }, target));
        relayed(stage, await generator.run({ ...blast(options), seconds }, target));
        const roundTrips = await generator.run(
          { ...{ mode: 'ping-pong', sessions: options.users, size: options.size }, seconds },
          target,
        );
        stage.recorder.set('round-trip.p50', roundTrips.p50 * 1000, 'ms');
        stage.recorder.set('round-trip.p99', roundTrips.p99 * 1000, 'ms');
        stage.recorder.set('round-trip.rate', roundTrips.relayed / roundTrips.seconds, 'packets per s');
      },
      async stop() {
        generator.remove();
        await Promise.resolve();
      },
    };
  },
};

/** Only what goes through channels, for as long as asked; a part of `mixed`. */
export const relaying: Scenario = {
  about: 'packets through channels',
  defaults: {},
  async prepare(stage, options) {
    const target = turnOf(stage);
    const generator = await buildGenerator(CORE);
    return {
      async run(until) {
        const seconds = Math.max(1, (until - performance.now()) / 1000 - 1);
        relayed(stage, await generator.run({ ...blast(options), seconds }, target));
      },
      async stop() {
        generator.remove();
        await Promise.resolve();
      },
    };
  },
};

function blast({ users, rate, size }: Options): Load {
  return { mode: 'blast', sessions: users, rate, size, window: MOST_IN_FLIGHT };
}

function turnOf({ target }: Stage): LoadTarget {
  if (target.turn === undefined) throw new Error('TURN of a server elsewhere takes --turn and --turn-secret');
  return { ...target.turn, tlsPort: 0, pid: target.pid ?? 0 };
}

function setUps(
  { recorder }: Stage,
  { bound, begun, refused, silent, retransmitted, seconds, p50, p99 }: LoadReport,
): void {
  recorder.set('set-ups.rate', bound / seconds, 'per s');
  recorder.set('set-ups.p50', p50 * 1000, 'ms');
  recorder.set('set-ups.p99', p99 * 1000, 'ms');
  recorder.set('set-ups.failed', refused + silent, `of ${begun}`);
  recorder.set('set-ups.retransmitted', retransmitted, '');
}

function relayed({ recorder }: Stage, { sent, relayed: arrived, lost, seconds }: LoadReport): void {
  recorder.set('relayed.rate', arrived / seconds, 'packets per s');
  recorder.set('relayed.total', arrived, 'packets');
  recorder.set('relayed.loss', (lost * 100) / Math.max(1, sent), '%');
}
