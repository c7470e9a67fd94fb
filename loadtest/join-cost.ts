/**
 * What a join costs the main thread, and whose work that is. Rooms of one who sends a microphone and a camera fill up with
 * people, three to a room, who join over signaling and are given two transports and two tracks each; then all of them leave,
 * and so on. CPU time of the thread by the kernel's count (nanoseconds), for joins and for leaves apart, and divided by what
 * the profiler saw of each in a second run: mediasoup's own calls, the event log, quality of experience, signaling, and so on.
 *
 *     node loadtest/join-cost.ts [--joins 2000] [--at-once 8] [--known] [--profile FOLDER]
 *
 * A join begins with the socket and ends when the thread rests again: tokens are verified (`--known`: they were made by
 * this server, which need not check them again), the others are told, facts go to the store, and what the clockwork does
 * for those who are there meanwhile is in it. Collections and the loop are counted with the server, all of them.
 * `--profile` writes a .cpuprofile of the joins and one of the leaves for a browser's developer tools.
 */
import { once } from 'node:events';
import type { Profiler } from 'node:inspector';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

import { createSluice } from '../client/server-sdk/sluice.ts';
import { installedWorker } from '../src/package.ts';
import { DEFAULT_GRANTS } from '../src/rooms/grants.ts';
import { identity, roomName } from '../tests/support/rooms.ts';
import { opusParameters, vp8Parameters } from '../tests/support/rtp-peer.ts';
import { API_KEYS, startServer } from '../tests/support/server.ts';
import { cpuShares, type Part, profileOf } from './support/cpu-shares.ts';
import type { Crowd, CrowdOrder } from './support/join-crowd.ts';
import { verdict } from './support/percentiles.ts';
import { mainThreadSeconds } from './support/process-usage.ts';

