import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { io, type Socket } from 'socket.io-client';

import { selfSignedTls } from '../../src/http/self-signed.ts';
import type { CounterValues } from '../../src/relay/counter-board.ts';
import type { IceServer } from '../../src/rooms/events.ts';
import type { Answer, Joined } from '../../src/signaling/wire.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, prepareHmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { MessageWriter } from '../../src/stun/message-writer.ts';
import { CLASS, messageType, METHOD } from '../../src/stun/methods.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { openTurnClient, transportAddress, type TurnClient } from '../support/turn-client.ts';
import { freePort } from '../support/free-port.ts';

test('a join brings ICE servers, UDP before TCP before TLS, with which one reaches media and nothing else', async (t) => {
  const server = await start(t, [
    ...['--turn.listen', '127.0.0.1', '--turn.tls', JSON.stringify(await certificateFiles(t))],
  ]);
  const { joined } = await enter(t, server, 'lab', 'ada lovelace');
  const [own] = joined.media.iceServers;
  const { udp, tcp, tls } = server.turn!.relay.ports;
  assert.deepEqual(own!.urls, [
    `turn:127.0.0.1:${udp}?transport=udp`,
    `turn:127.0.0.1:${tcp}?transport=tcp`,
    `turns:127.0.0.1:${tls}?transport=tcp`,
  ]);
  assert.match(own!.username!, /^\d{10}:lab\/ada%20lovelace$/u);

  const { iceParameters, iceCandidates } = joined.media.send;
  const { ip, port: mediaPort } = iceCandidates[0]! as { ip: string; port: number };
  const media = transportAddress(ip, mediaPort);
  for (const [transport, port] of Object.entries({ udp, tcp, tls })) {
    const client = await openTurnClient({
      ...{ host: '127.0.0.1', port: port!, transport: transport as 'udp', ...credentials(own!) },
    });
    t.after(() => client.close());
    await client.allocate();
    assert.equal((await client.permit(media)).error, undefined);
    assert.equal((await client.bind(0x4000, media)).error, undefined);
    const http = transportAddress('127.0.0.1', Number(new URL(server.url).port));
    assert.equal((await client.bind(0x4001, http)).error, 403, 'its own HTTP is closed');
    assert.equal((await client.bind(0x4001, transportAddress('127.0.0.1', udp!))).error, 403, 'as is TURN itself');
    assert.equal((await client.permit(transportAddress('10.0.0.1', 5000))).error, 403);
    assert.equal((await client.permit(transportAddress('198.51.100.1', 5000))).error, 403);
    client.sendOn(0x4000, connectivityCheck(iceParameters));
    const { channel, data } = await client.receive();
    assert.equal(channel, 0x4000);
    assert.equal(data.readUInt16BE(0), messageType(METHOD.BINDING, CLASS.SUCCESS), `media answers over ${transport}`);
  }
});

test('media on a port that is known before it runs is reached as well', async (t) => {
  const server = await start(t, ['--media.port', String(await freePort())]);
  const { joined } = await enter(t, server, 'lab', 'ada');
  const { iceParameters, iceCandidates } = joined.media.send;
  const { ip, port } = iceCandidates[0]! as { ip: string; port: number };
  const client = await open(t, server, credentials(joined.media.iceServers[0]!));
  await client.allocate();
  assert.equal((await client.bind(0x4000, transportAddress(ip, port))).error, undefined);
  client.sendOn(0x4000, connectivityCheck(iceParameters));
  assert.equal((await client.receive()).data.readUInt16BE(0), messageType(METHOD.BINDING, CLASS.SUCCESS));
});

test('an ICE restart brings fresh credentials', async (t) => {
  const server = await start(t);
  const { joined, request } = await enter(t, server, 'lab', 'ada');
  const answer = await request('transport-restart-ice', { transportId: joined.media.recv.id });
  assert.ok(answer.ok);
  const { iceServers, iceParameters } = answer.result as { iceServers: IceServer[]; iceParameters: object };
  assert.ok('usernameFragment' in iceParameters);
  assert.deepEqual(iceServers[0]!.urls, joined.media.iceServers[0]!.urls);
  const client = await open(t, server, credentials(iceServers[0]!));
  await client.allocate();
});

