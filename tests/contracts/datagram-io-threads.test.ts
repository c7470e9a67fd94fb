/** DatagramIo on worker threads, which end when they are told to, when they fail, and at any other time. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { once } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';

import {
  addressAt,
  type Implementation,
  IMPLEMENTATIONS,
  type Station,
  startStation,
  until,
} from './datagram-io-harness.ts';
import type { EchoThread } from './datagram-io-thread.ts';

for (const kind of IMPLEMENTATIONS) {
  describe(`threads with UDP by way of ${kind}`, () => {
    test('several threads share a port, and each client has one of them', async (t) => {
      const first = await startThread(t, kind, 0);
      const others = await Promise.all([1, 2].map(() => startThread(t, kind, first.port)));
      assert.ok(others.every(({ port }) => port === first.port));
      const station = startStation(t, kind);
      const clients = Array.from({ length: 50 }, () => station.open());
      for (let round = 0; round < 4; round += 1) {
        for (const client of clients) station.send(client, `round ${round}`, addressAt('127.0.0.1', first.port));
        await until(() => station.arrived.length === 50 * (round + 1), 'all have come back');
      }
    });

    test('a thread that ends its io ends by itself', async (t) => {
      const { worker } = await startThread(t, kind, 0);
      const exit = once(worker, 'exit');
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage('end');
      assert.deepEqual(await exit, [0]);
    });

    test('a thread that is terminated under load leaves no descriptor behind', async (t) => {
      // The first thread of a process opens some for good.
      await (await startThread(t, kind, 0)).worker.terminate();
      const station = startStation(t, kind);
      const clients = Array.from({ length: 4 }, () => station.open());
      const before = descriptors();
      for (let round = 0; round < 8; round += 1) {
        const { worker, port } = await startThread(t, kind, 0);
        const stop = pingPong(station, clients, port);
        await until(() => station.arrived.length > 500, 'it echoes');
        await worker.terminate();
        stop();
        await until(() => descriptors() <= before, 'its descriptors are closed');
        station.arrived.length = 0;
      }
    });

    test('a handler that throws ends its thread with that error, and sends nothing that it had queued', async (t) => {
      const { worker, port } = await startThread(t, kind, 0, { throwOn: 0x21 });
      const station = startStation(t, kind);
      const client = station.open();
      const failed = once(worker, 'error') as Promise<[Error]>;
      const exit = new Promise((resolve) => worker.once('exit', resolve));
      station.send(client, '!', addressAt('127.0.0.1', port));
      const [error] = await failed;
      assert.equal(error.message, 'asked to');
      assert.equal(await exit, 1);
      if (kind === 'addon') assert.equal(station.arrived.length, 0);
    });
  });
}

type Thread = { worker: Worker; port: number; socket: number };

async function startThread(
  t: TestContext,
  kind: Implementation,
  port: number,
  more: Partial<EchoThread> = {},
): Promise<Thread> {
  const workerData: EchoThread = {
    addon: kind === 'addon' ? 'on' : 'off',
    address: addressAt('127.0.0.1', port),
    ...more,
  };
  const worker = new Worker(new URL('datagram-io-thread.ts', import.meta.url), { workerData });
  t.after(() => worker.terminate());
  const [told] = (await once(worker, 'message')) as [{ socket: number; port: number }];
  return { worker, ...told };
}

/** Keeps 20 datagrams of each client on their way to and from `port`. */
function pingPong(station: Station, clients: readonly number[], port: number): () => void {
  station.onRecord = (_, at) => station.echo(at);
  for (const client of clients) {
    for (let n = 0; n < 20; n += 1) station.send(client, 'ping', addressAt('127.0.0.1', port));
  }
  return () => {
    station.onRecord = () => {};
  };
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
