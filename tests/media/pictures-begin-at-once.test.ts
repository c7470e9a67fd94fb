import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { connectSender, createReceiver, releasePeers, vp8Packet, vp8Parameters } from '../support/rtp-peer.ts';
import { deaf, startEngine, until } from './start-engine.ts';

after(releasePeers);

const SSRC = 3333;
/** Upstream's own worker, which a machine with a way to it has downloaded, keeps no key frames. */
const keeps = readFileSync(process.env['MEDIASOUP_WORKER_BIN']!).includes('key frame at hand');
const options = { skip: keeps ? false : 'this worker is upstream’s' };

/** What is kept for half a second is there for so many ms, whatever the clocks of two processes make of it. */
const KEPT_MS = 400;

test('who begins soon after a key frame gets it at once, and all that has come since', options, (t) =>
  unlessTheMachineStands(async () => {
    const { send, sender, receive, sinceKeyFrame } = await callOfOne(t);
    const [first, second] = [await receive(), await receive()];
    await first.consumer.resume();
    const arrived = first.track.more(6);
    // Two of them come before the key frame: nobody can begin with those.
    for (const index of [0, 1, 2, 3, 4, 5, 6, 7]) send(index, index === 2);
    await arrived;
    const requests = sender.keyFrameRequests;

    const arriving = second.track.more(6);
    arriving.catch(() => undefined);
    await second.consumer.resume();
    if (sinceKeyFrame() > KEPT_MS) return false;
    const kept = await arriving;
    assert.deepEqual(kept.map(indexOf), [2, 3, 4, 5, 6, 7]);
    const live = second.track.more(1);
    send(8, false);
    const packets = [...kept, ...(await live)];
    assert.equal(indexOf(packets[6]!), 8);
    const begin = packets[0]!.readUInt16BE(2);
    assert.deepEqual(
      packets.map((packet) => (packet.readUInt16BE(2) - begin) & 0xffff),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.equal(sender.keyFrameRequests, requests, 'the sender is left alone');
    return true;
  }),
);

test('the key frame that is asked for beforehand is there when the client is ready', options, (t) =>
  unlessTheMachineStands(async () => {
    const { send, sender, receive, sinceKeyFrame } = await callOfOne(t);
    const { consumer, track } = await receive();
    let index = 0;
    const next = (keyFrame: boolean) => {
      send(index, keyFrame);
      index += 1;
    };
    const timer = setInterval(() => next(false), 20);
    t.after(() => clearInterval(timer));
    // A stream is known by its first packet, and one that begins in the middle has to send a key frame.
    await until('a key frame is asked for', () => sender.keyFrameRequests === 1);
    next(true);
    await sleep(600);

    await consumer.requestKeyFrame();
    await until('another key frame is asked for', () => sender.keyFrameRequests === 2);
    const begin = index;
    next(true);
    await sleep(100);
    assert.equal(track.packets.length, 0);
    const arriving = track.more(4);
    arriving.catch(() => undefined);
    await consumer.resume();
    if (sinceKeyFrame() > KEPT_MS) return false;
    assert.deepEqual((await arriving).slice(0, 4).map(indexOf), [begin, begin + 1, begin + 2, begin + 3]);
    assert.equal(sender.keyFrameRequests, 2);
    return true;
  }),
);

test('nobody begins with a key frame that is old, or that something is missing after', options, async (t) => {
  const { send, sender, producer, receive } = await callOfOne(t);
  const late = await receive();
  const others = [await receive(), await receive()];
  send(0, true);
  // A stream of which nothing comes is given up.
  for (const index of [1, 2, 3, 4, 5, 6]) {
    await sleep(100);
    send(index, false);
  }
  await late.consumer.resume();
  await until('a key frame is asked for', () => sender.keyFrameRequests === 1);
  const first = late.track.more(1);
  send(7, true);
  assert.deepEqual((await first).map(indexOf), [7]);

  await producer.pause();
  await producer.resume();
  await others[0]!.consumer.resume();
  await until('another key frame is asked for', () => sender.keyFrameRequests === 2);
  const arriving = others[0]!.track.more(1);
  send(8, true);
  assert.deepEqual((await arriving).map(indexOf), [8]);
  // More than a narrow way takes at once, after the key frame.
  const all = others[0]!.track.more(60);
  for (let index = 9; index < 69; index += 1) send(index, false, 1000);
  await all;
  await others[1]!.consumer.resume();
  await until('one more key frame is asked for', () => sender.keyFrameRequests === 3);
  const last = others[1]!.track.more(1);
  send(69, true);
  assert.deepEqual((await last).map(indexOf), [69]);
});

test('who goes on after a pause is sent nothing again', options, async (t) => {
  const { send, sender, receive } = await callOfOne(t);
  const { consumer, track } = await receive();
  await consumer.resume();
  const arriving = track.more(2);
  send(0, true);
  send(1, false);
  await arriving;
  await consumer.pause();
  await consumer.resume();
  await until('a key frame is asked for', () => sender.keyFrameRequests === 1);
  const next = track.more(1);
  send(2, true);
  assert.deepEqual((await next).map(indexOf), [2]);
  assert.equal(track.packets.length, 3);
});

/** Somebody sends VP8, and whoever comes gets a paused consumer of it, and a connection. */
async function callOfOne(t: TestContext) {
  const engine = await startEngine(t);
  const room = await engine.openRoom(deaf);
  const transport = await room.openTransport(deaf);
  const sender = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs: [SSRC] }]);
  t.after(() => sender.close());
  const producer = await transport.produce({ kind: 'video', rtpParameters: vp8Parameters([SSRC]), paused: false });
  let keyFrameAt = Number.NaN;
  const send = (index: number, keyFrame: boolean, bytes?: number) => {
    if (keyFrame) keyFrameAt = performance.now();
    sender.send(vp8Packet(SSRC, index, keyFrame, bytes));
  };
  const receive = async () => {
    const receiving = await room.openTransport(deaf);
    const wanted = { producerId: producer.id, rtpCapabilities: room.rtpCapabilities, paused: true };
    const consumer = await receiving.consume(wanted, deaf);
    const receiver = createReceiver(receiving);
    t.after(() => receiver.close());
    return { consumer, track: await receiver.add(consumer) };
  };
  return { sender, producer, send, receive, sinceKeyFrame: () => performance.now() - keyFrameAt };
}

/** Until `act` was quick enough for its outcome to say anything. */
async function unlessTheMachineStands(act: () => Promise<boolean>): Promise<void> {
  for (let tries = 1; !(await act()); tries += 1) assert.ok(tries < 10, 'the machine is too slow to tell');
}

/** As it was sent. */
function indexOf(packet: Buffer): number {
  return packet.readUInt32BE(4) / 3000;
}
