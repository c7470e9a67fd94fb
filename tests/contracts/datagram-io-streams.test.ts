/** Connections that the addon reads along with datagrams. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';

import { createDatagramIo } from '../../src/relay/datagram-create.ts';
import { RX_STRIDE } from '../../src/relay/datagram-io.ts';
import { installedUdpAddon } from '../../src/package.ts';
import { descriptorOf } from '../../src/relay/tcp-addon.ts';
import { until } from './datagram-io-harness.ts';

test('what comes over a connection is told in its order, whole, and its end once', async (t) => {
  const { read, seen } = aReader(t);
  const { near, far } = await connection(t);
  const reads = read(near);
  const sent = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 7 + (at >> 9)) & 255));
  far.end(sent);
  await until(() => seen(reads).lengths.at(-1) === 0, 'the end is told');
  assert.ok(Buffer.concat(seen(reads).chunks).equals(sent));
  await pause();
  assert.equal(seen(reads).lengths.filter((length) => length === 0).length, 1);
});

test('a connection that breaks is told once', async (t) => {
  const { read, seen } = aReader(t);
  const { near, far } = await connection(t);
  const reads = read(near);
  far.resetAndDestroy();
  await until(() => seen(reads).lengths.length > 0, 'it is told');
  await pause();
  assert.deepEqual(seen(reads).lengths, [-1]);
});

test('after its close nothing is told of it, its owner has it still, and no descriptor is left', async (t) => {
  const { read, seen, io } = aReader(t);
  const { near, far } = await connection(t);
  const reads = read(near);
  assert.equal(descriptorsOf(near), 2);
  far.write('one');
  await until(() => seen(reads).lengths.length > 0, 'it is read');
  io.close(reads);
  assert.equal(descriptorsOf(near), 1);
  far.write('two');
  await pause();
  assert.deepEqual(String(Buffer.concat(seen(reads).chunks)), 'one');
  const rest = await new Promise<Buffer>((resolve) => {
    near.once('data', resolve).resume();
  });
  assert.equal(String(rest), 'two');

  read(near);
  io.end();
  assert.equal(descriptorsOf(near), 1);
});

test('many connections are read in one batch, and datagrams are counted without them', async (t) => {
  const { read, seen, io, counters } = aReader(t);
  const pairs = await Promise.all(Array.from({ length: 300 }, () => connection(t)));
  const handles = pairs.map(({ near }) => read(near));
  assert.equal(new Set(handles).size, handles.length);
  pairs.forEach(({ far }, n) => far.write(`hello from ${n}`));
  await until(() => handles.every((reads) => seen(reads).chunks.length > 0), 'all have been read');
  handles.forEach((reads, n) => assert.equal(String(Buffer.concat(seen(reads).chunks)), `hello from ${n}`));
  assert.equal(counters[0], 0);
  assert.ok((io.readStream?.(999_999) ?? 0) < 0, 'what is no descriptor is refused');
});

function aReader(t: TestContext) {
  const told = new Map<number, { lengths: number[]; chunks: Buffer[] }>();
  const seen = (reads: number) => told.get(reads) ?? { lengths: [], chunks: [] };
  const { io } = createDatagramIo({
    addon: 'on',
    addonPath: installedUdpAddon(),
    handlers: {
      onError: () => assert.fail('no ICMP'),
      onBatch(count) {
        for (let at = 0; at < count * RX_STRIDE; at += RX_STRIDE) {
          const [reads = -1, offset = 0, length = 0] = io.rx.subarray(at, at + 3);
          const { lengths, chunks } = seen(reads);
          lengths.push(length);
          if (length > 0) chunks.push(Buffer.from(io.slab.slice(offset, offset + length)));
          told.set(reads, { lengths, chunks });
        }
      },
    },
  });
  t.after(() => io.end());
  const read = (socket: Socket) => {
    const reads = io.readStream?.(descriptorOf(socket)!) ?? -1;
    assert.ok(reads >= 0, `it is read: ${reads}`);
    return reads;
  };
  return { io, read, seen, counters: io.counters };
}

async function connection(t: TestContext): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  const far = connect((server.address() as { port: number }).port, '127.0.0.1');
  const near = await accepted;
  for (const socket of [near, far]) socket.on('error', () => undefined);
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

/** How many descriptors this process has of a connection. */
function descriptorsOf(socket: Socket): number {
  const links = readdirSync('/proc/self/fd').map(linkOf);
  const own = linkOf(String(descriptorOf(socket)));
  return links.filter((link) => link === own).length;
}

/** What a descriptor is of; undefined for the one that was open to list them. */
function linkOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
}
