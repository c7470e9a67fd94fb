/**
 * One publisher (1.2 Mbit/s of video, and sound) to many subscribers: what a forwarded packet costs the server in CPU, and
 * how much later it arrives. The same bots subscribe to Debian's Janus, as it is and with one event loop for all handles.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { joinBot, type Studio } from '../../bots/bot.ts';
import { openJanusSession, publishToJanus, subscribeToJanus } from '../../bots/janus-room.ts';
import { startMetronome } from '../../bots/metronome.ts';
import { emptyReception, type Reception } from '../../bots/receiver.ts';
import { type JanusKit, type JanusOptions, prepareJanus } from '../../peers/janus.ts';
import { type Crowd, gatherCrowd } from '../../support/crowd-process.ts';
import { ALL_IS_FORWARDED } from '../../scenarios/scenario.ts';
import { fetchToken, startOwnServer } from '../../support/own-server.ts';
import { percentile } from '../../support/percentiles.ts';
import { childrenOf, cpuSeconds } from '../../support/process-usage.ts';
import { type Figure, figure, type Measured } from '../figure.ts';
import type { Row } from '../row.ts';

const SIZES = [20, 50, 100];
const HEADLINE = 100;
/** Where the target begins to hold: below, what a server does besides counts for more. */
const JUDGED_FROM = 60;
const [OF_JANUS, OF_ONE_LOOP] = [0.4, 0.65];
const LATENCY_P99_MS = 2;
/** Subscribers in this process, beside the publisher, whose latencies are measured. */
const PROBES = 2;
const ROOM = 'forward';
/** V8 compiles for a while what a hundred joins have begun, which is not forwarding. */
const SETTLE_MS = 5000;
const ROUNDS = 3;
const ROUND_MS = 3000;

/** A server with its publisher and all its subscribers. */
type Scene = {
  readonly pid: number;
  readonly size: number;
  readonly probes: Reception;
  readonly crowd: Crowd;
  stop(): Promise<void>;
};
type Sample = {
  readonly cost: number[];
  /** Of the processes that the server has started alone: our workers. */
  readonly workers: number[];
  readonly p50: number[];
  readonly p99: number[];
  lost: number;
};

export const forward: Row = {
  about: 'CPU µs per forwarded packet, one publisher of 1.2 Mbit/s and sound to 20, 50 and 100 subscribers',
  async measure({ peers, note }) {
    const janus = peers ? await prepareJanus() : undefined;
    try {
      const figures: Figure[] = [];
      for (const size of [HEADLINE, ...SIZES.filter((its) => its !== HEADLINE)]) {
        const ours = await sample(() => sluiceScene(size));
        const theirs = janus && (await sample(() => janusScene(janus, size)));
        const oneLoop = janus && (await sample(() => janusScene(janus, size, { eventLoops: 1 })));
        for (const [name, its] of Object.entries({ sluice: ours, janus: theirs, 'janus, one event loop': oneLoop })) {
          if (its !== undefined && its.lost > 0) note(`${size} subscribers: ${its.lost} packets of ${name} were lost`);
        }
        figures.push(...figuresOf(size, ours, theirs, oneLoop));
      }
      note('the whole process with its workers; latencies are from send to receive, bots included');
      return figures;
    } finally {
      janus?.remove();
    }
  },
};

function figuresOf(size: number, ours: Sample, janus?: Sample, oneLoop?: Sample): Figure[] {
  const name = size === HEADLINE ? 'forward' : `forward.${size}`;
  const cost = (metric: string, peer: string, its: Sample | undefined, share: number): Measured => ({
    ...{ metric, unit: 'µs CPU per packet', rounds: ours.cost },
    ...(its === undefined ? {} : { peer: { name: peer, rounds: its.cost } }),
    ...(size >= JUDGED_FROM ? { atMost: share, ofPeer: true } : {}),
  });
  const latency = { unit: 'ms', atMost: LATENCY_P99_MS };
  const beside = (of: 'p50' | 'p99') => (janus === undefined ? {} : { peer: { name: 'Janus', rounds: janus[of] } });
  return [
    figure(cost(name, 'Janus', janus, OF_JANUS)),
    ...(oneLoop ? [figure(cost(`${name}.one-loop`, 'Janus, event_loops=1', oneLoop, OF_ONE_LOOP))] : []),
    figure({ metric: `${name}.worker`, unit: 'µs CPU per packet', rounds: ours.workers }),
    figure({ metric: `${name}.latency-p99`, ...latency, rounds: ours.p99, ...beside('p99') }),
    figure({ metric: `${name}.latency-p50`, unit: 'ms', rounds: ours.p50, ...beside('p50') }),
  ];
}

