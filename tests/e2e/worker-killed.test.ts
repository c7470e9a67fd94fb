import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from './support/eventually.ts';
import type { Guest } from './support/guest.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();
/** The promise of the project: every browser shows video again within this many milliseconds. */
const PROMISED = 5000;
/** What a machine may need that is busy with other things: on it, nothing is promised but what joining takes as well. */
const PATIENCE = 60_000;

test('when the media worker is killed in mid-call, every browser shows video again within 5 s', async (t) => {
  const began = performance.now();
  const { ada, bob, eve } = await stage.call(t, 'killed', 'ada', 'bob', 'eve');
  const all = [ada, bob, eve];
  const pairs = all.flatMap((one) => all.filter((other) => other !== one).map((other) => [one, other] as const));
  await Promise.all(pairs.map(([one, other]) => one.sees(other.identity)));
  const joining = performance.now() - began;
  const receivers = await Promise.all(pairs.map(receiver));
  const worker = await workerPid();

  process.kill(worker, 'SIGKILL');
  const killed = performance.now();
  const delays = await Promise.all(
    pairs.map(async ([one, other], index) => {
      await eventually(
        `${one.identity} shows ${other.identity} again`,
        () => one.reception(other.identity, 'camera'),
        (now) => now !== undefined && now.receiver !== receivers[index] && now.frames > 0,
        PATIENCE,
      );
      return Math.round(performance.now() - killed);
    }),
  );
  t.diagnostic(
    `video again after ${delays.toSorted((a, b) => a - b).join(', ')} ms, joining took ${Math.round(joining)}`,
  );
  assert.ok(Math.max(...delays) <= Math.max(PROMISED, joining), `${Math.max(...delays)} ms; joining took ${joining}`);

  await Promise.all(pairs.map(([one, other]) => Promise.all([one.sees(other.identity), one.hears(other.identity)])));
  assert.notEqual(await workerPid(), worker);
  for (const guest of all) {
    assert.deepEqual(await guest.happened('participantLeft', 'trackRemoved', 'closed', 'stateChanged'), []);
    assert.equal((await guest.room()).state, 'connected');
  }
});

async function receiver([one, other]: readonly [Guest, Guest]): Promise<string | undefined> {
  return (await one.reception(other.identity, 'camera'))?.receiver;
}

/** The process of this server's only worker, from its metrics. */
async function workerPid(): Promise<number> {
  const metrics = await (await fetch(`${stage.server.url}/metrics`)).text();
  const pids = [...metrics.matchAll(/^sluice_worker_cpu_seconds_total\{pid="(\d+)"\}/gm)].map(([, pid]) => Number(pid));
  assert.equal(pids.length, 1, 'one worker runs');
  return pids[0]!;
}
