import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { RunningMediaEngine } from '../../src/media/engine.ts';
import type { MediaRoom, MediaTransportObserver, PathStats, StreamStats } from '../../src/rooms/media-engine.ts';
import {
  connectSender,
  createReceiver,
  opusPacket,
  opusParameters,
  receiverReport,
  releasePeers,
  vp8Packet,
  vp8Parameters,
} from '../support/rtp-peer.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

test('packets that a sender loses are seen, second by second, and so is the end of them', async (t) => {
  const { room } = await watchedRoom(t);
  const seen = recorder();
  const { sender, producer } = await sendAudio(room, seen.observer);
  let lossy = true;
  let silent = false;
  every(t, 20, (index) => {
    if (!silent && !(lossy && index % 5 === 0)) sender.send(opusPacket(1111, index));
  });

  await until('loss is seen', () => seen.produced.length >= 3 && share(seen.produced) > 0.1);
  assert.ok(share(seen.produced.slice(1)) > 0.12 && share(seen.produced.slice(1)) < 0.3, `${share(seen.produced)}`);
  const last = seen.produced.at(-1)!;
  assert.deepEqual([last.id, last.codec, last.paused], [producer.id, 'opus', false]);
  assert.ok(last.ms > 500 && last.ms < 10_000, `${last.ms} ms`);
  // 73 bytes and the extension's 8 in each of some 40 packets a second.
  assert.ok(last.bitrate > 1000 && last.bitrate < 60_000, `${last.bitrate} bit/s`);
  assert.ok(last.jitter >= 0 && last.jitter < 1000, `${last.jitter} ms`);

  lossy = false;
  await until('no more loss', () => seen.produced.slice(-2).every(({ lost }) => lost === 0));
  silent = true;
  await until('nothing comes', () => seen.produced.at(-1)?.packets === 0);
});

test('a paused track is told of once, and goes on from there', async (t) => {
  const { room } = await watchedRoom(t);
  const seen = recorder();
  const { sender, producer } = await sendAudio(room, seen.observer);
  every(t, 20, (index) => sender.send(opusPacket(1111, index)));
  await until('it is seen', () => seen.produced.length >= 1);

  await producer.pause();
  const told = seen.produced.length;
  assert.equal(seen.produced.at(-1)?.paused, true);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(seen.produced.length, told, 'nothing is measured of what does not flow');

  await producer.resume();
  await until('it is seen again', () => seen.produced.length > told);
  const { paused, ms, lost } = seen.produced.at(-1)!;
  assert.deepEqual([paused, lost], [false, 0]);
  assert.ok(ms < 10_000, 'what passed while it was paused does not count');
});

test('what a receiver reports of a track is seen: loss, jitter and round trip', async (t) => {
  const { room } = await watchedRoom(t);
  const { sender, producer } = await sendAudio(room, recorder().observer);
  const seen = recorder();
  const transport = await room.openTransport(deaf, { observer: seen.observer });
  const consumer = await transport.consume(
    { producerId: producer.id, rtpCapabilities: room.rtpCapabilities, paused: false },
    deaf,
  );
  const peer = createReceiver(transport);
  const track = await peer.add(consumer);
  const ssrc = consumer.rtpParameters.encodings?.[0]?.ssrc ?? 0;
  const highest = () => track.packets.at(-1)?.readUInt16BE(2) ?? 0;
  every(t, 20, (index) => sender.send(opusPacket(1111, index)));

  await until('it is seen', () => seen.consumed.length >= 2);
  const quiet = seen.consumed.at(-1)!;
  assert.deepEqual([quiet.packets, quiet.lost], [0, 0], 'nobody has said yet what arrived');
  assert.ok(quiet.bitrate > 1000, `${quiet.bitrate} bit/s`);
  assert.equal(quiet.wantedShare, 1);

  // Each report says that one packet in ten did not come, 50 ms after the server's report.
  const sent = setInterval(() => {
    const total = Math.round(track.packets.length / 10);
    const { lastReport, delay } = ago(50);
    track.report(receiverReport(ssrc, { fraction: 26, total }, { highest: highest(), jitter: 960, lastReport, delay }));
  }, 1000);
  t.after(() => clearInterval(sent));

  await until('the loss is seen', () => seen.consumed.filter(({ lost }) => lost > 0).length >= 3, 30_000);
  const reported = seen.consumed.filter(({ lost }) => lost > 0).slice(1);
  assert.ok(share(reported) > 0.05 && share(reported) < 0.2, `${share(reported)}`);
  const last = seen.consumed.at(-1)!;
  assert.deepEqual([last.id, last.codec], [consumer.id, 'opus']);
  assert.equal(Math.round(last.jitter), 20);
  assert.ok(last.rtt > 30 && last.rtt < 2000, `${last.rtt} ms`);
  peer.close();
});

test('the share of a picture that a receiver wants goes with its layers', async (t) => {
  const { room } = await watchedRoom(t);
  const transport = await room.openTransport(deaf);
  const producer = await transport.produce({ kind: 'video', rtpParameters: vp8Parameters([2, 3, 4]), paused: false });
  const sender = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs: [2, 3, 4] }]);
  every(t, 30, (index) => {
    for (const ssrc of [2, 3, 4]) sender.send(vp8Packet(ssrc, index, index % 20 === 0));
  });
  const seen = recorder();
  const receiving = await room.openTransport(deaf, { observer: seen.observer });
  const { rtpCapabilities } = room;
  const consumer = await receiving.consume({ producerId: producer.id, rtpCapabilities, paused: false }, deaf);
  const peer = createReceiver(receiving);
  await peer.add(consumer);
  await until('all of it is wanted', () => seen.consumed.at(-1)?.wantedShare === 1);
  assert.equal(seen.consumed.at(-1)?.codec, 'vp8');
  await consumer.setPreferredLayers({ spatialLayer: 1 });
  await until('a quarter of it is wanted', () => seen.consumed.at(-1)?.wantedShare === 0.25);
  peer.close();
  sender.close();
});

