/** Pictures on a way that is too narrow for all of them in full: the one with the highest priority is sent in full. */
import { after, test, type TestContext } from 'node:test';

import type { MediaConsumer, MediaRoom } from '../../src/rooms/media-engine.ts';
import type { RtpCapabilities } from '../../src/rooms/ortc.ts';
import {
  connectSender,
  createReceiver,
  type ReceivedTrack,
  releasePeers,
  senderReport,
  vp8Packet,
  vp8Parameters,
} from '../support/rtp-peer.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

const EVERY_MS = 20;
/** Bytes of a frame, by which a receiver's packets show their layer: 73 and 413 kbit/s with headers. */
const SIZES = [150, 1000];
/** What the worker takes a way for of which it hears nothing: all three small and one of them in full. Two in full are 899. */
const WAY = 620_000;
/** Frames in a row that say in which layer a picture is. */
const FRAMES = 10;

test('of three cameras on a narrow way the one that comes first is in full, the others are small, and it changes over', async (t) => {
  const engine = await startEngine(t, { initialOutgoingBitrate: WAY });
  const room = await engine.openRoom(deaf);
  const producers = [await camera(t, room, 10), await camera(t, room, 20), await camera(t, room, 30)];
  const transport = await room.openTransport(deaf);
  const receiver = createReceiver(transport);
  t.after(() => receiver.close());
  const cameras: { consumer: MediaConsumer; track: ReceivedTrack }[] = [];
  const rtpCapabilities = withoutReports(room.rtpCapabilities);
  for (const { id } of producers) {
    const consumer = await transport.consume({ producerId: id, rtpCapabilities, paused: false }, deaf);
    cameras.push({ consumer, track: await receiver.add(consumer) });
  }

  // Once around, and back to the first: of equals it is one and the same that is in full.
  for (const speaker of [...cameras, cameras[0]!]) {
    await speaker.consumer.setPriority(20);
    await until(
      'the speaker is in full, and the others are small',
      () => cameras.every((each) => isInLayer(each.track, each === speaker ? 1 : 0)),
      30_000,
    );
    await speaker.consumer.setPriority(1);
  }
});

/** Somebody who sends two layers for as long as the test runs. */
async function camera(t: TestContext, room: MediaRoom, ssrc: number) {
  const ssrcs = [ssrc + 1, ssrc + 2];
  const transport = await room.openTransport(deaf);
  const sender = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs }]);
  t.after(() => sender.close());
  const producer = await transport.produce({ kind: 'video', rtpParameters: vp8Parameters(ssrcs), paused: false });
  let index = 0;
  const timer = setInterval(() => {
    index += 1;
    for (const [layer, each] of ssrcs.entries()) {
      if (index % 50 === 1) sender.send(senderReport(each, Date.now(), index * 3000));
      sender.send(vp8Packet(each, index, index % 10 === 0, SIZES[layer]));
    }
  }, EVERY_MS);
  t.after(() => clearInterval(timer));
  return producer;
}

/** What a receiver can do that never says how much its way carries: the first guess stands. */
function withoutReports({ codecs, headerExtensions = [], ...rest }: RtpCapabilities): RtpCapabilities {
  return {
    ...rest,
    codecs: codecs.map((codec) => ({
      ...codec,
      rtcpFeedback: codec.rtcpFeedback?.filter(({ type }) => type !== 'transport-cc') ?? [],
    })),
    headerExtensions: headerExtensions.filter(({ uri }) => !uri.includes('transport-wide-cc')),
  };
}

function isInLayer({ packets }: ReceivedTrack, layer: number): boolean {
  const last = packets.slice(-FRAMES);
  const [from = 0, to = Infinity] = [SIZES[layer], SIZES[layer + 1]];
  return last.length === FRAMES && last.every(({ length }) => length > from && length < to);
}
