import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { MediaRoom, MediaRoomListener, TransportState } from '../../src/rooms/media-engine.ts';
import {
  connectSender,
  createReceiver,
  opusPacket,
  opusParameters,
  releasePeers,
  ssrcOf,
  vp8Packet,
  vp8Parameters,
} from '../support/rtp-peer.ts';
import type { SendingPeer } from '../support/rtp-peer.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

test('audio that one peer sends arrives at another one, byte for byte', async (t) => {
  const { room } = await openRoom(t);
  const { producer, sender } = await sendAudio(t, room, 1111);
  const { consumer, track } = await receive(t, room, producer.id);
  every(t, 20, (index) => sender.send(opusPacket(1111, index)));

  const packets = await track.more(25);

  assert.equal(consumer.kind, 'audio');
  const ssrc = consumer.rtpParameters.encodings?.[0]?.ssrc;
  assert.ok(packets.every((packet) => ssrcOf(packet) === ssrc));
  // 61 bytes of payload behind whatever header extensions the server chose.
  assert.ok(packets.every((packet) => packet.at(-61) === 0x78 && packet.at(-1) === packet.at(-60)));
});

test('video is held back until a key frame, and comes from then on', async (t) => {
  const { room } = await openRoom(t);
  const { producer, sender } = await sendVideo(t, room, [2222]);
  const { track } = await receive(t, room, producer.id);
  assert.deepEqual(producer.layers, { spatial: 1, temporal: 1 });
  let keyFrames = false;
  every(t, 20, (index) => sender.send(vp8Packet(2222, index, keyFrames && index % 10 === 0)));

  await sleep(300);
  assert.equal(track.packets.length, 0);
  keyFrames = true;
  const [first] = await track.more(20);
  // The frame is the last 400 bytes: descriptor, then the header with the key frame bit (0).
  assert.equal((first?.at(-399) ?? 1) & 1, 0);
});

test('nothing arrives from a paused producer or at a paused consumer', async (t) => {
  const { room } = await openRoom(t);
  const { producer, sender } = await sendAudio(t, room, 1111);
  const { consumer, track } = await receive(t, room, producer.id);
  every(t, 20, (index) => sender.send(opusPacket(1111, index)));
  await track.more(5);

  for (const end of [producer, consumer]) {
    await end.pause();
    // What was sent before may be under way for a while.
    let before = -1;
    while (track.packets.length !== before) {
      before = track.packets.length;
      await sleep(150);
    }
    await sleep(300);
    assert.equal(track.packets.length, before);
    await end.resume();
    await track.more(5);
  }
});

test('a consumer that starts paused gets its first packet after resume', async (t) => {
  const { room } = await openRoom(t);
  const { producer, sender } = await sendAudio(t, room, 1111);
  const { consumer, track } = await receive(t, room, producer.id, true);
  every(t, 20, (index) => sender.send(opusPacket(1111, index)));
  await sleep(300);
  assert.equal(track.packets.length, 0);
  await consumer.resume();
  await track.more(10);
});

test('closing a producer ends its consumers, and closing a transport ends all that it carries', async (t) => {
  const { room, engine } = await openRoom(t);
  const { producer, transport } = await sendAudio(t, room, 1111);
  const { consumer, track } = await receive(t, room, producer.id);
  assert.equal(track.packets.length, 0);
  assert.deepEqual(counts(engine), { rooms: 1, transports: 2, producers: 1, consumers: 1 });

  producer.close();
  await until('the consumer closes', () => engine.workers()[0]?.consumers === 0);
  await assert.rejects(consumer.resume(), { code: 'consumer-not-found' });
  await assert.rejects(producer.pause(), { code: 'producer-not-found' });
  consumer.close();

  transport.close();
  transport.close();
  await assert.rejects(transport.restartIce(), { code: 'transport-not-found' });
  room.close();
  assert.deepEqual(counts(engine), { rooms: 0, transports: 0, producers: 0, consumers: 0 });
  await assert.rejects(room.openTransport(deaf), { code: 'media-unavailable' });
});

