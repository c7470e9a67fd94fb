import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

import { withLock } from '../../scripts/bootstrap/lock.mjs';

const module = new URL('../../scripts/bootstrap/lock.mjs', import.meta.url).href;

test('work of one name runs one at a time, of different names together', async (t) => {
  const name = `${t.name} ${process.pid}`;
  const running = { now: 0, most: 0 };
  const work = async () => {
    running.now += 1;
    running.most = Math.max(running.most, running.now);
    for (let i = 0; i < 20; i += 1) await turn();
    running.now -= 1;
    return 'done';
  };
  let waits = 0;
  const onWait = () => void (waits += 1);
  const results = await Promise.all([1, 2, 3].map(() => withLock(name, work, { onWait })));
  assert.deepEqual(results, ['done', 'done', 'done']);
  assert.equal(running.most, 1);
  assert.equal(waits, 2);

  await Promise.all(['a', 'b'].map((suffix) => withLock(`${name} ${suffix}`, work)));
  assert.equal(running.most, 2);
});

test('work that throws frees the lock and says what it threw', async (t) => {
  const name = `${t.name} ${process.pid}`;
  await assert.rejects(
    withLock(name, () => Promise.reject(new Error('no disk'))),
    /no disk/,
  );
  assert.equal(await withLock(name, () => Promise.resolve(1)), 1);
});

test('a holder that is killed leaves nothing stale behind', async (t) => {
  const name = `${t.name} ${process.pid}`;
  const script = `
    import { withLock } from ${JSON.stringify(module)};
    await withLock(${JSON.stringify(name)}, () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');

  const { promise: waiting, resolve: onWait } = Promise.withResolvers<void>();
  let entered = false;
  const next = withLock(name, async () => void (entered = true), { onWait });
  await waiting;
  assert.equal(entered, false);
  holder.kill('SIGKILL');
  await next;
  assert.equal(entered, true);
});

test('a holder that does not end is given up on', async (t) => {
  const name = `${t.name} ${process.pid}`;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const holder = withLock(name, () => held);
  t.after(async () => {
    release();
    await holder;
  });
  await assert.rejects(
    withLock(name, () => Promise.resolve(), { patienceMs: 50 }),
    /for too long/,
  );
});
