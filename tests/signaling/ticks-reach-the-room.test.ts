import assert from 'node:assert/strict';
import test from 'node:test';

import type { TickFrame } from '../../src/signaling/wire.ts';
import { AUDIO } from '../support/memory-media-engine.ts';
import { roomName } from '../support/rooms.ts';
import { Client } from './client.ts';
import { type TestServer, eventually, startServer } from './server.ts';

test('a tick reaches everyone in its room, and nobody else', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  const eve = await Client.join(server, 'eve', {}, { room: 'elsewhere' });
  const { producer } = await ada.request('produce', { kind: 'audio', source: 'microphone', rtpParameters: AUDIO });

  const [media] = server.engine.rooms;
  media?.listener.levels([{ producerId: producer.id, dBov: -30 }]);
  media?.listener.activeSpeaker(producer.id);
  await bob.next('tick');
  await ada.next('tick');

  const { index } = ada.joined.self;
  assert.deepEqual(bob.received.at(-1), ['tick', { l: [index, -30], s: index } satisfies TickFrame]);
  assert.deepEqual(await Client.join(server, 'carol').then(({ joined }) => joined.tick), {
    l: [index, -30],
    s: index,
    q: [],
  });
  await eve.say('a message later');
  assert.equal(
    eve.received.some(([name]) => name === 'tick'),
    false,
  );
});

test('after a resume ticks go to the new socket, and after a leave to none', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  await ada.drop();
  tick(server, 1);
  await bob.next('tick');
  const back = await Client.resume(server, ada);
  tick(server, 2);
  await back.next('tick');
  assert.deepEqual(
    back.received.filter(([name]) => name === 'tick'),
    [['tick', { l: [2, 2] }]],
  );

  await back.request('leave', {});
  await back.closed;
  tick(server, 3);
  await bob.next('tick', 3);
  assert.equal(back.received.filter(([name]) => name === 'tick').length, 1);
});

test('who is put out hears no more ticks', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  server.rooms.get(roomName('lobby')).control.kick(ada.joined.self);
  tick(server, 1);
  await bob.next('tick');
  await eventually(() => ada.received.some(([name]) => name === 'bye'));
  assert.deepEqual(ada.received.at(-1)?.[0], 'bye');
});

function tick(server: TestServer, value: number): void {
  server.signaling.publishTick(server.rooms.get(roomName('lobby')).id, JSON.stringify({ l: [value, value] }));
}
