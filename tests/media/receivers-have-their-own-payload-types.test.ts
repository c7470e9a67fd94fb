import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { ProducerId } from '../../src/rooms/ids.ts';
import type { MediaRoom } from '../../src/rooms/media-engine.ts';
import type { RtpCapabilities } from '../../src/rooms/ortc.ts';
import {
  connectSender,
  createReceiver,
  opusPacket,
  opusParameters,
  releasePeers,
  vp8Packet,
  vp8Parameters,
} from '../support/rtp-peer.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

test('what a receiver is sent carries the payload types that it has chosen', async (t) => {
  const engine = await startEngine(t);
  const room = await engine.openRoom(deaf);
  const sender = await room.openTransport(deaf);
  const peer = await connectSender(sender, [
    { kind: 'audio', mid: 'audio', ssrcs: [1111] },
    { kind: 'video', mid: 'video', ssrcs: [2222] },
  ]);
  t.after(() => peer.close());
  const audio = await sender.produce({ kind: 'audio', rtpParameters: opusParameters(1111), paused: false });
  const video = await sender.produce({ kind: 'video', rtpParameters: vp8Parameters([2222]), paused: false });
  every(t, 20, (index) => {
    peer.send(opusPacket(1111, index));
    peer.send(vp8Packet(2222, index, index % 10 === 0));
  });

  const chosen = [
    { audio: 63, video: 39 },
    { audio: 63, video: 39 },
    { audio: 111, video: 120 },
  ];
  await Promise.all(
    chosen.map(async (payloadTypes) => {
      const received = await receive(t, room, payloadTypes, [audio.id, video.id]);
      const [sound, picture] = await Promise.all(received.map((track) => track.more(10)));
      assert.ok(sound?.every((packet) => ((packet[1] ?? 0) & 0x7f) === payloadTypes.audio));
      assert.ok(picture?.every((packet) => ((packet[1] ?? 0) & 0x7f) === payloadTypes.video));
      // The payload is as it was sent, behind whatever header extensions the server chose.
      assert.ok(sound?.every((packet) => packet.at(-61) === 0x78 && packet.at(-1) === packet.at(-60)));
    }),
  );
});

test('a producer that ends takes its consumers with it, whatever their payload types', async (t) => {
  const engine = await startEngine(t);
  const room = await engine.openRoom(deaf);
  const sender = await room.openTransport(deaf);
  const peer = await connectSender(sender, [{ kind: 'audio', mid: 'audio', ssrcs: [1111] }]);
  t.after(() => peer.close());
  const audio = await sender.produce({ kind: 'audio', rtpParameters: opusParameters(1111), paused: false });
  const transport = await room.openTransport(deaf, {
    payloadTypes: new Map([[payloadTypeOf(room, 'audio/opus'), 63]]),
  });
  const consumer = await consume(transport, room.rtpCapabilities, audio.id);
  assert.equal(consumer.producerId, audio.id);

  audio.close();
  await until('the consumer closes', () => engine.workers()[0]?.consumers === 0);
  await assert.rejects(consume(transport, room.rtpCapabilities, audio.id), { code: 'producer-not-found' });
  transport.close();
  await assert.rejects(room.openTransport(deaf, { payloadTypes: new Map() }), { code: 'unsupported-codec' });
});

async function receive(
  t: TestContext,
  room: MediaRoom,
  chosen: { audio: number; video: number },
  producerIds: readonly ProducerId[],
) {
  const payloadTypes = new Map([
    [payloadTypeOf(room, 'audio/opus'), chosen.audio],
    [payloadTypeOf(room, 'video/vp8'), chosen.video],
  ]);
  const transport = await room.openTransport(deaf, { payloadTypes });
  const receiver = createReceiver(transport);
  t.after(() => receiver.close());
  const tracks = [];
  for (const producerId of producerIds) {
    const consumer = await consume(transport, withoutRtx(room.rtpCapabilities), producerId);
    tracks.push(await receiver.add(consumer));
  }
  return tracks;
}

function consume(
  transport: Awaited<ReturnType<MediaRoom['openTransport']>>,
  rtpCapabilities: RtpCapabilities,
  producerId: ProducerId,
) {
  return transport.consume({ producerId, rtpCapabilities, paused: false }, deaf);
}

function withoutRtx(capabilities: RtpCapabilities): RtpCapabilities {
  return { ...capabilities, codecs: capabilities.codecs.filter(({ mimeType }) => !mimeType.endsWith('/rtx')) };
}

function payloadTypeOf(room: MediaRoom, mimeType: string): number {
  const codec = room.rtpCapabilities.codecs.find((one) => one.mimeType.toLowerCase() === mimeType);
  assert.ok(codec?.preferredPayloadType);
  return codec.preferredPayloadType;
}

function every(t: TestContext, milliseconds: number, send: (index: number) => void): void {
  let index = 0;
  const timer = setInterval(() => {
    send(index);
    index += 1;
  }, milliseconds);
  t.after(() => clearInterval(timer));
}
