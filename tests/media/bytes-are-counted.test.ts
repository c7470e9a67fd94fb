import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { MediaRoom, UsedBytes } from '../../src/rooms/media-engine.ts';
import { connectSender, createReceiver, opusPacket, opusParameters, releasePeers } from '../support/rtp-peer.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

for (const workers of [1, 2]) {
  test(`each byte that a peer sent and was sent is told once, with ${workers} worker(s), the last when it has gone`, async (t) => {
    const engine = await startEngine(t, { workers, fullAt: workers === 1 ? 1 : 0 });
    const room = await engine.openRoom(deaf);
    const up = await metered(room);
    const sender = await connectSender(up.transport, [{ kind: 'audio', mid: 'audio', ssrcs: [1111] }]);
    t.after(() => sender.close());
    const rtpParameters = opusParameters(1111);
    const producer = await up.transport.produce({ kind: 'audio', rtpParameters, paused: false });
    const down = await metered(room);
    const { rtpCapabilities } = room;
    const consumer = await down.transport.consume({ producerId: producer.id, rtpCapabilities, paused: false }, deaf);
    const receiver = createReceiver(down.transport);
    t.after(() => receiver.close());
    const track = await receiver.add(consumer);

    let sent = 0;
    const send = (index: number) => {
      const packet = opusPacket(1111, index);
      sender.send(packet);
      sent += packet.length;
    };
    for (let index = 0; index < 100; index += 1) {
      send(index);
      await track.more(1);
    }
    // With its producer or with its transport: what came in is told either way.
    if (workers === 1) producer.close();
    up.transport.close();
    down.transport.close();
    await engine.counted();
    assert.deepEqual(up.used(), { received: sent, sent: 0 });
    assert.deepEqual(down.used(), { received: 0, sent: track.bytes });
  });
}

test('what an open transport carries is told from time to time, and nothing twice', async (t) => {
  const engine = await startEngine(t);
  const room = await engine.openRoom(deaf);
  const up = await metered(room);
  const sender = await connectSender(up.transport, [{ kind: 'audio', mid: 'audio', ssrcs: [1111] }]);
  t.after(() => sender.close());
  const rtpParameters = opusParameters(1111);
  await up.transport.produce({ kind: 'audio', rtpParameters, paused: false });
  const packet = opusPacket(1111, 1);
  sender.send(packet);
  // The turns of a minute and more.
  const turns = () => {
    for (let tick = 0; tick < 1300; tick += 1) engine.sample();
  };
  await until('it is told while the transport is open', () => {
    turns();
    return up.used().received === packet.length;
  });
  sender.send(opusPacket(1111, 2));
  await until('the next one is told, too', () => {
    turns();
    return up.used().received === 2 * packet.length;
  });
  up.transport.close();
  up.transport.close();
  await engine.counted();
  assert.deepEqual(up.used(), { received: 2 * packet.length, sent: 0 });
});

test('a transport that was never connected has carried nothing, and nobody is told so', async (t) => {
  const engine = await startEngine(t);
  const { transport, told } = await metered(await engine.openRoom(deaf));
  transport.close();
  await engine.counted();
  assert.deepEqual(told, []);
});

async function metered(room: MediaRoom) {
  const told: UsedBytes[] = [];
  const transport = await room.openTransport(deaf, { onUsed: (bytes) => told.push(bytes) });
  const used = () => ({
    received: told.reduce((sum, { received }) => sum + received, 0),
    sent: told.reduce((sum, { sent }) => sum + sent, 0),
  });
  return { transport, told, used };
}
