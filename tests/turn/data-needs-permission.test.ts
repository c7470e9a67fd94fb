import assert from 'node:assert/strict';
import { test } from 'node:test';

import { World } from './support/turn-world.ts';

const PEER = '198.51.100.1:9000';

test('data goes to a peer with a permission, and to no other', () => {
  const world = new World();
  const alice = world.client();
  assert.equal(alice.allocate().error, 0);

  alice.send(PEER, 'too early');
  assert.deepEqual(world.take(PEER), []);

  assert.equal(alice.permit('198.51.100.1:0').error, 0);
  alice.send(PEER, 'hello');
  alice.send('198.51.100.2:9000', 'not you');

  assert.deepEqual(
    world.take(PEER).map(({ bytes, socket }) => [Buffer.from(bytes).toString(), socket]),
    [['hello', world.relayAt(alice.relayed)]],
  );
  assert.deepEqual(world.sent, []);
  assert.equal(world.count('drops.no-permission'), 2);
});

test('a peer is heard from each of its ports, and another address is not', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.permit(PEER);

  world.fromPeer(PEER, alice.relayed, 'from the peer');
  world.fromPeer('198.51.100.1:1', alice.relayed, 'from elsewhere on it');
  world.fromPeer('198.51.100.2:9000', alice.relayed, 'from a stranger');

  assert.deepEqual(alice.data(), ['198.51.100.1:9000: from the peer', '198.51.100.1:1: from elsewhere on it']);
});

test('a permission lasts for 300 seconds, and CreatePermission renews it', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.permit(PEER);

  world.passUnseen(299);
  alice.send(PEER, '1');
  alice.permit(PEER);
  world.passUnseen(299);
  alice.send(PEER, '2');
  world.passUnseen(1);
  alice.send(PEER, '3');
  world.fromPeer(PEER, alice.relayed, '3');

  assert.deepEqual(
    world.take(PEER).map(({ bytes }) => Buffer.from(bytes).toString()),
    ['1', '2'],
  );
  assert.deepEqual(alice.data(), []);
});

test('data does not keep a permission alive', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.bind(0x4000, PEER);

  world.passUnseen(200);
  alice.channel(0x4000, 'up');
  world.fromPeer(PEER, alice.relayed, 'down');
  assert.equal(world.take(PEER).length, 1);
  assert.deepEqual(alice.data(), ['0x4000: down']);

  world.passUnseen(100);
  alice.channel(0x4000, 'up');
  world.fromPeer(PEER, alice.relayed, 'down');
  assert.deepEqual(world.sent, []);
});
