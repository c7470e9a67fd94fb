import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import type { Client, Received } from './support/turn-client.ts';
import { at } from './support/names.ts';
import { World } from './support/turn-world.ts';

const PEER = '198.51.100.1:9000';
const PEER_STREAM = (1 << 25) + 1;

test('a client connects to a peer, binds the connection, and both streams are joined', () => {
  const world = new World();
  const alice = tcpClient(world);
  const connection = connect(world, alice);

  const data = world.streamClient('192.0.2.7:4001');
  assert.equal(bind(data, connection).error, 0);
  assert.deepEqual(world.ordered('bridge'), [
    { type: 'bridge', connection, client: data.path.socket, peer: PEER_STREAM },
  ]);

  assert.equal(world.server.bridged(connection, true, 100, world.now), 0);
  assert.equal(world.server.bridged(connection, false, 7, world.now), 0);
  world.handle({ type: 'stream-closed', socket: PEER_STREAM });
  world.handle({ type: 'stream-closed', socket: data.path.socket });
  assert.equal(world.server.bridged(connection, true, 1, world.now), -1);
  assert.equal(world.quotas.total('connections'), 0);
  alice.refresh(0);
  const usage = { packetsUp: 1, bytesUp: 100, packetsDown: 1, bytesDown: 7 };
  assert.deepEqual(world.ordered('ended')[0]?.usage, usage);
  assert.deepEqual(world.ordered('close-stream'), []);
});

test('a TCP allocation is for a client on a stream, and without what belongs to UDP', () => {
  const world = new World();
  assert.equal(world.client().ask(METHOD.ALLOCATE, tcp).error, 400);
  for (const attributes of [
    (writer: Writer) => writer.empty(ATTRIBUTE.DONT_FRAGMENT),
    (writer: Writer) => writer.uint8(ATTRIBUTE.EVEN_PORT, 0),
    (writer: Writer) => writer.uint64(ATTRIBUTE.RESERVATION_TOKEN, 1, 2),
  ]) {
    const answer = world.streamClient().ask(METHOD.ALLOCATE, (writer) => {
      tcp(writer);
      attributes(writer);
    });
    assert.equal(answer.error, 400);
  }
});

test('Connect without a TCP allocation is a 437, without a peer a 400, to a forbidden one a 403', () => {
  const world = new World();
  const plain = world.streamClient('192.0.2.7:1');
  assert.equal(plain.ask(METHOD.CONNECT, peer(PEER)).error, 437);
  plain.allocate();
  assert.equal(plain.ask(METHOD.CONNECT, peer(PEER)).error, 437);

  const alice = tcpClient(world);
  assert.equal(alice.ask(METHOD.CONNECT).error, 400);
  assert.equal(alice.ask(METHOD.CONNECT, peer('127.0.0.1:22')).error, 403);
  assert.equal(alice.ask(METHOD.CONNECT, peer('[2001:db8:2::1]:22')).error, 443);
  assert.equal(world.ordered('connect-peer').length, 0);
});

test('a second connection to the same peer is a 446', () => {
  const world = new World();
  const alice = tcpClient(world);
  connect(world, alice);
  assert.equal(alice.ask(METHOD.CONNECT, peer(PEER)).error, 446);
});

test('a peer that cannot be reached, or not within 30 seconds, is a 447', () => {
  const world = new World();
  const alice = tcpClient(world);
  alice.request(METHOD.CONNECT, peer(PEER));
  world.handle({ type: 'peer-connect-failed', connection: world.ordered('connect-peer')[0]!.connection });
  assert.equal(alice.received()[0]?.error, 447);

  alice.request(METHOD.CONNECT, peer(PEER));
  const [order] = world.ordered('connect-peer');
  world.pass(30);
  assert.equal(alice.received()[0]?.error, 447);
  assert.deepEqual(world.ordered('cancel-connect'), [{ type: 'cancel-connect', connection: order!.connection }]);
  world.handle({ type: 'peer-connected', connection: order!.connection, peer: PEER_STREAM });
  assert.equal(world.ordered('close-stream')[0]?.socket, PEER_STREAM);
});

test('a connection that nobody binds within 30 seconds is closed', () => {
  const world = new World();
  const alice = tcpClient(world);
  const connection = connect(world, alice);
  world.pass(30);
  assert.equal(world.ordered('close-stream')[0]?.socket, PEER_STREAM);
  assert.equal(bind(world.streamClient('192.0.2.7:4001'), connection).error, 400);
});

