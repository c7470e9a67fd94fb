/**
 * What the UDP path itself costs: datagrams echoed per second and CPU time for each, by the addon with and without
 * segmentation, by the dgram implementation of the same interface, and by node:dgram with nothing around it; and what
 * each puts on the heap for a million datagrams.
 *
 *     npm run loadtest -- udp-echo [--rounds 3] [--seconds 2] [--window 64]
 *
 * The server has one core and the generator (native/udp-blast.c, built with cc) another; rounds alternate, and the best
 * of each is reported, since whatever else a machine does only slows them down.
 */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { cpuSeconds } from './support/own-server.ts';
import type { EchoKind, EchoReport } from './support/udp-echo-server.ts';

const run = promisify(execFile);
const KINDS: readonly EchoKind[] = ['addon', 'addon, no GSO', 'dgram', 'node:dgram alone'];
const LOADS = [
  { flows: 4, bytes: 200 },
  { flows: 4, bytes: 1200 },
  { flows: 200, bytes: 200 },
];
const WARM_UP_MS = 500;
const MOST_LOST = 0.001;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    window: { type: 'string', default: '64' },
  },
});
const rounds = Math.min(20, Math.max(1, Number(values.rounds)));
const milliseconds = Math.min(30, Math.max(0.2, Number(values.seconds))) * 1000;
const window = Math.min(1024, Math.max(1, Number(values.window)));

type Result = { rate: number; lost: number; micros: number; perBatch: number; heapPerMillion: number; gcs: number };

const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-udp-'));
const blast = path.join(scratch, 'udp-blast');
try {
  const source = fileURLToPath(new URL('native/udp-blast.c', import.meta.url));
  await run('cc', ['-std=gnu17', '-O2', '-o', blast, source]);
  for (const { flows, bytes } of LOADS) {
    const results = new Map<EchoKind, Result[]>(KINDS.map((kind) => [kind, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const kind of KINDS) results.get(kind)?.push(await measure(kind, flows, bytes));
    }
    console.log(`${flows} flows, ${bytes} bytes, ${flows === 200 ? 1 : window} of each under way`);
    console.table(Object.fromEntries([...results].map(([kind, list]) => [kind, tableRow(list)])));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function measure(kind: EchoKind, flows: number, bytes: number): Promise<Result> {
  const script = fileURLToPath(new URL('support/udp-echo-server.ts', import.meta.url));
  const server = fork(script, [kind], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    const pid = server.pid!;
    await run('taskset', ['-a', '-p', '-c', '0', String(pid)]);
    const inFlight = flows === 200 ? 1 : window;
    const load = (ms: number) =>
      run('taskset', ['-c', '1', blast, '127.0.0.1', ...[port, flows, bytes, inFlight, ms].map(String)]);
    await load(WARM_UP_MS);
    const before = await ask(server);
    const cpu = cpuSeconds(pid);
    const { stdout } = await load(milliseconds);
    const used = cpuSeconds(pid) - cpu;
    const after = await ask(server);
    const [echoed = 0, lost = 0, nanoseconds = 1] = stdout.trim().split(' ').map(Number);
    const handled = after.echoed - before.echoed;
    return {
      rate: (echoed * 1e6) / nanoseconds,
      lost: lost / (echoed + lost),
      micros: (used * 1e6) / handled,
      perBatch: after.perBatch,
      heapPerMillion: ((after.heap - before.heap) / handled) * 1e6,
      gcs: after.collections - before.collections,
    };
  } finally {
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
  }
}

async function ask(server: ReturnType<typeof fork>): Promise<EchoReport> {
  const answer = once(server, 'message') as Promise<[EchoReport]>;
  server.send('report');
  return (await answer)[0];
}

/** The best round by CPU time; a round that lost more than next to nothing only where there is no other. */
function tableRow(results: readonly Result[]) {
  const clean = results.filter(({ lost }) => lost <= MOST_LOST);
  const candidates = clean.length > 0 ? clean : results;
  const best = candidates.toSorted((a, b) => a.micros - b.micros)[0]!;
  return {
    'thousand/s': Number(Math.max(...candidates.map(({ rate }) => rate)).toFixed(0)),
    'CPU µs each': Number(best.micros.toFixed(2)),
    'lost %': Number((best.lost * 100).toFixed(3)),
    'in a batch': Number(best.perBatch.toFixed(1)),
    'heap KiB / million': Number((best.heapPerMillion / 1024).toFixed(0)),
    collections: best.gcs,
  };
}