test('who speaks and how loud is told about the producer, and silence as well', async (t) => {
  const heard: [string, number][] = [];
  const speakers: string[] = [];
  let silences = 0;
  const { room } = await openRoom(t, {
    levels: (levels) => {
      if (levels.length === 0) silences += 1;
      for (const { producerId, dBov } of levels) heard.push([producerId, dBov]);
    },
    activeSpeaker: (producerId) => speakers.push(producerId),
  });
  const loud = await sendAudio(t, room, 1111);
  const quiet = await sendAudio(t, room, 3333);
  let speaking = true;
  every(t, 20, (index) => {
    // Syllables: what tells speech from a fan is that its level changes.
    const syllable = index % 8 < 5 ? -20 : -60;
    loud.sender.send(opusPacket(1111, index, speaking ? syllable : -127));
    quiet.sender.send(opusPacket(3333, index, -90));
  });

  await until('levels come', () => heard.length >= 2);
  await until('the louder one is the speaker', () => speakers.at(-1) === loud.producer.id);
  speaking = false;
  await until('silence is told', () => silences > 0);

  assert.ok(heard.every(([id, dBov]) => id === loud.producer.id && dBov >= -70 && dBov <= -20));
});

test('an ICE restart gives new credentials and media goes on meanwhile', async (t) => {
  const { room } = await openRoom(t);
  const { producer, sender, transport, states } = await sendAudio(t, room, 1111);
  const { track } = await receive(t, room, producer.id);
  every(t, 20, (index) => sender.send(opusPacket(1111, index)));
  await track.more(5);
  const before = transport.parameters.iceParameters;

  const restarted = await transport.restartIce();

  assert.notEqual(restarted.usernameFragment, before.usernameFragment);
  assert.deepEqual(transport.parameters.iceParameters, restarted);
  await track.more(20);
  assert.deepEqual(states, ['connecting', 'connected']);
});

async function openRoom(t: TestContext, listener: Partial<MediaRoomListener> = {}) {
  const engine = await startEngine(t);
  return { engine, room: await engine.openRoom({ ...deaf, ...listener }) };
}

async function sendAudio(t: TestContext, room: MediaRoom, ssrc: number) {
  const states: TransportState[] = [];
  const transport = await room.openTransport({ state: (state) => states.push(state) });
  const sender = await connectSender(transport, [{ kind: 'audio', mid: 'audio', ssrcs: [ssrc] }]);
  t.after(() => sender.close());
  const producer = await transport.produce({ kind: 'audio', rtpParameters: opusParameters(ssrc), paused: false });
  return { transport, sender, producer, states };
}

async function sendVideo(t: TestContext, room: MediaRoom, ssrcs: number[]) {
  const transport = await room.openTransport(deaf);
  const sender: SendingPeer = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs }]);
  t.after(() => sender.close());
  const producer = await transport.produce({ kind: 'video', rtpParameters: vp8Parameters(ssrcs), paused: false });
  return { transport, sender, producer };
}

async function receive(t: TestContext, room: MediaRoom, producerId: Parameters<typeof consumeIt>[1], paused = false) {
  const transport = await room.openTransport(deaf);
  const consumer = await consumeIt(transport, producerId, room, paused);
  const receiver = createReceiver(transport);
  t.after(() => receiver.close());
  return { consumer, track: await receiver.add(consumer) };
}

function consumeIt(
  transport: Awaited<ReturnType<MediaRoom['openTransport']>>,
  producerId: Parameters<typeof transport.consume>[0]['producerId'],
  room: MediaRoom,
  paused: boolean,
) {
  return transport.consume({ producerId, rtpCapabilities: room.rtpCapabilities, paused }, deaf);
}

function every(t: TestContext, milliseconds: number, send: (index: number) => void): void {
  let index = 0;
  const timer = setInterval(() => {
    send(index);
    index += 1;
  }, milliseconds);
  t.after(() => clearInterval(timer));
}

function counts(engine: Awaited<ReturnType<typeof startEngine>>) {
  const [worker] = engine.workers();
  assert.ok(worker);
  const { rooms, transports, producers, consumers } = worker;
  return { rooms, transports, producers, consumers };
}
