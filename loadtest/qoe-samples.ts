/**
 * What quality of experience costs in the process: validate, dedupe, window and score per sample; memory per session; and the
 * store with 10,000 sessions in it.
 * Targets: under 2 µs a sample, under 20 KB a session. The store's times are printed and not judged.
 *
 *     npm run loadtest -- qoe-samples [--no-store]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { later, type Millis } from '../src/kernel/clock.ts';
import { type Beacon, parseBeacon } from '../src/qoe/beacon.ts';
import { QoeSession } from '../src/qoe/session.ts';
import { openStore, type QoeStore } from '../src/qoe/store/store.ts';
import { startStoreThread } from '../src/store/store-thread.ts';
import { verdict } from './support/percentiles.ts';

const SESSIONS = 1000;
const ROUNDS = 40;
const REMOTES = 5;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const start = 1_700_000_000_000 as Millis;

const { sessions, samples, microseconds, parsing } = measureSamples();
console.log(
  `${samples} samples of ${sessions.length} sessions, each 2 audio + video sent, ${REMOTES} received of both`,
);
console.log(`JSON.parse of the same: ${parsing.toFixed(2)} µs a sample (not in the target)`);
console.log(verdict('validate, dedupe, window, score', microseconds, 2, 'µs of CPU a sample'));
console.log(verdict('memory of a session', measureMemory(), 20, 'KB'));
if (!process.argv.includes('--no-store')) await measureStore();

/** One beacon of a session in a call: 13 samples, as the SDK sends them every 2 s. */
function beaconText(session: number, round: number): string {
  const sentAt = start + 2000 * round + 5;
  let seq = round * (3 + 2 * REMOTES);
  const head = () => ({ seq: seq++, at: sentAt - 5, ms: 2000 });
  const list: object[] = [
    { kind: 'session', ...head(), rtt: 31.5, candidateType: 'host', protocol: 'udp', available: 2_400_000 },
    { kind: 'send', track: `p-${session}-a`, ...head(), bitrate: 33_120, packets: 100, lost: 1, jitter: 4, rtt: 32 },
    {
      ...{ kind: 'send', track: `p-${session}-v`, ...head(), bitrate: 1_512_345, packets: 310, lost: 2, jitter: 5 },
      ...{ rtt: 31, fps: 29.5, width: 1280, height: 720, qp: 34.2, targetBitrate: 1_700_000, sourceFps: 30 },
      ...{ sourceWidth: 1280, sourceHeight: 720, encodeTime: 4.1, limitation: 'none' },
    },
  ];
  for (let remote = 0; remote < REMOTES; remote += 1) {
    list.push(
      {
        ...{ kind: 'recv', track: `c-${session}-${remote}-a`, ...head(), bitrate: 32_410, packets: 100, lost: 0 },
        ...{ jitter: 3.25, buffer: 41.5, concealed: 0.002, discarded: 0 },
      },
      {
        ...{ kind: 'recv', track: `c-${session}-${remote}-v`, ...head(), bitrate: 612_300, packets: 140, lost: 1 },
        ...{ jitter: 6.5, fps: 29.5, width: 640, height: 360, qp: 41.25, buffer: 52, frozen: 0, freezes: 0 },
        ...{ decodeTime: 1.8, wantedWidth: 640, wantedHeight: 360 },
      },
    );
  }
  return JSON.stringify({ v: 1, session: `s-${session}`, sentAt, samples: list });
}

