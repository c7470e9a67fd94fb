import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';

import { installedUdpAddon } from '../../src/package.ts';
import { loadUdpAddon, writeNow } from '../../src/relay/datagram-addon.ts';
import { SendBuffer } from '../../src/relay/send-buffer.ts';
import type { WriteNow } from '../../src/relay/tcp-addon.ts';

const addon = loadUdpAddon(installedUdpAddon()!);
const MEGABYTE = 1024 * 1024;
const LEAST = 4 * MEGABYTE;
/** More than any system takes for a reader that does not read. */
const MOST = 512 * MEGABYTE;

for (const [how, write] of [
  ['past the socket', (descriptor, bytes, length) => writeNow(addon, descriptor, bytes, length)],
  [
    'past the socket, a few bytes at a time',
    (descriptor, bytes, length) => writeNow(addon, descriptor, bytes, Math.min(7, length)),
  ],
  ['through the socket', undefined],
] satisfies [string, WriteNow | undefined][]) {
  test(`whatever a reader takes when, it gets all bytes in their order: ${how}`, async (t) => {
    const { near, far } = await connection(t);
    const slab = Buffer.from(Uint8Array.from({ length: 65_536 }, (_, at) => (at * 31 + (at >> 8)) & 255));
    const send = new SendBuffer(near, write);
    far.pause();
    let sent = 0;
    let most = 0;
    // Until much waits in this process, whatever the system takes.
    for (let turn = 0; sent < LEAST || (most < MEGABYTE && sent < MOST); turn += 1) {
      const length = Math.min(1 + ((turn * 7919) % 3000), slab.length - (sent % slab.length));
      send.add(slab, sent % slab.length, length);
      sent += length;
      if (turn % 3 === 0) send.flush();
      most = Math.max(most, send.waiting);
      // The reader wakes up now and then, and for good in the end.
      if (turn % 500 === 499) await readSome(far);
    }
    send.flush();
    assert.ok(most >= MEGABYTE, 'the reader is slow');
    const { chunks } = far;
    far.resume();
    near.end();
    await new Promise<void>((resolve) => {
      far.once('end', resolve);
    });
    const got = Buffer.concat(chunks);
    assert.equal(got.length, sent);
    for (let at = 0; at < sent; at += slab.length) {
      const part = got.subarray(at, at + slab.length);
      assert.ok(part.equals(slab.subarray(0, part.length)), `the bytes from ${at} on`);
    }
    assert.equal(send.waiting, 0);
  });
}

test('a reader that is gone costs nobody anything', async (t) => {
  const { near, far } = await connection(t);
  const send = new SendBuffer(near, (descriptor, bytes, length) => writeNow(addon, descriptor, bytes, length));
  const closed = new Promise<void>((resolve) => {
    near.once('close', () => resolve());
  });
  near.on('error', () => undefined);
  far.resetAndDestroy();
  const ticking = setInterval(() => {
    send.add(Buffer.alloc(1000), 0, 1000);
    send.flush();
  }, 5);
  t.after(() => clearInterval(ticking));
  await closed;
  send.add(Buffer.alloc(1000), 0, 1000);
  assert.doesNotThrow(() => send.flush());
});

type Reader = Socket & { chunks: Buffer[] };

async function connection(t: TestContext): Promise<{ near: Socket; far: Reader }> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  const far = Object.assign(connect((server.address() as { port: number }).port, '127.0.0.1'), {
    chunks: [] as Buffer[],
  });
  far.on('data', (chunk: Buffer) => far.chunks.push(chunk)).on('error', () => undefined);
  const near = await accepted;
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

async function readSome(far: Socket): Promise<void> {
  far.resume();
  await new Promise((resolve) => {
    far.once('data', resolve);
  });
  far.pause();
}
