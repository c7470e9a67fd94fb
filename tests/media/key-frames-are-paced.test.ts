import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { connectSender, createReceiver, releasePeers, vp8Packet, vp8Parameters } from '../support/rtp-peer.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

test('a hundred receivers within a second cost the sender two key frames a second', async (t) => {
  const engine = await startEngine(t);
  const room = await engine.openRoom(deaf);
  const transport = await room.openTransport(deaf);
  const sender = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs: [41] }]);
  t.after(() => sender.close());
  const producer = await transport.produce({ kind: 'video', rtpParameters: vp8Parameters([41]), paused: false });
  let index = 0;
  let keyFrames = 0;
  const timer = setInterval(() => {
    const asked = sender.keyFrameRequests > keyFrames;
    keyFrames = sender.keyFrameRequests;
    sender.send(vp8Packet(41, (index += 1), asked || index === 1));
  }, 20);
  t.after(() => clearInterval(timer));

  const receiving = await room.openTransport(deaf);
  const options = { producerId: producer.id, rtpCapabilities: room.rtpCapabilities, paused: true };
  const consumers = await Promise.all(Array.from({ length: 100 }, () => receiving.consume(options, deaf)));
  const receiver = createReceiver(receiving);
  t.after(() => receiver.close());
  const track = await receiver.add(consumers[0]!);

  const from = performance.now();
  for (const consumer of consumers) {
    await consumer.resume();
    await sleep(10);
  }
  await track.more(5);
  await until('more than one key frame was asked for', () => sender.keyFrameRequests > 1);
  // The first one comes at once.
  const most = 1 + 2 * ((performance.now() - from) / 1000);
  assert.ok(sender.keyFrameRequests <= most, `${sender.keyFrameRequests} key frames, not ${most} at most`);
});