/** The best of several rounds over all sessions: other work on this machine only ever adds. */
function measureSamples() {
  const made = Array.from({ length: SESSIONS }, (_, index) => new QoeSession(`s-${index}`, start));
  let best = Infinity;
  let bestParsing = Infinity;
  let total = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const texts = made.map((_, index) => beaconText(index, round));
    const parseStart = process.cpuUsage();
    const parsed = texts.map((text) => JSON.parse(text) as unknown);
    bestParsing = Math.min(bestParsing, cpuSince(parseStart));
    const before = process.cpuUsage();
    const now = later(start, 2000 * round + 20);
    for (let index = 0; index < made.length; index += 1) {
      const beacon: Beacon = parseBeacon(parsed[index]);
      total += made[index]!.ingest(beacon, now).accepted;
      made[index]!.score(now, () => undefined);
    }
    best = Math.min(best, cpuSince(before));
  }
  const each = SESSIONS * (3 + 2 * REMOTES);
  if (total !== each * ROUNDS) throw new Error(`${each * ROUNDS - total} samples were refused`);
  return { sessions: made, samples: total, microseconds: best / each, parsing: bestParsing / each };
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** KB of a session with the tracks above. */
function measureMemory(): number {
  const bytes = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const texts = Array.from({ length: SESSIONS }, (_, index) => beaconText(index, 0));
  const before = bytes();
  const made = texts.map((text, index) => {
    const session = new QoeSession(`s-${index}`, start);
    session.ingest(parseBeacon(JSON.parse(text)), later(start, 20));
    return session;
  });
  const after = bytes();
  return (after - before) / made.length / 1024;
}

async function measureStore(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-qoe-'));
  const path = join(folder, 'qoe.sqlite');
  const thread = startStoreThread();
  const store = openStore({ thread, path, log: (level, message, facts) => console.error(level, message, facts) });
  try {
    await fillStore(store);
    console.log(`10,000 sessions, 300,000 points in the store: ${(statSync(path).size / 2 ** 20).toFixed(0)} MB`);
    await queryStore(store);
  } finally {
    await store.close();
    await thread.close();
    rmSync(folder, { recursive: true });
  }
}

async function fillStore(store: QoeStore): Promise<void> {
  const before = performance.now();
  const now = Date.now();
  for (let index = 0; index < 10_000; index += 1) {
    const joined = now - 40_000_000 + index * 4000;
    const key = store.start({
      ...{
        id: `s-${index}`,
        room: `room-${index % 500}`,
        roomId: `r-${index % 500}`,
        identity: `user-${index % 2000}`,
      },
      joined,
    });
    for (let second = 0; second < 30; second += 1) {
      const score = 440 - ((index * 7 + second) % 200);
      store.add({
        ...{ session: key, t: Math.floor(joined / 1000) + second, up: score, down: 430, experience: score },
        ...{ bitrateUp: 1500, bitrateDown: 2500, lossUp: 120, lossDown: 10, rtt: 40 },
        ...{ level: score > 400 ? 3 : score > 310 ? 2 : 1, cause: index % 15, cost: 450 - score },
      });
    }
    store.change({ key, left: joined + 30_000, endReason: 'left', joinSteps: [12, 20, 80, 140] });
    if (index % 500 === 499) {
      while (store.state.waiting + store.state.underway > 20_000)
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  while (store.state.waiting + store.state.underway > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(`filled in ${((performance.now() - before) / 1000).toFixed(1)} s`);
}

async function queryStore(store: QoeStore): Promise<void> {
  const to = Date.now() + 60_000;
  const from = to - 86_400_000;
  const first = (await store.ask({ type: 'sessions', limit: 50 })).rows;
  const keys = first.slice(0, 10).map(({ key }) => key);
  const queries = {
    'newest 50 sessions': () => store.ask({ type: 'sessions', limit: 50 }),
    'poor sessions of a day': () => store.ask({ type: 'sessions', from, to, level: 1, limit: 50 }),
    'sessions of an identity': () => store.ask({ type: 'sessions', identity: 'user-77', limit: 50 }),
    'sessions of a room': () => store.ask({ type: 'sessions', room: 'room-77', limit: 50 }),
    'one session': () => store.ask({ type: 'session', id: 's-5000' }),
    'an hour of 10 sessions in 10 s': () =>
      store.ask({ type: 'timeline', keys, from: to - 3_600_000, to, step: 'p10' }),
    'what cost most today': () => store.ask({ type: 'costs', from, to }),
  };
  for (const [name, query] of Object.entries(queries)) {
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const before = performance.now();
      await query();
      times.push(performance.now() - before);
    }
    times.sort((a, b) => a - b);
    console.log(`${name.padEnd(32)} median ${times[10]!.toFixed(2)} ms, slowest ${times.at(-1)!.toFixed(2)} ms`);
  }
}
