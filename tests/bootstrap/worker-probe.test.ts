import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { probeWorker, readMessages } from '../../scripts/bootstrap/worker-probe.mjs';
import { MEDIASOUP_VERSION, realWorker, scratchDir, write } from './scratch.ts';

const options = { version: MEDIASOUP_VERSION, patienceMs: 2_000 };

/** What a mediasoup 3.27.1 worker with pid 18757 says first, recorded. */
const RUNNING = Buffer.from(
  '380000000c00000008000c000700080008000000000000030c00000008000c0008000700080000000000000404000000050000003138373537000000',
  'hex',
);

test('a worker that says that it runs passes', async () => {
  assert.deepEqual(await probeWorker(realWorker(), options), { ok: true });
});

test('a program that ends at once fails with its status and its first complaint', async (t) => {
  const bin = program(t, 'echo "libuv.so.1: cannot open shared object file" >&2; echo more >&2; exit 127');
  assert.deepEqual(await probeWorker(bin, options), {
    ok: false,
    why: 'ended with status 127: libuv.so.1: cannot open shared object file',
  });
});

test('a program that says nothing fails after a bounded time, though its children keep the pipes open', async (t) => {
  const bin = program(t, 'sleep 5 & exec sleep 5');
  assert.deepEqual(await probeWorker(bin, { ...options, patienceMs: 200 }), {
    ok: false,
    why: 'said nothing for 0.2 s',
  });
});

test('a program that talks, but not as a worker does, fails', async (t) => {
  const bin = program(t, 'echo "hello there, this is no FlatBuffer" >&4; exec sleep 5');
  assert.deepEqual(await probeWorker(bin, options), {
    ok: false,
    why: 'answered something else than a mediasoup worker does',
  });
});

test('a file that cannot be executed fails', async (t) => {
  const bin = path.join(scratchDir(t), 'absent');
  const verdict = await probeWorker(bin, options);
  assert.equal(verdict.ok, false);
  assert.match(verdict.ok ? '' : verdict.why, /^cannot be run: .*ENOENT/);
});

test('the notification is recognised however the pipe cuts it, and only with its own pid', () => {
  assert.equal(readMessages(RUNNING, '18757'), 'running');
  assert.equal(readMessages(RUNNING, '18758'), 'incomplete');
  assert.equal(readMessages(Buffer.concat([RUNNING, RUNNING]), '18757'), 'running');
  for (let length = 0; length < RUNNING.length; length += 1) {
    assert.equal(readMessages(RUNNING.subarray(0, length), '18757'), 'incomplete', `${length} bytes`);
  }
});

test('no bytes make the reader throw, and random ones are never taken for a worker', () => {
  const damaged = fc
    .array(fc.tuple(fc.nat(RUNNING.length - 5), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const copy = Buffer.from(RUNNING);
      for (const [at, byte] of changes) copy[at + 4] = byte;
      return copy;
    });
  fc.assert(fc.property(damaged, (bytes) => void readMessages(bytes, '18757')));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.notEqual(readMessages(Buffer.from(bytes), '18757'), 'running');
    }),
  );
});

function program(t: Parameters<typeof scratchDir>[0], script: string): string {
  const dir = scratchDir(t);
  write(dir, { worker: `#!/bin/sh\n${script}\n` });
  return path.join(dir, 'worker');
}
