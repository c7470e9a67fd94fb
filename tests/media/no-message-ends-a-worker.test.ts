import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Value } from 'typebox/value';

import { SluiceError } from '../../src/kernel/errors.ts';
import type { RunningMediaEngine } from '../../src/media/engine.ts';
import type { MediaRoom } from '../../src/rooms/media-engine.ts';
import { DtlsParametersSchema, RtpCapabilitiesSchema, RtpParametersSchema } from '../../src/rooms/ortc.ts';
import type { RtpParameters } from '../../src/rooms/ortc.ts';
import {
  connectSender,
  createReceiver,
  opusPacket,
  opusParameters,
  releasePeers,
  vp8Packet,
  vp8Parameters,
} from '../support/rtp-peer.ts';
import { anyCapabilities, anyDtls, anyPacket, anyProduce, anyRtp } from './odd-media.ts';
import { deaf, startEngine, until } from './start-engine.ts';

const RUNS = 1500;

after(releasePeers);

test('parameters that fit the schema and mean nothing are refused or work, and the worker lives', async (t) => {
  const engine = await startEngine(t);
  const pid = engine.workers()[0]?.pid;
  const room = await engine.openRoom(deaf);
  const receiving = await room.openTransport(deaf);
  const outcomes = new Map<string, number>();
  const note = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);

  let sending = await room.openTransport(deaf);
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(anyProduce, anyCapabilities(room), fc.nat(4), async (produce, rtpCapabilities, layer) => {
      assert.ok(Value.Check(RtpParametersSchema, produce.rtpParameters));
      assert.ok(Value.Check(RtpCapabilitiesSchema, rtpCapabilities));
      const producer = await tried(note, 'produce', () => sending.produce({ ...produce, paused: false }));
      if (producer === undefined) return;
      const consumer = await tried(note, 'consume', () =>
        receiving.consume({ producerId: producer.id, rtpCapabilities, paused: layer === 0 }, deaf),
      );
      await consumer?.setPreferredLayers({ spatialLayer: layer * 99, temporalLayer: layer });
      await consumer?.requestKeyFrame();
      consumer?.close();
      // Some stay, so that the next ones clash with them.
      kept += 1;
      if (kept % 4 !== 0) producer.close();
      if (kept % 32 !== 0) return;
      sending.close();
      sending = await room.openTransport(deaf);
    }),
    { numRuns: RUNS },
  );

  // Every way out was taken, or the property says nothing. The rarest comes about 30 times in a run.
  for (const name of ['produce ok', 'produce invalid-media', 'produce unsupported-codec', 'consume ok']) {
    assert.ok(outcomes.has(name), `${name}: ${JSON.stringify([...outcomes])}`);
  }
  await assertServes(t, engine, room, pid);
});

test('DTLS parameters that fit the schema and mean nothing are refused or wait for a peer that never comes', async (t) => {
  const engine = await startEngine(t);
  const pid = engine.workers()[0]?.pid;
  const room = await engine.openRoom(deaf);
  const outcomes: string[] = [];
  await fc.assert(
    fc.asyncProperty(anyDtls, async (dtls) => {
      assert.ok(Value.Check(DtlsParametersSchema, dtls));
      const transport = await room.openTransport(deaf);
      await tried(
        (what) => outcomes.push(what),
        'connect',
        () => transport.connect(dtls),
      );
      transport.close();
    }),
    { numRuns: 300 },
  );
  assert.ok(outcomes.includes('connect ok'));
  assert.ok(outcomes.includes('connect invalid-media'));
  await assertServes(t, engine, room, pid);
});

test('junk at the media port, over UDP and TCP, harms nothing', async (t) => {
  const engine = await startEngine(t);
  const [worker] = engine.workers();
  assert.ok(worker);
  const room = await engine.openRoom(deaf);
  const { iceParameters } = (await room.openTransport(deaf)).parameters;
  const udp = createSocket('udp4');
  t.after(() => udp.close());
  const junk = fc.sample(anyPacket(iceParameters.usernameFragment), { numRuns: 3000, seed: 7 });
  for (const [index, packet] of junk.entries()) {
    udp.send(packet, worker.port, '127.0.0.1');
    if (index % 100 === 0) await sleep(1);
  }
  for (let round = 0; round < 20; round += 1) {
    const tcp = connect(worker.port, '127.0.0.1');
    tcp.on('error', () => undefined);
    tcp.resume();
    for (const packet of junk.slice(round * 50, round * 50 + 50)) {
      // RFC 4571 framing, sometimes with a length that is not the packet's.
      const length = Buffer.alloc(2);
      length.writeUInt16BE(round % 3 === 0 ? 0xffff : packet.length);
      tcp.write(Buffer.concat([length, packet]));
    }
    tcp.end();
    await new Promise((resolve) => tcp.once('close', resolve));
  }
  await assertServes(t, engine, room, worker.pid);
});

