import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ProducerId } from '../../src/rooms/ids.ts';
import { opusParameters, vp8Parameters } from '../support/rtp-peer.ts';
import { deaf, someDtlsParameters, startEngine } from './start-engine.ts';

test('what clashes in the worker is invalid-media, with its text, and leaves the transport as it was', async (t) => {
  const { transport } = await openTransport(t);
  const first = await transport.produce({ kind: 'audio', rtpParameters: opusParameters(1, 'a'), paused: false });
  const again = (ssrc: number, mid: string) =>
    transport.produce({ kind: 'audio', rtpParameters: opusParameters(ssrc, mid), paused: false });
  await assert.rejects(again(1, 'b'), { code: 'invalid-media', message: /ssrc already exists/ });
  await assert.rejects(again(2, 'a'), { code: 'invalid-media', message: /MID already exists/ });
  first.close();
  await again(1, 'a');
});

test('H.264 of a profile that the room does not have is unsupported-codec', async (t) => {
  const { transport } = await openTransport(t);
  const parameters = { 'packetization-mode': 1, 'profile-level-id': '4d001f' };
  const codecs = [{ mimeType: 'video/H264', payloadType: 96, clockRate: 90_000, parameters }];
  await assert.rejects(
    transport.produce({ kind: 'video', rtpParameters: { ...vp8Parameters([1]), codecs }, paused: false }),
    { code: 'unsupported-codec' },
  );
});

test('a receiver without the codec, and a producer that is not there', async (t) => {
  const { room, transport } = await openTransport(t);
  const producer = await transport.produce({ kind: 'video', rtpParameters: vp8Parameters([1]), paused: false });
  const audioOnly = {
    ...room.rtpCapabilities,
    codecs: room.rtpCapabilities.codecs.filter(({ kind }) => kind === 'audio'),
  };
  const consume = (producerId: ProducerId, rtpCapabilities = room.rtpCapabilities) =>
    transport.consume({ producerId, rtpCapabilities, paused: true }, deaf);
  await assert.rejects(consume(producer.id, audioOnly), { code: 'unsupported-codec' });
  await assert.rejects(consume('nobody' as ProducerId), { code: 'producer-not-found' });
  const other = await (await startEngine(t)).openRoom(deaf);
  const elsewhere = await other.openTransport(deaf);
  await assert.rejects(
    elsewhere.consume({ producerId: producer.id, rtpCapabilities: room.rtpCapabilities, paused: true }, deaf),
    { code: 'producer-not-found' },
  );
});

test('a transport is connected once; parameters that were refused do not count', async (t) => {
  const { transport } = await openTransport(t);
  const short = { fingerprints: [{ algorithm: 'sha-256' as const, value: Array(20).fill('ab').join(':') }] };
  await assert.rejects(transport.connect(short), { code: 'invalid-media' });
  await transport.connect(someDtlsParameters());
  await assert.rejects(transport.connect(someDtlsParameters()), { code: 'out-of-order' });
});

test('what is closed while the worker answers is gone, and nothing of the answer stays', async (t) => {
  const engine = await startEngine(t);
  const room = await engine.openRoom(deaf);
  const { rtpCapabilities } = room;
  const transport = await room.openTransport(deaf);
  const producer = await transport.produce({ kind: 'audio', rtpParameters: opusParameters(1), paused: false });
  const closing = await room.openTransport(deaf);
  const asked = [
    closing.produce({ kind: 'audio', rtpParameters: opusParameters(2), paused: false }),
    closing.consume({ producerId: producer.id, rtpCapabilities, paused: false }, deaf),
    closing.connect(someDtlsParameters()),
    closing.restartIce(),
  ];
  closing.close();
  const answers = await Promise.allSettled(asked);
  for (const [index, answer] of answers.entries()) {
    // The last two may have been done before the close.
    if (index < 2) assert.equal(answer.status, 'rejected');
    if (answer.status === 'rejected') assert.equal((answer.reason as { code?: string }).code, 'transport-not-found');
  }
  const pausing = producer.pause();
  producer.close();
  await pausing.catch((error: unknown) => assert.equal((error as { code?: string }).code, 'producer-not-found'));
  const opening = room.openTransport(deaf);
  room.close();
  await assert.rejects(opening, { code: 'media-unavailable' });
  const [worker] = engine.workers();
  assert.deepEqual([worker?.rooms, worker?.transports, worker?.producers, worker?.consumers], [0, 0, 0, 0]);
});

async function openTransport(t: Parameters<typeof startEngine>[0]) {
  const room = await (await startEngine(t)).openRoom(deaf);
  return { room, transport: await room.openTransport(deaf) };
}
