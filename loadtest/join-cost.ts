/**
 * What a join costs the main thread, and whose work that is: people join rooms of 4 over signaling, receive two tracks each,
 * and leave. CPU time of the thread by the kernel's count, divided by what the profiler saw in a second run: mediasoup's
 * calls, the event log, quality of experience, signaling, and the rest of the server.
 *
 *     node loadtest/join-cost.ts [--joins 2000] [--at-once 8]
 *
 * Leaving and the tokens' verification are in it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

import { installedWorker } from '../src/package.ts';
import { DEFAULT_GRANTS } from '../src/rooms/grants.ts';
import { identity, roomName } from '../tests/support/rooms.ts';
import { opusParameters, vp8Parameters } from '../tests/support/rtp-peer.ts';
import { startServer } from '../tests/support/server.ts';
import { cpuShares, type Part } from './support/cpu-shares.ts';
import type { Crowd } from './support/join-crowd.ts';
import { verdict } from './support/percentiles.ts';
import { mainThreadSeconds } from './support/process-usage.ts';

const TARGET_MS = 1;
/** Joins until the compiler has seen everything. */
const WARM_UP = 800;
const PER_ROOM = 3;
const OPEN = ['apiKey', 'anonymous', 'joinAddress', 'joinIdentity'].flatMap((door) => [
  ...[`--limits.${door}.rate`, '100000', `--limits.${door}.burst`, '100000'],
]);
const PARTS: readonly Part[] = [
  { name: 'mediasoup', url: /node_modules\/mediasoup\// },
  { name: 'event log', url: /\/src\/(?:events|store)\/|\/src\/events-service/ },
  { name: 'quality', url: /\/src\/qoe/ },
  { name: 'socket.io', url: /node_modules\/(?:socket\.io|engine\.io|uws-pack)/ },
  { name: 'signaling', url: /\/src\/(?:signaling|http)\// },
  { name: 'tokens', url: /\/src\/auth\/|node_modules\/jose\// },
  { name: 'media', url: /\/src\/media\// },
  { name: 'rooms', url: /\/src\/rooms\// },
  { name: 'other', url: /\/src\/|node_modules/ },
];

const { values } = parseArgs({
  options: { joins: { type: 'string', default: '2000' }, 'at-once': { type: 'string', default: '8' } },
});
const joins = Math.min(20_000, Number(values.joins));
const atOnce = Math.max(1, Math.min(100, Number(values['at-once'])));

const worker = installedWorker();
if (worker !== undefined) process.env['MEDIASOUP_WORKER_BIN'] ??= worker;
const folder = mkdtempSync(join(tmpdir(), 'sluice-join-'));
const server = await startServer(['--store.folder', folder, '--signaling.connectionsPerAddress', '20000', ...OPEN]);
const crowd = new Worker(new URL('support/join-crowd.ts', import.meta.url), {
  workerData: {
    url: server.url,
    rtpCapabilities: await publishers(Math.ceil(atOnce / PER_ROOM)),
    atOnce,
  } satisfies Crowd,
});
await joinAll(await tokensFor(WARM_UP));
const tokens = await tokensFor(joins);
const before = mainThreadSeconds(process.pid);
await joinAll(tokens);
const perJoin = ((mainThreadSeconds(process.pid) - before) * 1000) / joins;
const profiled = await tokensFor(joins);
const shares = await cpuShares(PARTS, () => joinAll(profiled));

console.log(`${joins} joins and leaves, ${atOnce} at once: ${perJoin.toFixed(3)} ms of the main thread each`);
for (const [name, share] of [...shares].toSorted(([, a], [, b]) => b - a)) {
  console.log(`  ${name.padEnd(12)}${(share * perJoin).toFixed(3)} ms`);
}
const own = perJoin * (1 - (shares.get('mediasoup') ?? 0));
console.log(verdict('the server without mediasoup', own, TARGET_MS, 'ms'));
await crowd.terminate();
await server.close();
rmSync(folder, { recursive: true, force: true });
process.exit();

/** Rooms with somebody in each who publishes a microphone and a camera. Returns what everyone can receive. */
async function publishers(rooms: number): Promise<object> {
  let rtpCapabilities: object = {};
  for (let room = 0; room < rooms; room += 1) {
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

async function tokensFor(count: number): Promise<string[]> {
  const rooms = Math.ceil(atOnce / PER_ROOM);
  const made: string[] = [];
  for (let index = 0; index < count; index += 1) {
    made.push(await server.token(`join-${index % rooms}`, `guest-${index}`));
  }
  return made;
}

function joinAll(all: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    crowd.once('message', () => resolve()).once('error', reject);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    crowd.postMessage(all);
  });
}