test('a joined peer that sends malformed RTP and RTCP harms nobody', async (t) => {
  const engine = await startEngine(t);
  const pid = engine.workers()[0]?.pid;
  const room = await engine.openRoom(deaf);
  const transport = await room.openTransport(deaf);
  const ssrcs = [71, 72, 73];
  const peer = await connectSender(transport, [{ kind: 'video', mid: 'video', ssrcs }]);
  t.after(() => peer.close());
  const rtpParameters: RtpParameters = {
    ...vp8Parameters(ssrcs),
    headerExtensions: [
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 1 },
      { uri: 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension', id: 2 },
      { uri: 'urn:3gpp:video-orientation', id: 3 },
    ],
    encodings: ssrcs.map((ssrc) => ({ ssrc, scalabilityMode: 'L1T3' })),
  };
  const producer = await transport.produce({ kind: 'video', rtpParameters, paused: false });
  const receiving = await room.openTransport(deaf);
  const { rtpCapabilities } = room;
  const consumer = await receiving.consume({ producerId: producer.id, rtpCapabilities, paused: false }, deaf);
  const receiver = createReceiver(receiving);
  t.after(() => receiver.close());
  await receiver.add(consumer);

  let sent = 0;
  for (const [index, packetAt] of fc.sample(anyRtp(ssrcs), { numRuns: 2000, seed: 11 }).entries()) {
    // The sender's own SRTP refuses some of them, such as a sequence number that it had before.
    const packets = [packetAt(2 * index), vp8Packet(ssrcs[index % 3] ?? 71, 2 * index + 1, index % 7 === 0)];
    for (const packet of packets) sent += attempt(() => peer.send(packet));
    if (index % 50 === 0) await sleep(2);
  }
  assert.ok(sent > 3000, `${sent} packets were sent`);
  await assertServes(t, engine, room, pid);
});

/** The worker is the one that was there at the start, and a peer that behaves is served. */
async function assertServes(
  t: Parameters<typeof startEngine>[0],
  engine: RunningMediaEngine,
  room: MediaRoom,
  pid: number | undefined,
): Promise<void> {
  const sending = await room.openTransport(deaf);
  const sender = await connectSender(sending, [{ kind: 'audio', mid: 'audio', ssrcs: [99] }]);
  t.after(() => sender.close());
  const producer = await sending.produce({ kind: 'audio', rtpParameters: opusParameters(99), paused: false });
  const receiving = await room.openTransport(deaf);
  const { rtpCapabilities } = room;
  const consumer = await receiving.consume({ producerId: producer.id, rtpCapabilities, paused: false }, deaf);
  const receiver = createReceiver(receiving);
  t.after(() => receiver.close());
  const track = await receiver.add(consumer);
  let index = 0;
  const timer = setInterval(() => sender.send(opusPacket(99, (index += 1))), 20);
  t.after(() => clearInterval(timer));
  await until('packets arrive', () => track.packets.length > 10);
  assert.equal(engine.workers()[0]?.pid, pid);
  assert.equal(engine.workers()[0]?.restarts, 0);
}

async function tried<T>(note: (what: string) => void, name: string, run: () => Promise<T>): Promise<T | undefined> {
  try {
    const result = await run();
    note(`${name} ok`);
    return result;
  } catch (error) {
    assert.ok(error instanceof SluiceError, String(error));
    assert.notEqual(error.code, 'internal');
    assert.notEqual(error.code, 'media-unavailable');
    note(`${name} ${error.code}`);
    return undefined;
  }
}

function attempt(run: () => void): number {
  try {
    run();
    return 1;
  } catch {
    return 0;
  }
}
