import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, test } from 'node:test';

import type { RunningMediaEngine } from '../../src/media/engine.ts';
import { connectSender, createReceiver, opusPacket, opusParameters, releasePeers } from '../support/rtp-peer.ts';
import { deaf, someDtlsParameters, startEngine, until } from './start-engine.ts';

after(releasePeers);

test('rooms of a killed worker are told once, and all that they had is closed', async (t) => {
  const engine = await startEngine(t);
  let lost = 0;
  let told = 0;
  const room = await engine.openRoom({ ...deaf, lost: () => (lost += 1) });
  const closed = await engine.openRoom({ ...deaf, lost: () => (lost += 10) });
  const transport = await room.openTransport({ state: () => (told += 1) });
  const producer = await transport.produce({ kind: 'audio', rtpParameters: opusParameters(5), paused: false });
  const { rtpCapabilities } = room;
  const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities, paused: false }, deaf);
  closed.close();

  kill(engine, 0);
  await until('the room is told', () => lost > 0);
  await until('the worker is replaced', () => engine.workers()[0]?.restarts === 1);

  assert.equal(lost, 1);
  assert.equal(told, 0);
  await assert.rejects(room.openTransport(deaf), { code: 'media-unavailable' });
  await assert.rejects(transport.connect(someDtlsParameters()), { code: 'transport-not-found' });
  await assert.rejects(producer.resume(), { code: 'producer-not-found' });
  await assert.rejects(consumer.resume(), { code: 'consumer-not-found' });
  transport.close();
  room.close();
  assert.equal(lost, 1);
});

test('a request that a worker takes to its grave is media-unavailable', async (t) => {
  const engine = await startEngine(t);
  const room = await engine.openRoom(deaf);
  const pid = engine.workers()[0]?.pid;
  assert.ok(pid !== undefined);
  // Stopped, it can answer nothing more.
  process.kill(pid, 'SIGSTOP');
  const opening = room.openTransport(deaf);
  process.kill(pid, 'SIGKILL');
  await assert.rejects(opening, { code: 'media-unavailable' });
});

test('the replacement listens on the same port, and carries media', async (t) => {
  const engine = await startEngine(t);
  const before = engine.workers()[0];
  const room = await engine.openRoom(deaf);
  kill(engine, 0);
  await until('its death is noticed', () => engine.workers()[0]?.pid === undefined);

  // There is no worker at this moment: the room waits for the next one.
  const rebuilt = await engine.openRoom(deaf);

  assert.notEqual(rebuilt, room);
  const worker = engine.workers()[0];
  assert.equal(worker?.port, before?.port);
  assert.notEqual(worker?.pid, before?.pid);
  const sending = await rebuilt.openTransport(deaf);
  assert.deepEqual(new Set(sending.parameters.iceCandidates.map(({ port }) => port)), new Set([before?.port]));
  const sender = await connectSender(sending, [{ kind: 'audio', mid: 'audio', ssrcs: [7] }]);
  t.after(() => sender.close());
  const producer = await sending.produce({ kind: 'audio', rtpParameters: opusParameters(7), paused: false });
  const receiving = await rebuilt.openTransport(deaf);
  const { rtpCapabilities } = rebuilt;
  const consumer = await receiving.consume({ producerId: producer.id, rtpCapabilities, paused: false }, deaf);
  const receiver = createReceiver(receiving);
  t.after(() => receiver.close());
  const track = await receiver.add(consumer);
  let index = 0;
  const timer = setInterval(() => sender.send(opusPacket(7, (index += 1))), 20);
  t.after(() => clearInterval(timer));
  await track.more(10);
});

test('while one worker is away the others take the rooms', async (t) => {
  const engine = await startEngine(t, { workers: 2 });
  kill(engine, 0);
  await until('its death is noticed', () => engine.workers()[0]?.pid === undefined);
  await engine.openRoom(deaf);
  assert.equal(engine.workers()[1]?.rooms, 1);
});

test('a port that is taken meanwhile is tried again until it is free', async (t) => {
  const reasons: unknown[] = [];
  const engine = await startEngine(t, {
    log: (_level, message, fields) => {
      if (message.includes('could not be replaced')) reasons.push(fields?.['reason']);
    },
  });
  const [worker] = engine.workers();
  assert.ok(worker);
  const thief = createSocket({ type: 'udp4', reuseAddr: false });
  t.after(() => {
    if (open) thief.close();
  });
  let open = true;
  kill(engine, 0);
  await until('its death is noticed', () => engine.workers()[0]?.pid === undefined);
  // The kernel frees the port when the process ends, some tens of milliseconds before the next worker binds it.
  thief.bind(worker.port, '127.0.0.1');
  await once(thief, 'listening');
  await until('the replacement fails', () => reasons.length > 0);
  assert.match(String(reasons[0]), new RegExp(`^media.port: port ${worker.port} \\(UDP on 127.0.0.1\\) is in use`));
  open = false;
  thief.close();
  await until('the worker is back', () => engine.workers()[0]?.pid !== undefined, 8000);
  await engine.openRoom(deaf);
});

test('a worker that keeps dying is started less and less often', async (t) => {
  const retries: unknown[] = [];
  const engine = await startEngine(t, {
    log: (_level, message, fields) => {
      if (message === 'a media worker died') retries.push(fields?.['retryInMs']);
    },
  });
  for (let death = 1; death <= 3; death += 1) {
    kill(engine, 0);
    await until('it is replaced', () => engine.workers()[0]?.restarts === death);
  }
  assert.deepEqual(retries, [0, 250, 500]);
});

function kill(engine: RunningMediaEngine, index: number): void {
  const pid = engine.workers()[index]?.pid;
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
}
