/**
 * What rooms leave behind: opens 500 rooms of 4, with a publisher in each, closes them, and does so again and again; then says
 * how much memory this process and the media workers hold in the end, compared with after the first rounds.
 *
 *     node loadtest/room-memory.ts [--rooms 500] [--people 4] [--rounds 20] [--workers 2] [--quality]
 *
 * A media worker that was built here gives back what rooms have left behind, within seconds after the last one is over
 * (native/worker/patches/memory-back.patch). Upstream's binary keeps what it has needed at most: glibc's allocator gives back
 * only the end of its heap.
 *
 * With --quality each round waits for more than a minute, for which ended sessions are held.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { installedWorker } from '../src/package.ts';
import { comeAndGo, heapInUse } from '../tests/support/rooms-come-and-go.ts';
import { startServer } from '../tests/support/server.ts';
import { childrenOf, footprint } from './support/process-usage.ts';
import { verdict } from './support/percentiles.ts';

const TARGET_PERCENT = 5;
/** Rounds until all that is kept for later is there: compiled code and pools. */
const WARM_UP = 1;

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: '500' },
    people: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
    quality: { type: 'boolean', default: false },
  },
});
const rooms = Math.min(5000, Number(values.rooms));
const people = Math.min(100, Number(values.people));
const rounds = Math.max(WARM_UP + 1, Math.min(200, Number(values.rounds)));

/** What is cleared up later is, ms. */
const rest = values.quality ? 65_000 : 5000;

const worker = installedWorker();
if (worker !== undefined) process.env['MEDIASOUP_WORKER_BIN'] ??= worker;
const folder = mkdtempSync(join(tmpdir(), 'sluice-memory-'));
const server = await startServer([
  ...['--store.folder', folder, '--media.workers', values.workers, '--rooms.max', String(rooms + 1)],
  ...['--qoe.enabled', String(values.quality)],
]);
try {
  let before: Usage | undefined;
  let after = await usage();
  console.log(`at rest: ${inWords(after)}`);
  for (let round = 1; round <= rounds; round += 1) {
    await comeAndGo(server, rooms, people);
    await sleep(rest);
    after = await usage();
    console.log(`round ${round}: ${inWords(after)}`);
    if (round === WARM_UP) before = after;
  }
  for (const what of ['heap', 'workers'] as const) {
    console.log(
      verdict(`growth of ${what} since round ${WARM_UP}`, growth(before![what], after[what]), TARGET_PERCENT, '%'),
    );
  }
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

type Usage = { heap: number; resident: number; workers: number };

async function usage(): Promise<Usage> {
  const heap = await heapInUse();
  const workers = childrenOf(process.pid).reduce((sum, pid) => sum + footprint(pid).rss, 0);
  return { heap, resident: footprint(process.pid).rss, workers };
}

function growth(from: number, to: number): number {
  return ((to - from) * 100) / from;
}

function inWords({ heap, resident, workers }: Usage): string {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return `heap ${mb(heap)}, resident ${mb(resident)}, workers ${mb(workers)}`;
}
