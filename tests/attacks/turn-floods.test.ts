import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';

import { FAMILY } from '../../src/stun/address.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import { certificate, eventually, startRelay, type TestRelay } from '../relay/start-relay.ts';
import { openEcho } from '../support/turn-client.ts';
import { descriptors, openAttacker, residentBytes } from './attacker.ts';
import {
  address,
  channelData,
  FOR_TCP,
  FOR_UDP,
  lifetimePart,
  message,
  peerPart,
  relayedPort,
  sendIndication,
} from './messages.ts';

const MIB = 1024 * 1024;
/** What a process may grow by for reasons of its own. */
const FLAT = 64 * MIB;
/** Datagrams that fit into any receive buffer: what the kernel drops, the relay cannot count. */
const BUNCH = 100;

for (const udpAddon of ['auto', 'off'] as const) {
  test(`an Allocate flood from 4,000 addresses costs no memory, and a client gets in (addon: ${udpAddon})`, async (t) => {
    const relay = await startRelay(t, { udpAddon, limits: { answers: 10 } });
    let sent = 0;
    const flood = async (addresses: number) => {
      for (const last = sent + 2 * addresses; sent < last;) {
        const from = loopback(sent / 2);
        sent += await sendFrom(from, relay, [message(METHOD.ALLOCATE, [FOR_UDP]), message(METHOD.ALLOCATE, [FOR_UDP])]);
        if (sent % BUNCH === 0) await eventually(() => requests(relay) >= sent, 'the flood is read');
      }
      await eventually(() => requests(relay) >= sent, 'the flood is read');
    };
    await flood(1000);
    const before = residentBytes();
    await flood(3000);
    const grown = residentBytes() - before;
    const { turn } = relay.counters();
    assert.equal(turn['errors.401'] + turn['drops.answer-limit'], sent, 'each is answered, or counted as not');
    assert.equal(allocations(relay), 0);
    assert.ok(grown < FLAT, `memory grew by ${grown} bytes`);
    await (await relay.client('udp')).allocate();
    assert.equal(allocations(relay), 1);
  });
}

test('while junk comes from hundreds of addresses, a relay loses nothing, and all of it is counted', async (t) => {
  const relay = await startRelay(t);
  const peer = await openEcho('127.0.0.1');
  t.after(() => peer.close());
  const client = await relay.client('udp');
  await client.allocate({ family: FAMILY.IPV4 });
  await client.bind(0x4000, peer.address);
  const before = dropped(relay);
  const memory = residentBytes();
  let junk = 0;
  for (let round = 0; round < 300; round += 1) {
    const ping = Buffer.from(`ping ${round}`);
    const bunch = Array.from({ length: BUNCH / 2 }, () => noise());
    const sending = sendFrom(loopback(round), relay, bunch);
    client.sendOn(0x4000, ping);
    junk += await sending;
    assert.deepEqual((await client.receive()).data, ping, 'each comes back, in order');
    await eventually(() => dropped(relay) - before >= junk, 'the junk is dropped');
  }
  assert.equal(dropped(relay) - before, junk);
  const { turn } = relay.counters();
  assert.deepEqual([turn['packets.up'], turn['packets.down']], [300, 300]);
  assert.equal(relay.threads()[0]!.restarts, 0);
  const grown = residentBytes() - memory;
  assert.ok(grown < FLAT, `memory grew by ${grown} bytes`);
});

test('junk at a relay socket, from peers without permission, is dropped and counted, and its client hears its peer', async (t) => {
  const relay = await startRelay(t);
  const peer = await openEcho('127.0.0.1');
  t.after(() => peer.close());
  const client = await relay.client('udp');
  await client.allocate({ family: FAMILY.IPV4 });
  await client.bind(0x4000, peer.address);
  const { port } = client.relayed[0]!;
  let junk = 0;
  for (let round = 0; round < 100; round += 1) {
    const sending = sendFrom(
      loopback(round),
      relay,
      Array.from({ length: BUNCH / 2 }, () => noise()),
      port,
    );
    client.sendOn(0x4000, Buffer.of(round));
    junk += await sending;
    assert.deepEqual((await client.receive()).data, Buffer.of(round));
    await eventually(() => relay.counters().turn['drops.no-permission'] >= junk, 'the junk is dropped');
  }
  const { turn } = relay.counters();
  assert.deepEqual([turn['drops.no-permission'], turn['packets.down']], [junk, 100]);
});

