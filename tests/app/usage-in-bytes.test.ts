import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';

import { io } from 'socket.io-client';

import type { MediaOffer } from '../../src/rooms/events.ts';
import type { Answer, Joined } from '../../src/signaling/wire.ts';
import { connectSender, createReceiver, opusPacket, opusParameters, releasePeers } from '../support/rtp-peer.ts';
import { startServerProcess } from '../support/server-process.ts';
import { openEcho, openTurnClient } from '../support/turn-client.ts';

const KEY = 'mine.0123456789abcdef0123456789abcdef';

after(releasePeers);

test('usage has each byte that was sent, received and relayed, as the log says, and a kill neither loses nor doubles any', async (t) => {
  const folder = scratch(t);
  const first = await start(t, folder);
  const ada = await enter(t, first, 'ada');
  const sender = await connectSender(reachable(ada, ada.joined.media.send), [
    { kind: 'audio', mid: 'audio', ssrcs: [1111] },
  ]);
  t.after(() => sender.close());
  const produced = { kind: 'audio', source: 'microphone', rtpParameters: opusParameters(1111) };
  assert.ok((await ada.request('produce', produced)).ok);
  const bob = await enter(t, first, 'bob', ada.joined.media.rtpCapabilities);
  const [consumer] = bob.joined.consumers;
  assert.ok(consumer);
  const receiver = createReceiver(reachable(bob, bob.joined.media.recv));
  t.after(() => receiver.close());
  const track = await receiver.add(consumer);
  assert.ok((await bob.request('consumer-resume', { consumerIds: [consumer.id] })).ok);
  let publishedBytes = 0;
  for (let index = 0; index < 50; index += 1) {
    const packet = opusPacket(1111, index);
    publishedBytes += packet.length;
    sender.send(packet);
    await track.more(1);
  }
  const relayedBytes = await relay(t, ada.joined.media.iceServers);
  const { username, password } = (await first.call('/v1/turn/credentials', { identity: 'camera' })) as TurnUser;
  const ownBytes = await relay(t, ada.joined.media.iceServers, { username, credential: password });

  // With two participants in it: what they used is counted as they are put out.
  first.process.signal('SIGTERM');
  await first.process.printed(/draining/u);
  first.process.signal('SIGTERM');
  await first.process.exit;
  const used = { publishedBytes, forwardedBytes: track.bytes, relayedBytes };
  const expected = {
    lab: used,
    '': { publishedBytes: 0, forwardedBytes: 0, relayedBytes: ownBytes },
  };
  for (let kills = 0; kills < 2; kills += 1) {
    const next = await start(t, folder);
    const { events } = (await next.call('/v1/events?after=0')) as { events: Counted[] };
    const counted = events.filter(({ type }) => type === 'bytes-counted');
    assert.deepEqual(sums(counted), expected);
    assert.ok(counted.every(({ keyId }) => keyId === 'mine'));
    const { usage } = (await next.call('/v1/usage')) as { usage: (Counted & { key: string; joins: number })[] };
    assert.deepEqual(sums(usage), expected);
    assert.deepEqual(
      usage.map(({ room, key, joins }) => [room, key, joins]),
      [
        [undefined, 'mine', 0],
        ['lab', 'mine', 2],
      ],
    );
    next.process.signal('SIGKILL');
    await next.process.exit;
  }
});

type Counted = {
  type?: string;
  room?: string;
  keyId?: string;
  publishedBytes: number;
  forwardedBytes: number;
  relayedBytes: number;
};
type TurnUser = { username: string; password: string };

function sums(rows: readonly Counted[]) {
  const found: Record<string, Omit<Counted, 'room'>> = {};
  for (const { room = '', publishedBytes, forwardedBytes, relayedBytes } of rows) {
    const before = found[room] ?? { publishedBytes: 0, forwardedBytes: 0, relayedBytes: 0 };
    found[room] = {
      publishedBytes: before.publishedBytes + publishedBytes,
      forwardedBytes: before.forwardedBytes + forwardedBytes,
      relayedBytes: before.relayedBytes + relayedBytes,
    };
  }
  return found;
}

/** Sends some datagrams to and fro through TURN; returns how many bytes that was. */
async function relay(
  t: TestContext,
  [server]: MediaOffer['iceServers'],
  user: Partial<TurnUser & { credential: string }> | undefined = server,
): Promise<number> {
  const port = Number(/:(\d+)\?transport=udp/u.exec(server?.urls[0] ?? '')?.[1]);
  const echo = await openEcho('127.0.0.1');
  t.after(() => echo.close());
  const { username = '', credential: password = '' } = user ?? {};
  const client = await openTurnClient({ host: '127.0.0.1', port, transport: 'udp', username, password });
  t.after(() => client.close());
  await client.allocate();
  assert.equal((await client.bind(0x4000, echo.address)).error, undefined);
  let bytes = 0;
  for (let length = 20; length < 200; length += 20) {
    client.sendOn(0x4000, Buffer.alloc(length, 7));
    bytes += length + (await client.receive()).data.length;
  }
  return bytes;
}

type Server = Awaited<ReturnType<typeof start>>;

async function start(t: TestContext, folder: string) {
  const flags = ['--host', '127.0.0.1', '--store.folder', folder, '--turn.allow', '127.0.0.0/8'];
  const server = startServerProcess(t, flags, { SLUICE_AUTH_KEYS: KEY });
  const [origin] = await server.printed(/http:\/\/127\.0\.0\.1:\d+/u);
  return {
    ...{ process: server, origin },
    async call(path: string, body?: object) {
      const response = await fetch(origin + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return (await response.json()) as unknown;
    },
  };
}

type Visit = { joined: Joined; request: (name: string, params: object) => Promise<Answer> };

async function enter(t: TestContext, server: Server, identity: string, rtpCapabilities?: object): Promise<Visit> {
  const { token } = (await server.call('/v1/rooms/lab/tokens', { identity })) as { token: string };
  const socket = io(server.origin, {
    ...{ transports: ['websocket'], reconnection: false, forceNew: true },
    auth: { protocol: 1, token, ...(rtpCapabilities === undefined ? {} : { rtpCapabilities }) },
  });
  t.after(() => socket.disconnect());
  const joined = await new Promise<Joined>((resolve, reject) => {
    socket.once('joined', resolve).once('connect_error', reject);
  });
  let requests = 0;
  const request = (name: string, params: object) =>
    new Promise<Answer>((resolve) => {
      requests += 1;
      socket.emit(name, requests, params, resolve);
    });
  return { joined, request };
}

/** A transport of somebody who has joined, as a peer reaches it. */
function reachable({ request }: Visit, parameters: MediaOffer['send']) {
  return {
    parameters,
    async connect(dtlsParameters: object) {
      assert.ok((await request('transport-connect', { transportId: parameters.id, dtlsParameters })).ok);
    },
  };
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-usage-'));
  chmodSync(folder, 0o700);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
