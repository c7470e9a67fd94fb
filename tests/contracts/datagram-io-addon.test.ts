/** What only the addon can do: segmentation, ICMP, DF, descriptors that threads hand on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';

import * as fc from 'fast-check';

import { bindShared, bindStream, closeDescriptor, loadUdpAddon } from '../../src/relay/datagram-addon.ts';
import { createDatagramIo } from '../../src/relay/datagram-create.ts';
import { installedUdpAddon } from '../../src/package.ts';
import { addressAt, settle, startStation, textOf, until } from './datagram-io-harness.ts';
import type { EchoThread } from './datagram-io-thread.ts';

const path = installedUdpAddon();
if (path === undefined) throw new Error('no UDP addon: run `node scripts/bootstrap.mjs --for test` first');
const addon = loadUdpAddon(path);

test('a run of one size to one address leaves as one message, and arrives as it was cut', async (t) => {
  const station = startStation(t, 'addon');
  const [one, other, third] = [station.open(), station.open(), station.open()];
  // Interleaved with another flow, longer and shorter ones in between, and an empty one.
  const lengths = [100, 100, 100, 60, 100, 100, 200, 100, 0, 100, 100];
  lengths.forEach((length, n) => {
    station.queue(
      one,
      Buffer.alloc(length, n),
      station.addressOf(other),
      n % 3 === 0 && length > 0 ? { header: 'h' } : {},
    );
    station.queue(one, Buffer.alloc(10, n), station.addressOf(third));
  });
  station.io.flush();
  await until(() => station.arrived.length === 2 * lengths.length, 'all are there');
  const sizes = station.arrived.filter(({ socket }) => socket === other).map(({ bytes }) => bytes.length);
  assert.deepEqual(
    sizes,
    lengths.map((length, n) => (n % 3 === 0 && length > 0 ? length + 1 : length)),
  );
  assert.ok(station.count('segmentedRuns') >= 3);
  assert.equal(station.count('segmentationRefused'), 0);
  assert.equal(station.count('sendCalls'), 1, 'and both flows leave in one system call');
});

test('a run may be longer than one message may be', async (t) => {
  const station = startStation(t, 'addon', { scratch: 1 << 20 });
  const [one, other] = [station.open(), station.open('127.0.0.1', 0, { receiveBuffer: 4 << 20 })];
  for (let n = 0; n < 300; n += 1) station.queue(one, Buffer.alloc(1200, n), station.addressOf(other));
  station.io.flush();
  await until(() => station.arrived.length > 100, 'they are there');
  await settle();
  assert.equal(station.count('sent'), 300);
  station.arrived.forEach(({ bytes }, n) => assert.equal(bytes.length === 1200 && bytes[0], n & 0xff));
});

for (const host of ['127.0.0.1', '::1']) {
  test(`of many ready sockets, each brings all that came to it in its order, be it one or more, on ${host}`, async (t) => {
    const station = startStation(t, 'addon', { longest: 100 });
    const [sender, ...receivers] = Array.from({ length: 33 }, () => station.open(host)) as [number, ...number[]];
    const from = station.addressOf(sender);
    // In each round so many datagrams to each receiver; more than 100 bytes do not fit.
    const sizes = fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 100 }) },
      fc.integer({ min: 101, max: 200 }),
    );
    const counts = fc.array(sizes, { maxLength: 4, size: 'max' });
    const round = fc.array(counts, { minLength: receivers.length, maxLength: receivers.length });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 6, size: 'max' }), async (rounds) => {
        for (const lengths of rounds) {
          station.arrived.length = 0;
          const cut = station.count('truncated');
          receivers.forEach((receiver, at) => {
            const to = station.addressOf(receiver);
            lengths[at]!.forEach((length, n) => station.queue(sender, Buffer.alloc(length, n), to));
          });
          station.io.flush();
          await until(
            () => station.arrived.length + station.count('truncated') - cut === lengths.flat().length,
            'all are there',
          );
          for (const [at, receiver] of receivers.entries()) {
            const whole = lengths[at]!.map((length, n) => Buffer.alloc(length, n)).filter(
              ({ length }) => length <= 100,
            );
            const here = station.arrived.filter(({ socket }) => socket === receiver);
            assert.deepEqual(
              here.map(({ bytes }) => bytes),
              whole,
            );
            for (const one of here) assert.deepEqual(one.from, from);
          }
        }
      }),
      { numRuns: 20 },
    );
  });
}

for (const [host, type, code] of [
  ['127.0.0.1', 3, 3],
  ['::1', 1, 4],
] as const) {
  test(`a port that nobody has is reported with ICMP's type and code on ${host}`, async (t) => {
    const station = startStation(t, 'addon');
    const one = station.open(host);
    const closed = station.open(host);
    const nobody = station.addressOf(closed);
    station.io.close(closed);
    station.send(one, 'anyone?', nobody);
    await until(() => station.errors.length > 0, 'the error is there');
    const [{ socket, about, ...error } = assert.fail()] = station.errors;
    assert.equal(socket, one);
    assert.equal(textOf(about), textOf(nobody));
    assert.deepEqual(error, { type, code, info: 0 });
    assert.equal(station.count('icmpErrors'), 1);
  });
}

test('one peer that refuses costs the others nothing', async (t) => {
  const station = startStation(t, 'addon');
  const [one, good, closed] = [station.open(), station.open(), station.open()];
  const nobody = station.addressOf(closed);
  station.io.close(closed);
  for (let n = 0; n < 100; n += 1) {
    station.send(one, 'anyone?', nobody);
    station.send(one, String(n), station.addressOf(good));
  }
  await until(() => station.arrived.length === 100, 'all are there');
  await until(() => station.errors.length > 0, 'and so are errors');
  const sent = station.count('sent') + station.count('sendRefused');
  assert.equal(sent, 200);
});

test('errors that nobody reads do not keep the thread busy', async (t) => {
  const station = startStation(t, 'addon');
  const [one, closed] = [station.open(), station.open()];
  const nobody = station.addressOf(closed);
  station.io.close(closed);
  for (let n = 0; n < 500; n += 1) station.queue(one, 'x'.repeat(n % 100), nobody);
  station.io.flush();
  await until(() => station.errors.length > 0, 'some errors are there');
  await settle();
  const { utilization } = await loadOver(100);
  assert.ok(utilization < 0.5, `busy for ${utilization} of the time`);
});

test('a shared descriptor outlives the thread that used it, and the datagrams wait for the next', async (t) => {
  const shared = bindShared(addon, addressAt('127.0.0.1', 0));
  assert.ok(shared >= 0);
  t.after(() => closeDescriptor(addon, shared));
  const station = startStation(t, 'addon');
  const client = station.open();

  const first = await startThread(t, shared);
  station.send(client, 'one', addressAt('127.0.0.1', first.port));
  await until(() => station.arrived.length === 1, 'the first thread answers');
  await first.worker.terminate();
  station.send(client, 'two', addressAt('127.0.0.1', first.port));
  await settle();
  assert.equal(station.arrived.length, 1);

  const second = await startThread(t, shared);
  assert.equal(second.port, first.port);
  await until(() => station.arrived.length === 2, 'the second thread answers');
  assert.equal(station.arrived[1]?.bytes.toString(), 'two');
});

test('a socket on a shared descriptor reports nothing after its close, though the descriptor is open', async (t) => {
  const shared = bindShared(addon, addressAt('127.0.0.1', 0));
  t.after(() => closeDescriptor(addon, shared));
  const station = startStation(t, 'addon');
  const [client, adopted] = [station.open(), station.open('127.0.0.1', 0, { shared })];
  const to = station.addressOf(adopted);
  station.io.close(adopted);
  station.send(client, 'x', to);
  await settle();
  assert.equal(station.arrived.length, 0);
  assert.ok((await loadOver(50)).utilization < 0.5);
  const again = station.open('127.0.0.1', 0, { shared });
  await until(() => station.arrived.length === 1, 'it has waited');
  assert.equal(station.arrived[0]?.socket, again);
});

test('what is no UDP socket is not adopted', async (t) => {
  const { io } = startStation(t, 'addon');
  const stream = bindStream(addon, addressAt('127.0.0.1', 0));
  t.after(() => closeDescriptor(addon, stream));
  assert.ok(io.open({ ...addressAt('127.0.0.1', 0), shared: stream }) < 0);
  assert.ok(io.open({ ...addressAt('127.0.0.1', 0), shared: 1_000_000 }) < 0);
});

test('a stream connects from a port that somebody listens on', async (t) => {
  const target = createServer((socket) => socket.end(String(socket.remotePort)));
  const listener = createServer();
  t.after(() => [target, listener].forEach((server) => server.close()));
  target.listen(0, '127.0.0.1');
  listener.listen({ port: 0, host: '127.0.0.1', reusePort: true });
  await Promise.all([once(target, 'listening'), once(listener, 'listening')]);
  const own = portOf(listener);
  const fd = bindStream(addon, addressAt('127.0.0.1', own));
  assert.ok(fd >= 0, `bindStream: ${fd}`);
  const socket = new Socket({ fd, readable: true, writable: true, manualStart: true } as object);
  t.after(() => socket.destroy());
  socket.connect({ port: portOf(target), host: '127.0.0.1' });
  const [seen] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
  assert.equal(Number(seen), own);
  // And the listener still accepts.
  const accepted = once(listener, 'connection') as Promise<[Socket]>;
  connect(own, '127.0.0.1')
    .on('close', () => {})
    .end();
  (await accepted)[0].destroy();
});

test('whoever wants the addon or nothing hears why there is none', () => {
  const handlers = { onBatch: () => {}, onError: () => {} };
  const absent = { addonPath: '/nowhere/udp.node', handlers };
  assert.throws(() => createDatagramIo({ ...absent, addon: 'on' }), /cannot be used: .*nowhere/s);
  const { io, why } = createDatagramIo({ ...absent, addon: 'auto' });
  io.end();
  assert.equal(io.kind, 'dgram');
  assert.match(why ?? '', /nowhere/);
  const off = createDatagramIo({ addonPath: path, handlers, addon: 'off' });
  off.io.end();
  assert.equal(off.why, 'it is switched off');
});

async function startThread(t: TestContext, shared: number): Promise<{ worker: Worker; port: number }> {
  const workerData: EchoThread = { addon: 'on', address: addressAt('127.0.0.1', 0), shared };
  const worker = new Worker(new URL('datagram-io-thread.ts', import.meta.url), { workerData });
  t.after(() => worker.terminate());
  const [{ port }] = (await once(worker, 'message')) as [{ port: number }];
  return { worker, port };
}

async function loadOver(ms: number) {
  const before = performance.eventLoopUtilization();
  await new Promise((resolve) => setTimeout(resolve, ms));
  return performance.eventLoopUtilization(before);
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