test('data storms without an allocation are dropped unanswered, over UDP and TCP', async (t) => {
  const relay = await startRelay(t);
  const memory = residentBytes();
  for (const transport of ['udp', 'tcp'] as const) {
    const before = relay.counters().turn['drops.no-allocation'];
    const client = await openAttacker(t, { port: relay.ports[transport]!, transport });
    const rounds = 30;
    for (let round = 0; round < rounds; round += 1) {
      for (let at = 0; at < BUNCH / 2; at += 1) {
        void client.post(channelData(0x4000 + at, Buffer.alloc(100)));
        void client.post(sendIndication(address('127.0.0.1', 9), Buffer.alloc(100)));
      }
      await client.settled();
    }
    assert.equal(relay.counters().turn['drops.no-allocation'] - before, rounds * BUNCH, transport);
    assert.deepEqual(client.inbox, [], transport);
  }
  const grown = residentBytes() - memory;
  assert.ok(grown < FLAT, `memory grew by ${grown} bytes`);
  await (await relay.client('tcp')).allocate();
});

for (const transport of ['tcp', 'tls'] as const) {
  test(`half-open ${transport} connections are capped and end, and honest clients get in meanwhile`, async (t) => {
    const cap = 30;
    const relay = await startRelay(t, {
      certificate: await certificate(t),
      limits: { unauthenticated: cap, authenticateWithin: 1500 },
    });
    const open = descriptors();
    const sockets: Socket[] = [];
    const halves = [
      Buffer.alloc(0),
      message(METHOD.ALLOCATE, [FOR_UDP]).subarray(0, 15),
      // The header of a TLS record of 512 bytes, and the start of a ClientHello.
      Buffer.from('1603010200010001fc0303', 'hex'),
    ];
    for (let round = 0; round < 8; round += 1) {
      for (let at = 0; at < 40; at += 1) sockets.push(await dial(t, relay.ports[transport]!, halves[at % 3]!));
      const { thread } = relay.counters();
      assert.ok(thread['gauge.strangers'] <= cap, `${thread['gauge.strangers']} are waited for`);
      const client = await relay.client(transport, { identity: `lab/${round}` });
      await client.allocate();
    }
    assert.equal(allocations(relay), 8);
    await Promise.all(sockets.map(gone));
    await eventually(() => relay.counters().thread['gauge.strangers'] === 0, 'nobody is waited for');
    const { thread } = relay.counters();
    assert.ok(thread['closed.stranger-cap'] >= 8 * 40 - 8 * cap, `${thread['closed.stranger-cap']} by the cap`);
    assert.equal(thread[`gauge.streams.${transport}`], 8, 'those that authenticated stay');
    // Two for each of them, the one by which the addon reads TCP, its relay socket, and what the runtime opens for itself.
    const each = transport === 'tcp' ? 4 : 3;
    await eventually(() => descriptors() <= open + 8 * each + 4, 'descriptors are given back');
  });
}

test('a TLS client that does not read is given up, and costs little until then', async (t) => {
  const relay = await startRelay(t, { certificate: await certificate(t) });
  const peer = await openEcho('127.0.0.1');
  t.after(() => peer.close());
  const slow = await relay.client('tls', { identity: 'lab/slow' });
  await slow.allocate({ family: FAMILY.IPV4 });
  await slow.bind(0x4000, peer.address);
  slow.pause();
  const before = residentBytes();
  const data = Buffer.alloc(8192, 1);
  await eventually(() => {
    for (let at = 0; at < 20; at += 1) slow.sendOn(0x4000, data);
    const { thread } = relay.counters();
    return thread['dropped.slow-reader'] + thread['closed.too-slow'] > 0;
  }, 'it is noticed');
  const grown = residentBytes() - before;
  assert.ok(grown < 2 * FLAT, `memory grew by ${grown} bytes`);
  await (await relay.client('tls')).allocate();
});

for (const who of ['stranger', 'user'] as const) {
  test(`a ${who} that asks over TCP and does not read the answers is given up`, async (t) => {
    const relay = await startRelay(t, { limits: { authenticateWithin: 60_000 } });
    const client = await openAttacker(t, { port: relay.ports.tcp!, transport: 'tcp' });
    if (who === 'user') await client.request(METHOD.ALLOCATE, [FOR_UDP]);
    client.pause();
    const before = residentBytes();
    const questions = Buffer.concat(Array.from({ length: 2000 }, () => message(METHOD.ALLOCATE, [FOR_UDP])));
    await eventually(() => {
      void client.post(questions);
      return relay.counters().thread['closed.too-slow'] === 1;
    }, 'it is closed');
    await eventually(() => relay.counters().thread['gauge.streams.tcp'] === 0, 'it is gone');
    assert.equal(allocations(relay), 0);
    const grown = residentBytes() - before;
    assert.ok(grown < 2 * FLAT, `memory grew by ${grown} bytes`);
    await (await relay.client('tcp')).allocate();
  });
}

