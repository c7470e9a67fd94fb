import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json } from '../../src/http/message.ts';
import { ask, eventually, pause, startServer, Wire } from './harness.ts';

test('a client that goes before a late answer aborts the signal, and the answer is thrown away', async (t) => {
  let signal: AbortSignal | undefined;
  let answered = false;
  const { port, records, faults } = await startServer(t, {}, (server) => {
    server.route('GET', '/slow', async (request) => {
      signal = request.signal;
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
      await pause(20);
      answered = request.aborted;
      return json({ late: true });
    });
    server.route('GET', '/alive', () => json({ alive: true }));
  });
  const wire = await Wire.open(t, port);
  wire.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => signal !== undefined);
  wire.socket.resetAndDestroy();
  await eventually(() => answered);
  await pause(10);
  assert.equal(signal?.aborted, true);
  assert.deepEqual([records.length, records[0]?.status, faults.length], [1, 499, 0]);
  assert.equal((await ask(port, 'GET', '/alive')).status, 200);
});

test('a late fault after the client has gone is still reported', async (t) => {
  let release: (() => void) | undefined;
  const { port, records, faults } = await startServer(t, {}, (server) => {
    server.route('GET', '/slow', async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      throw new Error('too late to tell');
    });
  });
  const wire = await Wire.open(t, port);
  wire.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => release !== undefined);
  wire.socket.resetAndDestroy();
  await eventually(() => records.length === 1);
  release?.();
  await eventually(() => faults.length === 1);
});

test('a large answer reaches a slow reader whole, and a reader that goes halfway is forgotten', async (t) => {
  const body = Buffer.alloc(8 * 1024 * 1024);
  for (let at = 0; at < body.length; at += 4) body.writeUInt32LE((at * 2654435761) % 2 ** 32, at);
  const { port, records, faults } = await startServer(t, {}, (server) => {
    server.route('GET', '/large', () => ({ status: 200, body }));
    server.route('GET', '/large-later', async () => (await pause(1), { status: 200, body }));
  });
  for (const path of ['/large', '/large-later']) {
    const { body: received } = await ask(port, 'GET', path);
    assert.ok(received.equals(body), path);
  }
  await eventually(() => records.length === 2);

  const wire = await Wire.open(t, port);
  wire.socket.pause();
  wire.send('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
  await pause(50);
  assert.equal(records.length, 2, 'an answer that nobody reads is not over');
  wire.socket.resetAndDestroy();
  await eventually(() => records.length === 3);
  assert.equal(records[2]?.status, 499);
  assert.deepEqual(faults, []);
});
