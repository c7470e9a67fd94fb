import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { RunningMediaEngine } from '../../src/media/engine.ts';
import type { ProducerId } from '../../src/rooms/ids.ts';
import type { MediaRoom, MediaTransport } from '../../src/rooms/media-engine.ts';
import {
  connectData,
  connectSender,
  createReceiver,
  opusPacket,
  opusParameters,
  releasePeers,
  senderReport,
  vp8Packet,
  vp8Parameters,
} from '../support/rtp-peer.ts';
import { onBoth, SPREAD, workerOf } from './on-both-workers.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

test('who watches on another worker gets what is sent: one pipe for all of them, and none when they are gone', async (t) => {
  const engine = await startEngine(t, SPREAD);
  const room = await engine.openRoom(deaf);
  const [near, far] = await onBoth(engine, room);
  const { producer, send } = await publish(t, near, [2222]);
  every(t, 20, (index) => send(vp8Packet(2222, index, index % 10 === 0)));

  const consumers = await Promise.all(Array.from({ length: 20 }, () => consume(far, room, producer.id)));
  assert.equal(pipesAt(engine, far), 1);
  assert.equal(pipesAt(engine, near), 0);
  assert.deepEqual(engine.spread(), new Map([[2, 1]]));
  const track = await receive(t, far, consumers[0]!);
  await track.more(20);

  for (const consumer of consumers) consumer.close();
  await until('the pipe goes with the last consumer', () => pipesAt(engine, far) === 0);
  const again = await consume(far, room, producer.id);
  assert.equal(pipesAt(engine, far), 1);
  assert.equal(again.producerId, producer.id);
  producer.close();
  await until('the pipe ends with its producer', () => pipesAt(engine, far) === 0);
  await until('and the consumer', () => engine.workers().every((worker) => worker.consumers === 0));
  await assert.rejects(consume(far, room, producer.id), { code: 'producer-not-found' });
  for (const transport of [near, far]) transport.close();
  await until('the room has left the other worker', () => engine.spread().get(1) === 1);
});

test('pause and resume of a producer hold on the other worker, before and after it is piped there', async (t) => {
  const engine = await startEngine(t, SPREAD);
  const room = await engine.openRoom(deaf);
  const [near, far] = await onBoth(engine, room);
  const sender = await connectSender(near, [{ kind: 'audio', mid: 'audio', ssrcs: [1111] }]);
  t.after(() => sender.close());
  const producer = await near.produce({ kind: 'audio', rtpParameters: opusParameters(1111), paused: true });
  every(t, 20, (index) => sender.send(opusPacket(1111, index)));
  const track = await receive(t, far, await consume(far, room, producer.id));

  for (let times = 0; times < 3; times += 1) {
    await producer.resume();
    await track.more(10);
    await producer.pause();
    await silence(track);
  }
  // Faster than either worker answers.
  await Promise.all([producer.resume(), producer.pause(), producer.resume()]);
  await track.more(10);
});

test('a receiver on another worker chooses its layer, and its key-frame requests reach the sender', async (t) => {
  const engine = await startEngine(t, SPREAD);
  const room = await engine.openRoom(deaf);
  const [near, far] = await onBoth(engine, room);
  const ssrcs = [31, 32, 33];
  const sizes = [200, 400, 800];
  const { producer, send, sender } = await publish(t, near, ssrcs);
  assert.deepEqual(producer.layers, { spatial: 3, temporal: 1 });
  const consumer = await consume(far, room, producer.id);
  await consumer.setPreferredLayers({ spatialLayer: 0 });
  const track = await receive(t, far, consumer);
  let asked = 0;
  every(t, 20, (index) => {
    // Key frames come when they are asked for, and not otherwise.
    const isKeyFrame = sender.keyFrameRequests > asked;
    asked = sender.keyFrameRequests;
    for (const [layer, ssrc] of ssrcs.entries()) {
      if (index % 25 === 0) send(senderReport(ssrc, Date.now(), index * 3000));
      send(vp8Packet(ssrc, index, isKeyFrame, sizes[layer]));
    }
  });

  for (const [spatialLayer, bytes] of [...sizes.entries()].concat([[1, 400]])) {
    await consumer.setPreferredLayers({ spatialLayer });
    await until(`frames of ${bytes} bytes arrive`, () => {
      const last = track.packets.at(-1)?.length ?? 0;
      return last > bytes && last < bytes + 60;
    });
  }
  assert.ok(sender.keyFrameRequests >= 3);
});

