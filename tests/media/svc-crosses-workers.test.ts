/** Spatial layers within one stream (VP9), for receivers on another worker than the sender's. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { RtpParameters } from '../../src/rooms/ortc.ts';
import {
  connectSender,
  createReceiver,
  releasePeers,
  rtpPacket,
  VP8_PAYLOAD_TYPE,
  vp8Parameters,
} from '../support/rtp-peer.ts';
import { onBoth, SPREAD } from './on-both-workers.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

const SSRC = 4711;
const SIZES = [200, 400, 800];

for (const mode of ['L3T1', 'L3T1_KEY'] as const) {
  test(`${mode}: each receiver gets its spatial layer and what that builds on, whichever worker it is on`, async (t) => {
    const engine = await startEngine(t, SPREAD);
    const room = await engine.openRoom(deaf);
    const [near] = await onBoth(engine, room);
    const watching = await onBoth(engine, room);
    const sender = await connectSender(near, [{ kind: 'video', mid: 'video', ssrcs: [SSRC] }]);
    t.after(() => sender.close());
    const producer = await near.produce({ kind: 'video', rtpParameters: vp9(mode), paused: false });
    assert.deepEqual(producer.layers, { spatial: 3, temporal: 1 });
    const viewers = await Promise.all(
      watching.map(async (transport) => {
        const consumer = await transport.consume(
          { producerId: producer.id, rtpCapabilities: room.rtpCapabilities, paused: false },
          deaf,
        );
        await consumer.setPreferredLayers({ spatialLayer: 0 });
        const receiver = createReceiver(transport);
        t.after(() => receiver.close());
        return { consumer, track: await receiver.add(consumer) };
      }),
    );
    let asked = 0;
    let picture = 0;
    const timer = setInterval(() => {
      // Key frames come when they are asked for, and not otherwise.
      const isKey = picture === 0 || sender.keyFrameRequests > asked;
      asked = sender.keyFrameRequests;
      for (const packet of packetsOf(picture, isKey)) sender.send(packet);
      picture += 1;
    }, 20);
    t.after(() => clearInterval(timer));

    for (const spatialLayer of [0, 2, 1]) {
      await Promise.all(
        viewers.map(async ({ consumer, track }, at) => {
          await consumer.setPreferredLayers({ spatialLayer });
          // Between key frames a layer of L3T1_KEY builds on itself alone: others are not sent.
          const expected = (mode === 'L3T1' ? [0, 1, 2] : [spatialLayer]).filter((layer) => layer <= spatialLayer);
          await until(`viewer ${at} gets layer ${spatialLayer} as it is sent`, () => {
            const got = layersOf(track.packets.slice(-12));
            return got.length > 0 && got.join() === expected.join();
          });
        }),
      );
    }
    assert.ok(sender.keyFrameRequests > 0);
  });
}

function vp9(scalabilityMode: string): RtpParameters {
  const like = vp8Parameters([SSRC]);
  const codecs = like.codecs.map((codec) =>
    codec.mimeType === 'video/VP8' ? { ...codec, mimeType: 'video/VP9', parameters: { 'profile-id': 0 } } : codec,
  );
  return { ...like, codecs, encodings: [{ ssrc: SSRC, scalabilityMode }] };
}

/** The three layers of one picture, a packet each, as RFC 9628 §4.2 describes them, without flexible mode. */
function packetsOf(picture: number, isKey: boolean): Buffer[] {
  return SIZES.map((bytes, layer) => {
    const payload = Buffer.alloc(bytes, 0x5a);
    // I, P but for key pictures, L, B and E: a frame that one packet holds.
    payload[0] = 0x80 | (isKey ? 0 : 0x40) | 0x20 | 0x08 | 0x04;
    payload.writeUInt16BE(0x8000 | (picture & 0x7fff), 1);
    // T, U, S, D: the layer below is what a higher one builds on, in key pictures at least.
    payload[3] = (layer << 1) | (layer > 0 ? 1 : 0);
    payload[4] = picture & 0xff;
    return rtpPacket({
      ...{ payloadType: VP8_PAYLOAD_TYPE, ssrc: SSRC, timestamp: picture * 1800 },
      ...{ sequence: (picture * SIZES.length + layer) & 0xffff, marker: layer === SIZES.length - 1, payload },
    });
  });
}

/** Which layers packets are of, by their sizes; key pictures, which have all of them, apart. */
function layersOf(packets: readonly Buffer[]): number[] {
  const layers = packets
    .filter(
      (packet) => (packet[packet.length - Math.max(...SIZES.filter((size) => size < packet.length))]! & 0x40) !== 0,
    )
    .map((packet) => SIZES.findLastIndex((size) => size < packet.length));
  return [...new Set(layers)].toSorted((one, other) => one - other);
}