test('a peer with a permission is announced to the client, another is closed', () => {
  const world = new World();
  const alice = tcpClient(world);
  const relay = world.ordered('allocated')[0]!.sockets[0]!.socket;
  const accepted = { type: 'peer-accepted', relay, address: at(PEER) } as const;
  world.handle({ ...accepted, peer: PEER_STREAM });
  assert.equal(world.ordered('close-stream')[0]?.socket, PEER_STREAM);
  assert.deepEqual(alice.received(), []);

  alice.permit(PEER);
  world.handle({ ...accepted, peer: PEER_STREAM + 1 });
  const [attempt] = alice.received();
  assert.equal(attempt?.method, METHOD.CONNECTION_ATTEMPT);
  assert.equal(attempt.address('XOR_PEER_ADDRESS'), PEER);
  assert.equal(bind(world.streamClient('192.0.2.7:4001'), attempt.uint32('CONNECTION_ID')).error, 0);
  assert.equal(world.ordered('bridge')[0]?.peer, PEER_STREAM + 1);
});

test('a connection is bound once, on a stream of its own, and by its own user', () => {
  const world = new World();
  const alice = tcpClient(world);
  const connection = connect(world, alice);
  assert.equal(bind(world.client('192.0.2.7:9'), connection).error, 400);
  assert.equal(bind(alice, connection).error, 400);
  assert.equal(bind(world.streamClient('192.0.2.8:1', 'mallory'), connection).error, 441);
  assert.equal(bind(world.streamClient('192.0.2.7:4001'), connection + 1).error, 400);
  assert.equal(bind(world.streamClient('192.0.2.7:4001'), connection).error, 0);
  assert.equal(bind(world.streamClient('192.0.2.7:4002'), connection).error, 400);
});

test('connections end with their allocation, and that with its control connection', () => {
  const world = new World();
  const alice = tcpClient(world);
  const connection = connect(world, alice);
  const data = world.streamClient('192.0.2.7:4001');
  bind(data, connection);
  world.handle({ type: 'stream-closed', socket: alice.path.socket });

  assert.deepEqual(
    world.ordered('close-stream').map(({ socket }) => socket),
    [data.path.socket, PEER_STREAM],
  );
  assert.equal(world.ordered('ended')[0]?.cause, 'client-closed');
  assert.equal(world.relays.size, 0);
  assert.equal(world.quotas.size, 0);
  assert.equal(world.server.nextDeadline(), undefined);
});

test('a nonce from one stream of a client is good on its others, and for nobody else', () => {
  const world = new World();
  const alice = tcpClient(world);
  const connection = connect(world, alice);
  const nonce = new Uint8Array(alice.fetchNonce().value('NONCE'));
  const attributes = (writer: Writer) => writer.uint32(ATTRIBUTE.CONNECTION_ID, connection);
  const elsewhere = world.streamClient('192.0.2.8:4001');
  assert.equal(elsewhere.ask(METHOD.CONNECTION_BIND, attributes, { nonce }).error, 438);
  assert.equal(world.client('192.0.2.7:4001').ask(METHOD.CONNECTION_BIND, attributes, { nonce }).error, 438);
  const data = world.streamClient('192.0.2.7:4001');
  assert.equal(data.ask(METHOD.CONNECTION_BIND, attributes, { nonce }).error, 0);
});

test('connections have a quota', () => {
  const one = { user: 1, address: 1, total: 1 };
  const world = new World({ quotas: { connections: one } });
  const alice = tcpClient(world);
  connect(world, alice);
  assert.equal(alice.ask(METHOD.CONNECT, peer('198.51.100.2:1')).error, 486);
});

test('a channel is nothing that a TCP allocation has', () => {
  const alice = tcpClient(new World());
  assert.equal(alice.bind(0x4000, PEER).error, 400);
});

type Writer = Parameters<Parameters<Client['ask']>[1] & {}>[0];

function tcp(writer: Writer): void {
  writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 6 << 24);
}

function peer(address: string) {
  return (writer: Writer) => writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(address));
}

function tcpClient(world: World): Client {
  const alice = world.streamClient('192.0.2.7:4000');
  assert.equal(alice.ask(METHOD.ALLOCATE, tcp).error, 0);
  assert.equal(world.ordered('bind-relay').at(-1)?.transport, 'tcp');
  return alice;
}

/** Connects to the peer; returns the CONNECTION-ID. */
function connect(world: World, client: Client): number {
  assert.equal(client.request(METHOD.CONNECT, peer(PEER)), undefined);
  const [order] = world.ordered('connect-peer');
  assert.deepEqual(order?.address, at(PEER));
  world.handle({ type: 'peer-connected', connection: order.connection, peer: PEER_STREAM });
  const [answer] = client.received();
  assert.equal(answer?.error, 0);
  return answer.uint32('CONNECTION_ID');
}

function bind(client: Client, connection: number): Received {
  return client.ask(METHOD.CONNECTION_BIND, (writer) => writer.uint32(ATTRIBUTE.CONNECTION_ID, connection));
}
