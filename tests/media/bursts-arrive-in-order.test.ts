import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';

import type { MediaRoom } from '../../src/rooms/media-engine.ts';
import {
  connectSender,
  createReceiver,
  type ReceivedTrack,
  releasePeers,
  vp8Packet,
  vp8Parameters,
} from '../support/rtp-peer.ts';
import { deaf, startEngine } from './start-engine.ts';

after(releasePeers);

const SSRC = 2222;
const RECEIVERS = 12;
/** Bytes of one frame's packets after the other: of one length, of one but for the last, and of all lengths. */
const BURST = [...Array(6).fill(900), ...Array(7).fill(1100), 37, 38, 1100, 20, 20, 19, 1150, 400, 401, 399, 399, 399];

test('each receiver gets the packets of a burst in order, byte for byte', async (t) => {
  const engine = await startEngine(t);
  const room = await engine.openRoom(deaf);
  const { producer, sender } = await publish(t, room);
  const tracks = await Promise.all(Array.from({ length: RECEIVERS }, () => receive(t, room, producer.id)));
  let index = 0;
  const burst = (sizes: readonly number[]) =>
    sizes.map((bytes) => {
      const packet = vp8Packet(SSRC, index, index === 0, bytes);
      packet.writeUInt32BE(index, packet.length - 4);
      index += 1;
      sender.send(packet);
      return packet.subarray(12);
    });

  for (let round = 0; round < 5; round += 1) {
    const arriving = Promise.all(tracks.map((track) => track.more(BURST.length)));
    const payloads = burst(BURST);
    for (const packets of await arriving) {
      assert.deepEqual(
        packets.map((packet, at) => packet.subarray(-payloads[at]!.length).toString('hex')),
        payloads.map((payload) => payload.toString('hex')),
      );
    }
  }
});

async function publish(t: TestContext, room: MediaRoom) {
  const transport = await room.openTransport(deaf);
  const sender = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs: [SSRC] }]);
  t.after(() => sender.close());
  const rtpParameters = vp8Parameters([SSRC]);
  return { producer: await transport.produce({ kind: 'video', rtpParameters, paused: false }), sender };
}

async function receive(t: TestContext, room: MediaRoom, producerId: Parameters<typeof consume>[1]) {
  const transport = await room.openTransport(deaf);
  const receiver = createReceiver(transport);
  t.after(() => receiver.close());
  return receiver.add(await consume(transport, producerId, room)) satisfies Promise<ReceivedTrack>;
}

function consume(
  transport: Awaited<ReturnType<MediaRoom['openTransport']>>,
  producerId: Parameters<typeof transport.consume>[0]['producerId'],
  room: MediaRoom,
) {
  return transport.consume({ producerId, rtpCapabilities: room.rtpCapabilities, paused: false }, deaf);
}
