import assert from 'node:assert/strict';
import { test } from 'node:test';

import { later } from '../../src/kernel/clock.ts';
import { World } from './support/turn-world.ts';

const PEER = '198.51.100.1:9000';

test('who is revoked loses all allocations at once, and its credentials are no good any more', () => {
  const world = new World();
  const [udp, tls] = [world.client(), world.streamClient('192.0.2.7:4001', 'alice', 'tls')];
  const bob = world.client('192.0.2.8:1', 'bob');
  for (const client of [udp, tls, bob]) {
    client.allocate();
    client.bind(0x4000, PEER);
  }
  world.orders.length = 0;
  world.handle({ type: 'revoke', identity: 'alice', issuedUntil: later(world.now, 86_400_000), cause: 'kicked' });

  assert.deepEqual(
    world.ordered('ended').map(({ identity, cause }) => [identity, cause]),
    [
      ['alice', 'kicked'],
      ['alice', 'kicked'],
    ],
  );
  assert.deepEqual(world.ordered('close-stream'), [{ type: 'close-stream', socket: tls.path.socket, why: 'kicked' }]);
  for (const client of [udp, tls, bob]) client.channel(0x4000, 'x');
  assert.equal(world.take(PEER).length, 1);
  assert.equal(udp.allocate().error, 401);
  world.passUnseen(1);
  udp.credential = world.credential('alice');
  assert.equal(udp.allocate().error, 0, 'a later credential is good again');
});

test('an allocation is closed on order, alone or with all others', () => {
  const world = new World();
  for (const port of [1, 2, 3]) world.client(`192.0.2.7:${port}`).allocate();
  const [first] = world.ordered('allocated');
  world.handle({ type: 'close', allocation: first!.allocation, cause: 'operator' });
  assert.deepEqual(
    world.ordered('ended').map(({ allocation, cause }) => [allocation, cause]),
    [[first!.allocation, 'operator']],
  );
  world.handle({ type: 'close', cause: 'shutdown' });
  assert.equal(world.ordered('ended').length, 2);
  assert.equal(world.relays.size, 0);
});

test('what is bound for an allocation that is gone is closed again', () => {
  const world = new World({ binds: false });
  const alice = world.client();
  assert.throws(() => alice.allocate());
  const [order] = world.ordered('bind-relay');
  world.handle({ type: 'close', cause: 'shutdown' });
  assert.equal(world.quotas.size, 0);
  world.relays.set(9, { socket: 9, family: 1, port: 50_000 });
  world.relays.set(10, { socket: 10, family: 1, port: 50_001 });
  world.handle({
    type: 'relay-bound',
    allocation: order!.allocation,
    sockets: [{ socket: 9, family: 1, port: 50_000 }],
    reserved: { socket: 10, family: 1, port: 50_001 },
  });
  assert.equal(world.relays.size, 0);
});

test('usage can be read while allocations live', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.bind(0x4000, PEER);
  alice.channel(0x4000, '1234');
  const seen: unknown[] = [];
  world.server.usage((_allocation, identity, usage) => seen.push([identity, usage]));
  assert.deepEqual(seen, [['alice', { packetsUp: 1, bytesUp: 4, packetsDown: 0, bytesDown: 0 }]]);
});

test('allocations have a quota: 486', () => {
  const world = new World({ quotas: { allocations: { user: 1, address: 2, total: 3 } } });
  assert.equal(world.client('192.0.2.7:1').allocate().error, 0);
  assert.equal(world.client('192.0.2.7:2').allocate().error, 486);
  assert.equal(world.client('192.0.2.7:3', 'bob').allocate().error, 0);
  assert.equal(world.client('192.0.2.7:4', 'carol').allocate().error, 486);
  assert.equal(world.client('192.0.2.8:4', 'carol').allocate().error, 0);
  assert.equal(world.client('192.0.2.9:5', 'dave').allocate().error, 486);
  assert.deepEqual(
    (['quota.user', 'quota.address', 'quota.total'] as const).map((counter) => world.count(counter)),
    [1, 1, 1],
  );
});
