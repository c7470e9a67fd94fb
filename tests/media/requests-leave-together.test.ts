import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Writable } from 'node:stream';
import { test } from 'node:test';

import { gather } from '../../src/media/gathered-writes.ts';
import { endNow, startWorkerProcess } from '../../src/media/worker-process.ts';
import { installedWorker } from '../../src/package.ts';
import { freePort } from '../support/free-port.ts';

test('what is written in one turn leaves in one write, in its order; what comes later, in the next one', async () => {
  const writes: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => done(void writes.push(chunk.toString())),
    writev: (chunks, done) => done(void writes.push(chunks.map(({ chunk }) => String(chunk)).join(' '))),
  });
  gather(stream);
  for (const word of ['one', 'two', 'three']) stream.write(word);
  assert.deepEqual(writes, [], 'nothing leaves before the turn is over');
  await new Promise(setImmediate);
  assert.deepEqual(writes, ['one two three']);
  stream.write('four');
  await new Promise(setImmediate);
  assert.deepEqual(writes, ['one two three', 'four']);
});

test('the requests of a media worker are gathered, and answered', async (t) => {
  const children: ChildProcess[] = [];
  const started = (message: unknown) => void children.push((message as { process: ChildProcess }).process);
  subscribe('child_process', started);
  t.after(() => unsubscribe('child_process', started));
  const port = await freePort();
  const { worker } = await startWorkerProcess({ listen: [{ ip: '127.0.0.1' }], port, workerBin: installedWorker() });
  t.after(() => endNow(worker));
  const requests = children.find(({ pid }) => pid === worker.pid)?.stdio[3] as Writable;
  const answers = Promise.all([worker.dump(), worker.getResourceUsage(), worker.dump()]);
  assert.equal(requests.writableCorked, 1, 'three requests are under way and none has left');
  const [first, , last] = await answers;
  assert.deepEqual([first.pid, last.pid, requests.writableCorked], [worker.pid, worker.pid, 0]);
});