const TARGET_MS = 1;
/** Joins until the compiler has seen everything. */
const WARM_UP = 1200;
const PER_ROOM = 3;
/** How many are in at a time. */
const ROOMS = 40;
const IN_A_ROUND = ROOMS * PER_ROOM;
/** What a join sets off has come to rest by then, in milliseconds. */
const SETTLED = 40;
const OPEN = [
  ...['--http.connectionsPerAddress', '0', '--signaling.connectionsPerAddress', '20000'],
  ...['apiKey', 'anonymous', 'joinAddress', 'joinIdentity'].flatMap((door) => [
    ...[`--limits.${door}.rate`, '100000', `--limits.${door}.burst`, '100000'],
  ]),
];
/** What is not here, libraries that several use and our own kernel among it, belongs to whoever calls it. */
const PARTS: readonly Part[] = [
  { name: 'mediasoup', url: /node_modules\/mediasoup\// },
  { name: 'event log', url: /\/src\/(?:events|store)\/|\/src\/events-service/ },
  { name: 'quality', url: /\/src\/qoe/ },
  { name: 'socket.io', url: /node_modules\/(?:socket\.io|engine\.io|uws-pack)/ },
  { name: 'signaling', url: /\/src\/(?:signaling|http)\// },
  { name: 'tokens', url: /\/src\/auth\/|node_modules\/jose\// },
  { name: 'media', url: /\/src\/media\// },
  { name: 'rooms', url: /\/src\/rooms\// },
  { name: 'other', url: /\/src\/(?!kernel\/)/ },
];
type Phase = 'join' | 'leave';

const { values } = parseArgs({
  options: {
    joins: { type: 'string', default: '2000' },
    'at-once': { type: 'string', default: '8' },
    known: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const rounds = Math.ceil(Math.min(20_000, Number(values.joins)) / IN_A_ROUND);
const atOnce = Math.max(1, Math.min(100, Number(values['at-once'])));

const worker = installedWorker();
if (worker !== undefined) process.env['MEDIASOUP_WORKER_BIN'] ??= worker;
const folder = mkdtempSync(join(tmpdir(), 'sluice-join-'));
const server = await startServer(['--store.folder', folder, ...OPEN]);
const backEnd = createSluice({ url: server.url, apiKey: API_KEYS[0] });
const crowd = new Worker(new URL('support/join-crowd.ts', import.meta.url), {
  workerData: { url: server.url, rtpCapabilities: await publishers(), atOnce } satisfies Crowd,
});

await comeAndGo(Math.ceil(WARM_UP / IN_A_ROUND), (_, act) => act());
const seconds = { join: 0, leave: 0 };
await comeAndGo(rounds, async (phase, act) => {
  const before = mainThreadSeconds(process.pid);
  await act();
  seconds[phase] += mainThreadSeconds(process.pid) - before;
});
const profiles: Record<Phase, Profiler.Profile[]> = { join: [], leave: [] };
await comeAndGo(rounds, async (phase, act) => void profiles[phase].push(await profileOf(act)));
const own = { join: report('join'), leave: report('leave') };
console.log(verdict('a join, without mediasoup', own.join, TARGET_MS, 'ms'));
await crowd.terminate();
await server.close();
rmSync(folder, { recursive: true, force: true });
process.exit();

/** Prints what one of them costs and whose work that is, and returns what is left without mediasoup. */
function report(phase: Phase): number {
  const each = (seconds[phase] * 1000) / (rounds * IN_A_ROUND);
  const shares = cpuShares(profiles[phase], PARTS);
  console.log(`a ${phase}: ${each.toFixed(3)} ms of the main thread, of ${rounds * IN_A_ROUND}, ${atOnce} at once`);
  for (const [name, share] of [...shares].toSorted(([, a], [, b]) => b - a)) {
    console.log(`  ${name.padEnd(12)}${(share * each).toFixed(3)} ms`);
  }
  if (values.profile !== undefined) {
    mkdirSync(values.profile, { recursive: true });
    const longest = profiles[phase].toSorted((a, b) => (b.samples?.length ?? 0) - (a.samples?.length ?? 0))[0];
    writeFileSync(join(values.profile, `${phase}.cpuprofile`), JSON.stringify(longest));
  }
  return each * (1 - (shares.get('mediasoup') ?? 0));
}

/** Fills all rooms and empties them, `times` times; `around` is given each half, to be done and measured. */
async function comeAndGo(
  times: number,
  around: (phase: Phase, act: () => Promise<void>) => Promise<void>,
): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const tokens = await tokensFor();
    await around('join', () => order({ join: tokens }));
    await around('leave', () => order('leave'));
  }
}

/** Rooms with somebody in each who publishes a microphone and a camera. Returns what everyone can receive. */
async function publishers(): Promise<object> {
  let rtpCapabilities: object = {};
  for (let room = 0; room < ROOMS; room += 1) {
    const { participant, joined } = await server.rooms.join(
      {
        ...{ room: roomName(`join-${room}`), identity: identity('host'), name: 'host', metadata: {}, attributes: {} },
        ...{ grants: DEFAULT_GRANTS, tokenId: `host-${room}`, keyId: 'test', subscribe: 'auto' },
      },
      { send: () => undefined, sendLossy: () => undefined, end: () => undefined },
    );
    ({ rtpCapabilities } = joined.media);
    const { requests } = participant;
    await requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: opusParameters(1) });
    await requests.produce({ kind: 'video', source: 'camera', rtpParameters: vp8Parameters([2, 3, 4]) });
  }
  return rtpCapabilities;
}

function tokensFor(): Promise<string[]> {
  return Promise.all(
    Array.from({ length: IN_A_ROUND }, async (_, index) => {
      const [room, who] = [`join-${index % ROOMS}`, `guest-${index}`];
      return values.known ? server.token(room, who) : (await backEnd.tokens.sign(room, { identity: who })).token;
    }),
  );
}

/** Resolves a moment after the crowd has done it. */
async function order(one: CrowdOrder): Promise<void> {
  const done = once(crowd, 'message');
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  crowd.postMessage(one);
  await done;
  await sleep(SETTLED);
}