/** Stops the scene at the end. */
async function sample(open: () => Promise<Scene>): Promise<Sample> {
  const result: Sample = { cost: [], workers: [], p50: [], p99: [], lost: 0 };
  const scene = await open();
  try {
    await sleep(SETTLE_MS);
    for (let round = 0; round < ROUNDS; round += 1) {
      const { probes, crowd } = scene;
      const before = {
        cpu: treeSeconds(scene.pid),
        workers: workerSeconds(scene.pid),
        probes: probes.packets,
        lost: probes.lost,
        crowd: await crowd.count(),
      };
      probes.latencies.length = 0;
      await sleep(ROUND_MS);
      const after = await crowd.count();
      const lost = Math.max(0, after.lost - before.crowd.lost) + Math.max(0, probes.lost - before.lost);
      // What was lost between two sockets on loopback was forwarded as well. All subscribers are sent the same.
      const counted = after.packets - before.crowd.packets + probes.packets - before.probes + lost;
      const packets = (counted * scene.size) / (after.counting + PROBES);
      result.cost.push(((treeSeconds(scene.pid) - before.cpu) * 1e6) / packets);
      result.workers.push(((workerSeconds(scene.pid) - before.workers) * 1e6) / packets);
      result.p50.push(percentile(probes.latencies, 0.5));
      result.p99.push(percentile(probes.latencies, 0.99));
      result.lost += lost;
    }
  } finally {
    await scene.stop();
  }
  return result;
}

/** CPU of a process and its workers. */
function treeSeconds(pid: number): number {
  return cpuSeconds(pid) + workerSeconds(pid);
}

function workerSeconds(pid: number): number {
  return childrenOf(pid).reduce((sum, its) => sum + cpuSeconds(its), 0);
}

async function sluiceScene(size: number): Promise<Scene> {
  const server = await startOwnServer([...ALL_IS_FORWARDED, '--rooms.maxParticipants', '1000', '--media.workers', '1']);
  // Nothing flows before everybody is there: joining is not what is measured.
  const studio: Studio = { metronome: startMetronome({ waits: true }), sent: new Map() };
  const probes = emptyReception();
  const stop = async () => {
    studio.metronome.stop();
    await server.close();
  };
  try {
    const at = { origin: server.url, studio };
    await joinBot({ ...at, token: await fetchToken(server, ROOM, 'publisher'), publish: { video: 'vp8' } });
    for (let index = 0; index < PROBES; index += 1) {
      await joinBot({ ...at, token: await fetchToken(server, ROOM, `probe-${index}`), receive: probes });
    }
    const tokens = await Promise.all(
      Array.from({ length: size - PROBES }, (_, index) => fetchToken(server, ROOM, `crowd-${index}`)),
    );
    const crowd = await gatherCrowd({ kind: 'sluice', origin: server.url, tokens });
    studio.metronome.start();
    return { pid: server.pid, size, probes, crowd, stop: () => crowd.stop().then(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function janusScene(kit: JanusKit, size: number, options: JanusOptions = {}): Promise<Scene> {
  const server = await kit.start(options);
  const metronome = startMetronome({ waits: true });
  const stop = async () => {
    metronome.stop();
    await server.stop();
  };
  try {
    const session = await openJanusSession(server.url);
    const { sent } = await publishToJanus(session, metronome);
    const probes = emptyReception();
    for (let index = 0; index < PROBES; index += 1) await subscribeToJanus(session, probes, sent);
    const crowd = await gatherCrowd({ kind: 'janus', url: server.url, count: size - PROBES });
    metronome.start();
    return { pid: server.pid, size, probes, crowd, stop: () => crowd.stop().then(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}