test('connections that flood the relayed port of TCP are closed at once, or counted against its user', async (t) => {
  const most = 5;
  const relay = await startRelay(t, { limits: { allocationsPerUser: most } });
  const control = await openAttacker(t, { port: relay.ports.tcp!, transport: 'tcp' });
  const port = relayedPort(await control.request(METHOD.ALLOCATE, [FOR_TCP]));
  const open = descriptors();
  const strangers = await Promise.all(Array.from({ length: 200 }, () => dial(t, port, Buffer.of(1))));
  await Promise.all(strangers.map(gone));
  assert.equal(relay.counters().turn['drops.no-permission'], strangers.length);
  assert.equal(relay.counters().turn['gauge.connections'], 0);

  await control.request(METHOD.CREATE_PERMISSION, [peerPart(address('127.0.0.1'))]);
  const peers = await Promise.all(Array.from({ length: 100 }, () => dial(t, port, Buffer.of(1))));
  await eventually(() => peers.filter(({ destroyed }) => destroyed).length === peers.length - most, 'most are closed');
  const { turn } = relay.counters();
  assert.deepEqual([turn['gauge.connections'], turn['quota.user']], [most, peers.length - most]);
  assert.equal((await control.request(METHOD.REFRESH, [lifetimePart(0)])).error, undefined);
  await Promise.all(peers.map(gone));
  assert.equal(relay.counters().turn['gauge.connections'], 0);
  // The listener has gone too.
  await eventually(() => descriptors() < open, 'descriptors are given back');
});

test('a bridge to a client that does not read holds its peer back', async (t) => {
  const relay = await startRelay(t);
  const peers: Socket[] = [];
  const server = createServer((socket) => peers.push(socket.on('error', () => undefined)));
  t.after(() => {
    for (const socket of peers) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const place = server.address();
  const peer = address('127.0.0.1', typeof place === 'object' && place !== null ? place.port : 0);
  const tcp = { port: relay.ports.tcp!, transport: 'tcp' } as const;
  const control = await openAttacker(t, tcp);
  await control.request(METHOD.ALLOCATE, [FOR_TCP]);
  const id = (await control.request(METHOD.CONNECT, [peerPart(peer)])).get(ATTRIBUTE.CONNECTION_ID)!;
  const data = await openAttacker(t, tcp);
  assert.equal((await data.request(METHOD.CONNECTION_BIND, [[ATTRIBUTE.CONNECTION_ID, id]])).error, undefined);
  data.pause();
  await eventually(() => peers.length === 1, 'the peer is there');
  const all = 64 * MIB;
  for (let sent = 0; sent < all; sent += MIB) peers[0]!.write(Buffer.alloc(MIB));
  await standsStill(() => relay.counters().turn['bytes.down']);
  const relayed = relay.counters().turn['bytes.down'];
  assert.ok(relayed > 0 && relayed < all / 2, `${relayed} of ${all} bytes wait for a reader`);
  data.close();
  await gone(peers[0]!);
  await eventually(() => relay.counters().turn['gauge.connections'] === 0, 'it ends with its client');
});

/** Resolves when a number that is not 0 has been the same for half a second. */
async function standsStill(read: () => number): Promise<void> {
  let last = 0;
  let same = 0;
  for (let left = 1000; same < 50; left -= 1) {
    assert.ok(left > 0, 'it never stands still');
    await new Promise((resolve) => setTimeout(resolve, 10));
    const now = read();
    same = now === last && now !== 0 ? same + 1 : 0;
    last = now;
  }
}

/** One of the addresses of loopback, 127.x.y.z; the same for the same number. */
function loopback(number: number): string {
  return `127.${1 + (number % 250)}.${Math.floor(number / 250) % 250}.77`;
}

/** Sends from an address that is used for nothing else, and says how many were sent. */
async function sendFrom(from: string, relay: TestRelay, datagrams: Buffer[], port = relay.ports.udp!): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(0, from, resolve);
  });
  const send = (bytes: Buffer) =>
    new Promise<void>((resolve) => {
      socket.send(bytes, port, '127.0.0.1', () => resolve());
    });
  await Promise.all(datagrams.map(send));
  socket.close();
  return datagrams.length;
}

/** Bytes of chance that are no request: those are answered. */
function noise(): Buffer {
  const bytes = randomBytes(randomInt(0, 200));
  const kinds = [0x00, 0x3f, 0x40, 0x80, 0xff] as const;
  if (bytes.length > 0) bytes[0] = kinds[randomInt(kinds.length)]!;
  return bytes;
}

function requests(relay: TestRelay): number {
  return relay.counters().turn['requests.allocate'];
}

function allocations(relay: TestRelay): number {
  return sum(relay, 'gauge.allocations.');
}

function dropped(relay: TestRelay): number {
  return sum(relay, 'drops.');
}

function sum(relay: TestRelay, prefix: string): number {
  return Object.entries(relay.counters().turn).reduce(
    (total, [name, value]) => (name.startsWith(prefix) ? total + value : total),
    0,
  );
}

async function dial(t: TestContext, port: number, first: Buffer): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined).resume();
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
  });
  if (first.length > 0) socket.write(first);
  return socket;
}

function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}