test('a kick ends what the participant relays, and its credentials, but not those of its next visit', async (t) => {
  const server = await start(t);
  const { joined } = await enter(t, server, 'lab', 'ada');
  const { joined: bobs } = await enter(t, server, 'lab', 'bob');
  const ada = await open(t, server, credentials(joined.media.iceServers[0]!));
  const bob = await open(t, server, credentials(bobs.media.iceServers[0]!));
  await ada.allocate();
  await bob.allocate();

  assert.equal((await server.call('DELETE', '/v1/rooms/lab/participants/ada')).status, 204);
  assert.equal((await ada.refresh(600)).error, 401, 'its credentials are refused');
  const again = await open(t, server, credentials(joined.media.iceServers[0]!));
  await assert.rejects(again.allocate(), /401/u);
  await eventuallyAllocations(server, 1);
  assert.equal((await bob.refresh(600)).error, undefined, 'the other one goes on');

  const { joined: back } = await enter(t, server, 'lab', 'ada');
  const next = await open(t, server, credentials(back.media.iceServers[0]!));
  await next.allocate();
});

test('where an identity is in a room several times, a kick of one presence ends what that one relays, and no more', async (t) => {
  const server = await start(t);
  await server.call('POST', '/v1/rooms', { name: 'lab', duplicateIdentity: 'replace' });
  const early = await enter(t, server, 'lab', 'ada');
  const { headers } = await server.call('GET', '/v1/rooms/lab');
  const changed = { 'if-match': headers.get('etag')! };
  assert.equal((await server.call('PATCH', '/v1/rooms/lab', { duplicateIdentity: 'allow' }, changed)).status, 200);
  const visits = [early, await enter(t, server, 'lab', 'ada'), await enter(t, server, 'lab', 'ada')];
  const clients = await Promise.all(
    visits.map(async ({ joined }) => {
      const client = await open(t, server, credentials(joined.media.iceServers[0]!));
      await client.allocate();
      return client;
    }),
  );
  const kick = async (visit: Visit | undefined) => {
    const which = visit === undefined ? '' : `?participant=${visit.joined.self.id}`;
    assert.equal((await server.call('DELETE', `/v1/rooms/lab/participants/ada${which}`)).status, 204);
  };
  const refreshed = async () => Promise.all(clients.map(async (client) => (await client.refresh(600)).error));

  await kick(visits[1]);
  assert.deepEqual(await refreshed(), [undefined, 401, undefined]);
  await eventuallyAllocations(server, 2);
  // The one that came before the room allowed several has what is its identity's.
  await kick(visits[0]);
  assert.deepEqual(await refreshed(), [401, 401, undefined]);
  const last = await enter(t, server, 'lab', 'ada');
  clients.push(await open(t, server, credentials(last.joined.media.iceServers[0]!)));
  await clients.at(-1)!.allocate();
  await kick(undefined);
  assert.deepEqual(await refreshed(), [401, 401, 401, 401]);
  await eventuallyAllocations(server, 0);
});

