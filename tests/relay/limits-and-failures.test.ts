import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';

import { FAMILY } from '../../src/stun/address.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import { openEcho, transportAddress } from '../support/turn-client.ts';
import { eventually, startRelay } from './start-relay.ts';

test('when no relay port is left, the answer is 508, and a port that is given back serves again', async (t) => {
  const relay = await startRelay(t, { relayPorts: { first: 64_000, last: 64_001 } });
  const clients = [await relay.client('udp'), await relay.client('udp'), await relay.client('udp')];
  for (const client of clients.slice(0, 2)) await client.allocate({ family: FAMILY.IPV4 });
  await assert.rejects(clients[2]!.allocate({ family: FAMILY.IPV4 }), /508/u);
  await clients[0]!.refresh(0);
  await clients[2]!.allocate({ family: FAMILY.IPV4 });
});

test('a relay port that somebody else has is passed over', async (t) => {
  const other = createSocket('udp4');
  t.after(() => other.close());
  await new Promise<void>((resolve) => {
    other.bind(0, '127.0.0.1', resolve);
  });
  const taken = other.address().port;
  const relay = await startRelay(t, { relayPorts: { first: taken, last: taken + 1 } });
  const client = await relay.client('udp');
  await client.allocate({ family: FAMILY.IPV4 });
  assert.equal(client.relayed[0]!.port, taken + 1);
});

test('a user has as many allocations as it may have, and each a family that there is', async (t) => {
  const relay = await startRelay(t, {
    listen: [{ ip: '127.0.0.1' }],
    relay: [{ ip: '127.0.0.1' }],
    limits: { allocationsPerUser: 1 },
  });
  await (await relay.client('udp')).allocate();
  await assert.rejects((await relay.client('udp')).allocate(), /486/u);
  await assert.rejects((await relay.client('udp', { identity: 'x' })).allocate({ family: FAMILY.IPV6 }), /440/u);
  assert.equal(relay.counters().turn['quota.user'], 1);
});

test('a pair of ports is even, and the second waits for who has its token', async (t) => {
  const relay = await startRelay(t);
  const [rtp, rtcp] = [await relay.client('udp'), await relay.client('udp')];
  const answer = await rtp.allocate({ fill: (writer) => writer.uint8(ATTRIBUTE.EVEN_PORT, 0x80) });
  const token = answer.bytes(ATTRIBUTE.RESERVATION_TOKEN)!;
  await rtcp.allocate({ fill: (writer) => writer.bytes(ATTRIBUTE.RESERVATION_TOKEN, token) });
  assert.equal(rtp.relayed[0]!.port % 2, 0);
  assert.equal(rtcp.relayed[0]!.port, rtp.relayed[0]!.port + 1);
});

test('the same job is done by Node’s own sockets, in one thread', async (t) => {
  const relay = await startRelay(t, { udpAddon: 'off', threads: 2, mobility: false, tcpRelay: false });
  assert.equal(relay.udp, 'dgram');
  assert.equal(relay.threads().length, 1);
  assert.ok(relay.lines.some(({ level, message }) => level === 'warn' && message.includes('one thread')));
  for (const host of ['127.0.0.1', '::1']) {
    const peer = await openEcho(host);
    t.after(() => peer.close());
    const client = await relay.client('udp', { host });
    await client.allocate({ family: host === '::1' ? FAMILY.IPV6 : FAMILY.IPV4 });
    await client.bind(0x4000, peer.address);
    for (const length of [0, 1, 1200, 60_000]) {
      client.sendOn(0x4000, Buffer.alloc(length, 7));
      assert.deepEqual((await client.receive()).data, Buffer.alloc(length, 7));
    }
  }
});

test('TCP is relayed: to a peer from the relayed port, and from a peer that comes there', async (t) => {
  const relay = await startRelay(t);
  const seen: Socket[] = [];
  const server = createServer((socket) => {
    seen.push(socket);
    socket.pipe(socket);
  });
  t.after(() => server.close());
  const port = await listening(server);
  const control = await relay.client('tcp');
  const allocated = await control.request(METHOD.ALLOCATE, (writer) => {
    writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 6 << 24);
    writer.uint32(ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, FAMILY.IPV4 << 24);
  });
  const relayed = allocated.address(ATTRIBUTE.XOR_RELAYED_ADDRESS)!;
  const peer = transportAddress('127.0.0.1', port);
  await control.permit(peer);
  const connected = await control.request(METHOD.CONNECT, (writer) => writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, peer));
  assert.equal(connected.error, undefined);
  assert.equal(seen[0]!.remotePort, relay.udp === 'addon' ? relayed.port : seen[0]!.remotePort);

  const data = await relay.client('tcp');
  const id = connected.uint32(ATTRIBUTE.CONNECTION_ID)!;
  const bound = await data.request(METHOD.CONNECTION_BIND, (writer) => writer.uint32(ATTRIBUTE.CONNECTION_ID, id));
  assert.equal(bound.error, undefined);
  // From here on the connection carries whatever bytes there are; these happen to look like ChannelData.
  data.sendOn(0x4abc, Buffer.alloc(50_000, 3));
  assert.deepEqual((await data.receive()).data, Buffer.alloc(50_000, 3));
  seen[0]!.destroy();
  await data.closed;

  const visitor = await dial(t, relayed.port);
  await eventually(() => relay.counters().turn['gauge.connections'] === 1, 'the peer is taken');
  control.close();
  await new Promise<void>((resolve) => {
    visitor.once('close', () => resolve());
  });
  await eventually(() => relay.ended.length === 1, 'all of it ends with the control connection');
});

test('a second address tells clients how their NAT behaves', async (t) => {
  const relay = await startRelay(t, { listen: [{ ip: '127.0.0.1' }], secondAddress: '127.0.0.2' });
  const client = await relay.client('udp');
  const answer = await client.bare(METHOD.BINDING);
  assert.deepEqual(answer.address(ATTRIBUTE.OTHER_ADDRESS), transportAddress('127.0.0.2', relay.ports.udp! + 1));
  assert.deepEqual(answer.address(ATTRIBUTE.RESPONSE_ORIGIN), transportAddress('127.0.0.1', relay.ports.udp!));
});

test('allocations end with their credential, after the grace', async (t) => {
  const relay = await startRelay(t, { grace: 0 });
  const client = await relay.client('udp', { seconds: 2 });
  await client.allocate();
  await eventually(() => relay.ended.length === 1, 'it has ended');
  assert.equal(relay.ended[0]!.cause, 'credential-expired');
});

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function dial(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined).resume();
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
  });
  return socket;
}