test('a client that falls silent while media is sent to it is heard no more', async (t) => {
  const { room } = await watchedRoom(t);
  const { sender, producer } = await sendAudio(room, recorder().observer);
  every(t, 20, (index) => sender.send(opusPacket(1111, index)));
  const seen = recorder();
  const transport = await room.openTransport(deaf, { observer: seen.observer });
  const { rtpCapabilities } = room;
  const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities, paused: false }, deaf);
  const line = await openLine(t, transport.parameters.iceCandidates[0]?.port ?? 0);
  const { iceCandidates } = transport.parameters;
  const peer = createReceiver({
    parameters: {
      ...transport.parameters,
      iceCandidates: iceCandidates.map((candidate) => ({ ...candidate, port: line.port })),
    },
    connect: (parameters) => transport.connect(parameters),
  });
  await peer.add(consumer);
  await until('its way is known', () => seen.paths.length > 0);
  line.cut();
  await until('it is heard no more', () => seen.paths.length > 1, 15_000);
  assert.deepEqual(seen.paths, [
    { tcp: false, heard: true, slowerUp: Number.NaN },
    { tcp: false, heard: false, slowerUp: Number.NaN },
  ]);
  peer.close();
});

test('nobody is measured whose transport has no observer, is not connected, or is closed', async (t) => {
  const { room, sampling } = await watchedRoom(t);
  const unseen = await room.openTransport(deaf);
  await unseen.produce({ kind: 'audio', rtpParameters: opusParameters(1), paused: false });
  const seen = recorder();
  const unconnected = await room.openTransport(deaf, { observer: seen.observer });
  await unconnected.produce({ kind: 'audio', rtpParameters: opusParameters(2), paused: false });
  const { sender, producer, transport } = await sendAudio(room, seen.observer);
  await until('the connected one is seen', () => seen.produced.length > 0);
  assert.ok(seen.produced.every(({ id }) => id === producer.id));
  transport.close();
  const told = seen.produced.length;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(seen.produced.length, told);
  sampling.stop();
  sender.close();
});

/** A room whose engine is asked to look around 20 times a second, as the app does. */
async function watchedRoom(t: TestContext) {
  const engine = await startEngine(t);
  const sampling = sampleAlways(t, engine);
  return { engine, sampling, room: await engine.openRoom(deaf) };
}

function sampleAlways(t: TestContext, engine: RunningMediaEngine) {
  const timer = setInterval(() => engine.sample(), 50);
  t.after(() => clearInterval(timer));
  return { stop: () => clearInterval(timer) };
}

async function sendAudio(room: MediaRoom, observer: MediaTransportObserver) {
  const transport = await room.openTransport(deaf, { observer });
  const producer = await transport.produce({ kind: 'audio', rtpParameters: opusParameters(1111), paused: false });
  const sender = await connectSender(transport, [{ kind: 'audio', mid: 'audio', ssrcs: [1111] }]);
  return { transport, producer, sender };
}

/** A line between one client and the server's UDP port, which can be cut. */
async function openLine(t: TestContext, server: number): Promise<{ port: number; cut(): void }> {
  const [outer, inner] = [createSocket('udp4'), createSocket('udp4')];
  t.after(() => [outer, inner].forEach((socket) => socket.close()));
  let whole = true;
  let client = 0;
  outer.on('message', (datagram, { port }) => {
    client = port;
    if (whole) inner.send(datagram, server, '127.0.0.1');
  });
  inner.on('message', (datagram) => {
    if (whole) outer.send(datagram, client, '127.0.0.1');
  });
  await Promise.all(
    [outer, inner].map((socket) => new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))),
  );
  return {
    port: outer.address().port,
    cut: () => {
      whole = false;
    },
  };
}

type Told = StreamStats & { id: string };

function recorder() {
  const produced: Told[] = [];
  const consumed: (Told & { wantedShare: number })[] = [];
  const paths: PathStats[] = [];
  const observer: MediaTransportObserver = {
    produced: (id, seen) => produced.push({ id, ...seen }),
    consumed: (id, seen) => consumed.push({ id, ...seen }),
    path: (seen) => paths.push(seen),
  };
  return { observer, produced, consumed, paths };
}

function share(seen: readonly StreamStats[]): number {
  const lost = seen.reduce((sum, one) => sum + one.lost, 0);
  return lost / seen.reduce((sum, one) => sum + one.lost + one.packets, 0);
}

/** The middle 32 bits of NTP time `ms` ago, and the same as a delay (RFC 3550 §6.4.1). */
function ago(ms: number): { lastReport: number; delay: number } {
  const now = Date.now() / 1000 + 2_208_988_800;
  return {
    lastReport: Math.floor((now - (ms * 2) / 1000) * 65_536) % 2 ** 32,
    delay: Math.round((ms / 1000) * 65_536),
  };
}

function every(t: TestContext, milliseconds: number, act: (index: number) => void): void {
  let index = 0;
  const timer = setInterval(() => act((index += 1)), milliseconds);
  t.after(() => clearInterval(timer));
}