test('REST makes credentials: for anybody with an API key, for oneself with a join token', async (t) => {
  const server = await start(t);
  const path = '/v1/turn/credentials';
  const own = await server.call('POST', path, { identity: 'camera 7', ttl: 120 });
  assert.equal(own.status, 200);
  assert.equal(own.headers.get('cache-control'), 'no-store');
  const { username, password, ttl, uris } = own.body as Record<string, string>;
  assert.equal(Number(ttl), 120);
  assert.match(username!, /^\d{10}:camera%207$/u);
  assert.deepEqual(uris, server.turn!.uris);
  await (await open(t, server, { username: username!, password: password! })).allocate();

  const nameless = await Promise.all([server.call('POST', path, {}), server.call('POST', path, {})]);
  assert.notEqual(nameless[0].body['username'], nameless[1].body['username']);
  assert.equal(nameless[0].body['ttl'], 12 * 3600);
  assert.equal((await server.call('POST', path, { ttl: 10 ** 9 })).body['ttl'], 12 * 3600, 'cut to what is allowed');

  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  const token = await server.token('lab', 'ada');
  for (const body of [{}, { identity: 'ada' }]) {
    const mine = await server.call('POST', path, body, as(token));
    assert.equal(mine.status, 200);
    assert.match(mine.body['username'] as string, /^\d{10}:lab\/ada$/u);
  }
  const code = async (body: object, headers: Record<string, string>) => {
    const { status, body: problem } = await server.call('POST', path, body, headers);
    return [status, problem['code']];
  };
  assert.deepEqual(await code({ identity: 'bob' }, as(token)), [403, 'forbidden']);
  const mute = await server.token('lab', 'eve', { grants: { publish: [], subscribe: false } });
  assert.deepEqual(await code({}, as(mute)), [403, 'forbidden']);
  assert.deepEqual(await code({}, as(`${token.slice(0, -3)}AAA`)), [401, 'token-invalid']);
  assert.deepEqual(await code({}, as('nobody.0123456789abcdef0123456789abcdef')), [401, 'unauthorized']);
  assert.deepEqual(await code({}, { authorization: '' }), [401, 'unauthorized']);
  assert.deepEqual(await code({ ttl: 0 }, {}), [400, 'invalid-request']);
  assert.deepEqual(await code({ identity: 'x\u0000' }, {}), [400, 'invalid-request']);
});

test('credentials over REST count against the rate of joins', async (t) => {
  const server = await start(t, ['--limits.joinIdentity.burst', '2', '--limits.joinIdentity.rate', '0.01']);
  const headers = { authorization: `Bearer ${await server.token('lab', 'ada')}` };
  const statuses: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    statuses.push((await server.call('POST', '/v1/turn/credentials', {}, headers)).status);
  }
  assert.deepEqual(statuses, [200, 200, 429]);
});

test('with TURN off, all else works and readiness says so', async (t) => {
  const server = await start(t, ['--turn.enabled', 'false', '--iceServers', '[{urls: [stun:stun.example.com]}]']);
  const { joined } = await enter(t, server, 'lab', 'ada');
  assert.deepEqual(joined.media.iceServers, [{ urls: ['stun:stun.example.com'] }]);
  const ready = await server.call('GET', '/ready');
  assert.equal(ready.status, 200);
  assert.deepEqual((ready.body['checks'] as Record<string, object>)['turn'], { ok: true, state: 'off' });
  const { status, body } = await server.call('POST', '/v1/turn/credentials', {});
  assert.deepEqual([status, body['code']], [404, 'not-found']);
  assert.doesNotMatch(await scrape(server), /sluice_turn/u);
});

test('metrics tell of allocations, traffic, errors and threads, and of no user', async (t) => {
  const server = await start(t);
  const { joined } = await enter(t, server, 'lab', 'ada');
  const client = await open(t, server, credentials(joined.media.iceServers[0]!));
  await client.allocate();
  client.raw(Buffer.from('no STUN at all'));
  await eventuallyAllocations(server, 1);
  await eventually(server, ({ datagrams }) => datagrams.received === 3);
  const text = await scrape(server);
  for (const line of [
    /^sluice_turn_allocations\{transport="udp",family="ipv4"\} 1$/mu,
    /^sluice_turn_allocations\{transport="tls",family="ipv4"\} 0$/mu,
    /^sluice_turn_relayed_bytes_total\{direction="up"\} 0$/mu,
    /^sluice_turn_errors_total\{code="401"\} 1$/mu,
    /^sluice_turn_drops_total\{reason="[a-z-]+"\} 1$/mu,
    /^sluice_turn_nonce_failures_total\{reason="stale"\} 0$/mu,
    /^sluice_turn_quota_refusals_total\{scope="user"\} 0$/mu,
    /^sluice_turn_thread_delay_seconds\{thread="0",statistic="p99"\} [\d.e-]+$/mu,
    /^sluice_turn_threads 1$/mu,
  ]) {
    assert.match(text, line);
  }
  assert.doesNotMatch(text, /ada/u);
  assert.equal((await server.call('GET', '/ready')).status, 200);
});