test('who speaks is told wherever the speakers are', async (t) => {
  const engine = await startEngine(t, SPREAD);
  const heard = new Set<string>();
  const speakers: string[] = [];
  const room = await engine.openRoom({
    ...deaf,
    levels: (levels) => {
      for (const { producerId } of levels) heard.add(producerId);
    },
    activeSpeaker: (producerId) => speakers.push(producerId),
  });
  const voices = await Promise.all(
    (await onBoth(engine, room)).map(async (transport, at) => {
      const sender = await connectSender(transport, [{ kind: 'audio', mid: 'audio', ssrcs: [at + 1] }]);
      t.after(() => sender.close());
      const rtpParameters = opusParameters(at + 1);
      const producer = await transport.produce({ kind: 'audio', rtpParameters, paused: false });
      return { producer, say: (index: number, dBov: number) => sender.send(opusPacket(at + 1, index, dBov)) };
    }),
  );
  let speaker = 0;
  every(t, 20, (index) => {
    const syllable = index % 8 < 5 ? -20 : -60;
    for (const [at, { say }] of voices.entries()) say(index, at === speaker ? syllable : -65);
  });
  for (const [at, { producer }] of voices.entries()) {
    speaker = at;
    await until(`speaker ${at} is noticed`, () => speakers.at(-1) === producer.id);
  }
  assert.deepEqual(heard, new Set(voices.map(({ producer }) => producer.id)));
  for (const { producer } of voices) producer.close();
  await until('no pipe is left', () => engine.workers().every(({ pipes }) => pipes === 0));
});

test('messages reach those they are for, on whichever worker they are, and nobody twice', async (t) => {
  const engine = await startEngine(t, SPREAD);
  const room = await engine.openRoom(deaf);
  const transports = [...(await onBoth(engine, room, { data: true })), ...(await onBoth(engine, room, { data: true }))];
  const peers = await Promise.all(
    transports.map(async (transport, number) => {
      const data = await transport.openData(number, {
        message: (mode, message) => room.sendData(mode, message, { except: number }),
        overflowed: () => undefined,
      });
      data.start();
      const peer = await connectData(transport);
      t.after(() => peer.close());
      return peer;
    }),
  );
  const texts = (at: number) => peers[at]!.messages.map(({ text }) => text);

  for (const [at, peer] of peers.entries()) {
    for (let each = 0; each < 3; each += 1) peer.send('reliable', `${at}.${each}`);
  }
  await until('everyone has all of the others', () => peers.every(({ messages }) => messages.length === 9));
  for (const [at] of peers.entries()) {
    for (const [from] of peers.entries()) {
      const expected = from === at ? [] : [0, 1, 2].map((each) => `${from}.${each}`);
      assert.deepEqual(
        texts(at).filter((text) => text.startsWith(`${from}.`)),
        expected,
      );
    }
  }
  room.sendData('reliable', Buffer.from('to some'), [0, 3]);
  room.sendData('reliable', Buffer.from('last'), [0, 1, 2, 3]);
  await until('the last one is there', () => peers.every((_, at) => texts(at).at(-1) === 'last'));
  assert.deepEqual(
    peers.map((_, at) => texts(at).includes('to some')),
    [true, false, false, true],
  );
});

test("payload types of the receiver's choice are sent from another worker, too", async (t) => {
  const engine = await startEngine(t, SPREAD);
  const room = await engine.openRoom(deaf);
  const [near] = await onBoth(engine, room);
  const sender = await connectSender(near, [{ kind: 'audio', mid: 'audio', ssrcs: [1111] }]);
  t.after(() => sender.close());
  const producer = await near.produce({ kind: 'audio', rtpParameters: opusParameters(1111), paused: false });
  every(t, 20, (index) => sender.send(opusPacket(1111, index)));
  const own = room.rtpCapabilities.codecs.find(({ mimeType }) => mimeType === 'audio/opus')?.preferredPayloadType ?? 0;
  const rtpCapabilities = {
    ...room.rtpCapabilities,
    codecs: room.rtpCapabilities.codecs.map((codec) =>
      codec.preferredPayloadType === own ? { ...codec, preferredPayloadType: 63 } : codec,
    ),
  };
  for (const player of await onBoth(engine, room, { payloadTypes: new Map([[own, 63]]) })) {
    const consumer = await player.consume({ producerId: producer.id, rtpCapabilities, paused: false }, deaf);
    const packets = await (await receive(t, player, consumer)).more(10);
    assert.ok(packets.every((packet) => ((packet[1] ?? 0) & 0x7f) === 63));
  }
});

