import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { Layers } from '../../src/rooms/media-engine.ts';
import {
  connectSender,
  createReceiver,
  releasePeers,
  senderReport,
  vp8Packet,
  vp8Parameters,
} from '../support/rtp-peer.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

test('a receiver of simulcast gets the layer that it asks for, and is told of each change', async (t) => {
  const engine = await startEngine(t);
  const room = await engine.openRoom(deaf);
  const ssrcs = [31, 32, 33];
  // Frames of each layer have a size of their own, by which the receiver's packets show where they come from.
  const sizes = [200, 400, 800];
  const transport = await room.openTransport(deaf);
  const sender = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs }]);
  t.after(() => sender.close());
  const producer = await transport.produce({ kind: 'video', rtpParameters: vp8Parameters(ssrcs), paused: false });
  assert.deepEqual(producer.layers, { spatial: 3, temporal: 1 });

  const changes: (Layers | undefined)[] = [];
  const receiving = await room.openTransport(deaf);
  const { rtpCapabilities } = room;
  const consumer = await receiving.consume(
    { producerId: producer.id, rtpCapabilities, paused: false },
    { layersChanged: (layers) => changes.push(layers) },
  );
  await consumer.setPreferredLayers({ spatialLayer: 0 });
  const receiver = createReceiver(receiving);
  t.after(() => receiver.close());
  const track = await receiver.add(consumer);
  let index = 0;
  const timer = setInterval(() => {
    index += 1;
    for (const [layer, ssrc] of ssrcs.entries()) {
      if (index % 25 === 1) sender.send(senderReport(ssrc, Date.now(), index * 3000));
      sender.send(vp8Packet(ssrc, index, index % 5 === 0, sizes[layer]));
    }
  }, 20);
  t.after(() => clearInterval(timer));

  const sizeArrives = (bytes: number) =>
    until(`frames of ${bytes} bytes arrive`, () => {
      const last = track.packets.at(-1)?.length ?? 0;
      return last > bytes && last < bytes + 60;
    });
  await sizeArrives(200);
  await consumer.setPreferredLayers({ spatialLayer: 2 });
  await sizeArrives(800);
  await consumer.setPreferredLayers({ spatialLayer: 1 });
  await sizeArrives(400);
  // More than there is means the best that there is.
  await consumer.setPreferredLayers({ spatialLayer: 200, temporalLayer: 7 });
  await sizeArrives(800);

  assert.deepEqual(
    changes.map((layers) => layers?.spatialLayer).filter((layer) => layer !== undefined),
    [0, 2, 1, 2],
  );
});