test('a TURN port that is taken stops the start, and is named', async (t) => {
  const first = await start(t);
  const port = String(first.turn!.relay.ports.udp);
  await assert.rejects(startServer(['--turn.port', port]), new RegExp(`turn\\.port: port ${port} \\(UDP on`, 'u'));
  await assert.rejects(startServer(['--turn.listen', '192.0.2.1']), /turn\.listen: 192\.0\.2\.1 is not an address/u);
});

async function start(t: TestContext, flags: readonly string[] = []): Promise<TestServer> {
  const server = await startServer(flags);
  t.after(() => server.close());
  return server;
}

async function open(
  t: TestContext,
  server: TestServer,
  who: { username: string; password: string },
): Promise<TurnClient> {
  const port = server.turn!.relay.ports.udp!;
  const client = await openTurnClient({ host: '127.0.0.1', port, transport: 'udp', ...who });
  t.after(() => client.close());
  return client;
}

function credentials({ username, credential }: IceServer): { username: string; password: string } {
  assert.ok(username !== undefined && credential !== undefined);
  return { username, password: credential };
}

type Visit = { joined: Joined; request: (name: string, params: object) => Promise<Answer> };

async function enter(t: TestContext, server: TestServer, room: string, identity: string): Promise<Visit> {
  const socket: Socket = io(server.url, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth: { protocol: 1, token: await server.token(room, identity) },
  });
  t.after(() => socket.disconnect());
  let requests = 0;
  const joined = await new Promise<Joined>((resolve, reject) => {
    socket.once('joined', resolve).once('connect_error', reject);
  });
  const request = (name: string, params: object) =>
    new Promise<Answer>((resolve) => {
      requests += 1;
      socket.emit(name, requests, params, resolve);
    });
  return { joined, request };
}

type IceCredentials = { usernameFragment: string; password: string };

/** A check as an ICE agent sends it (RFC 8445 §7.2.2), with the short-term credential of the other side. */
function connectivityCheck({ usernameFragment, password }: IceCredentials): Buffer {
  const bytes = Buffer.alloc(512);
  const writer = new MessageWriter(bytes);
  const transaction = new DataView(randomBytes(12).buffer.slice(0, 12));
  writer.begin(0, bytes.length, METHOD.BINDING, CLASS.REQUEST, transaction, 0);
  writer.bytes(ATTRIBUTE.USERNAME, Buffer.from(`${usernameFragment}:ours`));
  writer.uint32(ATTRIBUTE.PRIORITY, 1);
  writer.uint64(ATTRIBUTE.ICE_CONTROLLING, 0, 1);
  const key = new TextEncoder().encode(password);
  const words = new Int32Array(HMAC_SHA1_KEY_WORDS);
  prepareHmacSha1(new DataView(key.buffer), 0, key.length, words, 0);
  writer.integrity(words, 0);
  writer.fingerprint();
  return bytes.subarray(0, writer.end());
}

async function certificateFiles(t: TestContext): Promise<{ cert: string; key: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-turn-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { cert, key } = await selfSignedTls(folder, ['127.0.0.1'], new Date());
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

function eventuallyAllocations(server: TestServer, count: number): Promise<void> {
  return eventually(server, ({ turn }) => turn['gauge.allocations.udp.ipv4'] === count);
}

async function eventually(server: TestServer, holds: (counters: CounterValues) => boolean): Promise<void> {
  for (let left = 500; left > 0; left -= 1) {
    if (holds(server.turn!.relay.counters())) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('it never came true');
}

async function scrape(server: TestServer): Promise<string> {
  return (await fetch(`${server.url}/metrics`)).text();
}