for (const side of ['published', 'watched'] as const) {
  test(`a worker that is killed where it is ${side} takes the room with it, once, and leaves nothing on the other`, async (t) => {
    const engine = await startEngine(t, SPREAD);
    let lost = 0;
    const room = await engine.openRoom({ ...deaf, lost: () => (lost += 1) });
    const [near, far] = await onBoth(engine, room);
    // Paused producers have their pauses piped, which a dead worker refuses.
    const producers = await Promise.all(
      [1, 2, 3, 4].map((ssrc) =>
        near.produce({ kind: 'audio', rtpParameters: opusParameters(ssrc, `mid-${ssrc}`), paused: false }),
      ),
    );
    await Promise.all(producers.map(({ id }) => consume(far, room, id)));
    const victim = workerOf(engine, side === 'published' ? near : far);
    const survivor = engine.workers()[1 - victim.index]!;
    assert.ok(victim.pid !== undefined);

    process.kill(victim.pid, 'SIGSTOP');
    const asked = Promise.allSettled(producers.map((producer) => producer.pause()));
    const opening = room.openTransport(deaf).catch(() => undefined);
    process.kill(victim.pid, 'SIGKILL');
    await until('the room is told', () => lost > 0);
    await Promise.all([asked, opening]);
    await until('the worker is replaced', () => engine.workers()[victim.index]?.restarts === 1);
    await until('nothing is left', () =>
      engine.workers().every(({ rooms, transports, consumers, pipes }) => rooms + transports + consumers + pipes === 0),
    );

    assert.equal(engine.workers()[survivor.index]?.pid, survivor.pid);
    assert.equal(lost, 1);
    await assert.rejects(room.openTransport(deaf), { code: 'media-unavailable' });
    const rebuilt = await engine.openRoom(deaf);
    const [publisher, viewer] = await onBoth(engine, rebuilt);
    const { producer, send } = await publish(t, publisher, [5]);
    every(t, 20, (index) => send(vp8Packet(5, index, index % 10 === 0)));
    const track = await receive(t, viewer, await consume(viewer, rebuilt, producer.id));
    await track.more(5);
  });
}

test('newcomers go to another worker when the CPU of the first one says so, and come back when it has rest', async (t) => {
  const engine = await startEngine(t, { workers: 2, fullAt: 0.03 });
  const room = await engine.openRoom(deaf);
  const home = engine.workers().find(({ rooms }) => rooms === 1);
  assert.ok(home);
  const publisher = await room.openTransport(deaf);
  assert.equal(workerOf(engine, publisher).index, home.index, 'there is room: it stays where it is');
  const { producer, send } = await publish(t, publisher, [77]);
  let packets = 5;
  let index = 0;
  every(t, 5, () => {
    for (let burst = 0; burst < packets; burst += 1) send(vp8Packet(77, (index += 1), index % 50 === 0, 1000));
  });
  const watched = await watch(t, engine, room, producer.id);
  await until('its worker is full, by measure', () => engine.workers()[home.index]?.full === true, 30_000);
  const elsewhere = await watch(t, engine, room, producer.id);
  assert.notEqual(elsewhere.worker, home.index);
  await Promise.all([watched.track.more(50), elsewhere.track.more(50)]);
  assert.deepEqual(engine.spread(), new Map([[2, 1]]));

  packets = 0;
  await until('it has rest', () => engine.workers()[home.index]?.full === false, 30_000);
  const later = await room.openTransport(deaf);
  assert.equal(workerOf(engine, later).index, home.index);
});

function pipesAt(engine: RunningMediaEngine, transport: MediaTransport): number {
  return workerOf(engine, transport).pipes;
}

async function publish(t: TestContext, transport: MediaTransport, ssrcs: number[]) {
  const sender = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs }]);
  t.after(() => sender.close());
  const producer = await transport.produce({ kind: 'video', rtpParameters: vp8Parameters(ssrcs), paused: false });
  return { producer, sender, send: (packet: Buffer) => sender.send(packet) };
}

function consume(transport: MediaTransport, { rtpCapabilities }: MediaRoom, producerId: ProducerId) {
  return transport.consume({ producerId, rtpCapabilities, paused: false }, deaf);
}

async function receive(
  t: TestContext,
  transport: MediaTransport,
  consumer: Awaited<ReturnType<MediaTransport['consume']>>,
) {
  const receiver = createReceiver(transport);
  t.after(() => receiver.close());
  return receiver.add(consumer);
}

async function watch(t: TestContext, engine: RunningMediaEngine, room: MediaRoom, producerId: ProducerId) {
  const transport = await room.openTransport(deaf);
  const consumer = await consume(transport, room, producerId);
  return { worker: workerOf(engine, transport).index, track: await receive(t, transport, consumer) };
}

/** Waits until nothing has come for a while. */
async function silence({ packets }: { readonly packets: readonly Buffer[] }): Promise<void> {
  let [before, since] = [packets.length, performance.now()];
  await until('nothing comes any more', () => {
    if (packets.length !== before) [before, since] = [packets.length, performance.now()];
    return performance.now() - since > 400;
  });
}

function every(t: TestContext, milliseconds: number, send: (index: number) => void): void {
  let index = 0;
  const timer = setInterval(() => {
    send(index);
    index += 1;
  }, milliseconds);
  t.after(() => clearInterval(timer));
}
