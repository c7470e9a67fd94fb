import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import type { Attributes } from './support/turn-client.ts';
import { at } from './support/names.ts';
import { World } from './support/turn-world.ts';

const PEER = '198.51.100.1:9000';

test('a channel carries data both ways, from the very port it is bound to', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  assert.equal(alice.bind(0x4abc, PEER).error, 0);

  alice.channel(0x4abc, 'up');
  alice.channel(0x4abc, '');
  assert.deepEqual(
    world.take(PEER).map(({ bytes }) => Buffer.from(bytes).toString()),
    ['up', ''],
  );
  world.fromPeer(PEER, alice.relayed, 'down');
  world.fromPeer(PEER, alice.relayed, '');
  world.fromPeer('198.51.100.1:9001', alice.relayed, 'other port');
  assert.deepEqual(alice.data(), ['0x4abc: down', '0x4abc: ', '198.51.100.1:9001: other port']);
});

for (const [number, error] of [
  [0, 400],
  [0x3fff, 400],
  [0x4fff, 0],
  [0x5000, 400],
  [0x7ffe, 400],
  [0xffff, 400],
] as const) {
  test(`0x${number.toString(16)} is ${error === 0 ? 'a' : 'no'} channel for a client of RFC 8656`, () => {
    const alice = new World().client();
    alice.allocate();
    const attributes = (writer: Parameters<Attributes>[0]) => {
      writer.uint32(ATTRIBUTE.CHANNEL_NUMBER, number << 16);
      writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(PEER));
    };
    assert.equal(alice.ask(METHOD.CHANNEL_BIND, attributes, { sha256: true }).error, error);
  });
}

test('a client of RFC 5766 may bind up to 0x7FFE', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  assert.equal(alice.bind(0x7ffe, PEER).error, 0);
  assert.equal(alice.bind(0x7fff, '198.51.100.1:9001').error, 400);
  assert.equal(alice.bind(0x3fff, '198.51.100.1:9001').error, 400);
  alice.channel(0x7ffe, 'up');
  assert.equal(world.take(PEER).length, 1);
});

test('a number is bound to one address, and an address to one number', () => {
  const alice = new World().client();
  alice.allocate();
  assert.equal(alice.bind(0x4000, PEER).error, 0);
  assert.equal(alice.bind(0x4000, PEER).error, 0);
  assert.equal(alice.bind(0x4000, '198.51.100.1:9001').error, 400);
  assert.equal(alice.bind(0x4001, PEER).error, 400);
  assert.equal(alice.bind(0x4001, '198.51.100.1:9001').error, 0);
});

test('channels of different allocations have nothing to do with each other', () => {
  const world = new World();
  const [alice, bob] = [world.client('192.0.2.1:1', 'alice'), world.client('192.0.2.2:1', 'bob')];
  for (const client of [alice, bob]) client.allocate();
  assert.equal(alice.bind(0x4000, PEER).error, 0);
  bob.channel(0x4000, 'not bound');
  assert.deepEqual(world.sent, []);
  assert.equal(bob.bind(0x4000, '198.51.100.2:1').error, 0);
  assert.equal(bob.bind(0x4001, PEER).error, 0);
});

test('a binding lasts for 600 seconds, and then both can be bound anew', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate((writer) => writer.uint32(ATTRIBUTE.LIFETIME, 3600));
  alice.bind(0x4000, PEER);
  world.pass(290);
  alice.permit(PEER);
  world.pass(290);
  alice.permit(PEER);
  alice.channel(0x4000, 'just in time');
  assert.equal(world.take(PEER).length, 1);

  world.passUnseen(20);
  alice.channel(0x4000, 'too late');
  world.fromPeer(PEER, alice.relayed, 'as an indication');
  assert.deepEqual(world.take(PEER), []);
  assert.deepEqual(alice.data(), [`${PEER}: as an indication`]);
  alice.fetchNonce();
  assert.equal(alice.bind(0x4001, PEER).error, 0);
  assert.equal(alice.bind(0x4000, '198.51.100.2:1').error, 0);
});

test('binding anew makes it 600 seconds again, and renews the permission', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate((writer) => writer.uint32(ATTRIBUTE.LIFETIME, 3600));
  for (let n = 0; n < 5; n += 1) {
    alice.fetchNonce();
    alice.bind(0x4000, PEER);
    world.pass(299);
    alice.channel(0x4000, 'x');
  }
  assert.equal(world.take(PEER).length, 5);
  assert.equal(world.count('gauge.channels'), 1);
});

for (const [what, peer, error] of [
  ['loopback', '127.0.0.1:80', 403],
  ['a private address', '192.168.1.1:80', 403],
  ['the other family', '[2001:db8:2::1]:1', 443],
] as const) {
  test(`${what} is a ${error}, and no permission comes of it`, () => {
    const world = new World();
    const alice = world.client();
    alice.allocate();
    assert.equal(alice.bind(0x4000, peer).error, error);
    assert.equal(world.count('gauge.channels') + world.count('gauge.permissions'), 0);
  });
}

test('a binding without a number or a peer is a 400, without an allocation a 437', () => {
  const alice = new World().client();
  assert.equal(alice.bind(0x4000, PEER).error, 437);
  alice.allocate();
  assert.equal(
    alice.ask(METHOD.CHANNEL_BIND, (writer) => writer.uint32(ATTRIBUTE.CHANNEL_NUMBER, 0x4000 << 16)).error,
    400,
  );
});

test('no more channels than the quota, and none without its permission: 508', () => {
  const one = { user: 1, address: 1, total: 1 };
  const few = new World({ quotas: { channels: one } });
  const alice = few.client();
  alice.allocate();
  assert.equal(alice.bind(0x4000, PEER).error, 0);
  assert.equal(alice.bind(0x4001, '198.51.100.2:1').error, 508);

  const world = new World({ quotas: { permissions: one } });
  const bob = world.client();
  bob.allocate();
  bob.permit('198.51.100.3:1');
  assert.equal(bob.bind(0x4001, '198.51.100.2:1').error, 508);
  assert.equal(world.quotas.total('channels'), 0);
});

test('over a stream, ChannelData is padded to 4 bytes and its length is not', () => {
  const world = new World();
  const alice = world.streamClient();
  alice.allocate();
  alice.bind(0x4000, PEER);
  world.fromPeer(PEER, alice.relayed, '12345');
  const [frame] = world.take(alice.address);
  assert.deepEqual([...(frame?.bytes ?? [])], [0x40, 0, 0, 5, 49, 50, 51, 52, 53, 0, 0, 0]);
});

test('ChannelData that claims more than there is, is dropped; padding behind it is not sent on', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.bind(0x4000, PEER);
  alice.raw(Uint8Array.of(0x40, 0, 0, 5, 1, 2, 3, 4));
  alice.raw(Uint8Array.of(0x40, 0, 0, 3, 1, 2, 3, 0));
  assert.deepEqual(
    world.take(PEER).map(({ bytes }) => [...bytes]),
    [[1, 2, 3]],
  );
  assert.equal(world.count('drops.malformed'), 1);
});
