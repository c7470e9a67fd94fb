import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import { newTransaction, udp } from './support/turn-client.ts';
import { World } from './support/turn-world.ts';

test('an Allocate that comes again is answered alike, and counted once', () => {
  const world = new World({ quotas: { allocations: { user: 1, address: 1, total: 1 } } });
  const alice = world.client();
  const attributes = (writer: Parameters<ReturnType<typeof udp>>[0]) => writer.uint32(ATTRIBUTE.LIFETIME, 1000);
  const first = alice.allocate(attributes);
  const again = alice.allocate(attributes, { transaction: alice.lastTransaction });

  assert.equal(first.error, 0);
  assert.deepEqual(again.bytes, first.bytes);
  assert.equal(world.ordered('bind-relay').length, 1);
  assert.equal(alice.allocate().error, 437, 'another transaction is another request');
});

test('an Allocate that comes again while its port is being bound is not answered twice', () => {
  const world = new World({ binds: false });
  const alice = world.client();
  const transaction = newTransaction();
  alice.request(METHOD.ALLOCATE, udp(), { transaction });
  alice.request(METHOD.ALLOCATE, udp(), { transaction });

  const orders = world.ordered('bind-relay');
  assert.equal(orders.length, 1);
  const sockets = [{ socket: 9, family: 1, port: 50_000 }] as const;
  world.handle({ type: 'relay-bound', allocation: orders[0]!.allocation, sockets });
  assert.equal(alice.received().length, 1);
  assert.equal(world.count('drops.pending'), 1);
});

test('a Refresh that ends an allocation is answered alike when it comes again', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  const first = alice.refresh(0);
  const again = alice.refresh(0, undefined, { transaction: alice.lastTransaction });

  assert.equal(first.error, 0);
  assert.deepEqual(again.bytes, first.bytes);
  assert.equal(alice.refresh(0).error, 437, 'another transaction finds no allocation');

  world.passUnseen(41);
  assert.equal(alice.refresh(0, undefined, { transaction: again.bytes.slice(8, 20) }).error, 437);
});

test('permissions and channels that are asked for again count once', () => {
  const limit = { user: 1, address: 1, total: 1 };
  const world = new World({ quotas: { permissions: limit, channels: limit } });
  const alice = world.client();
  alice.allocate();
  for (let n = 0; n < 3; n += 1) {
    assert.equal(alice.permit('198.51.100.1:1').error, 0);
    assert.equal(alice.bind(0x4000, '198.51.100.1:1').error, 0);
  }
  assert.equal(world.count('gauge.permissions'), 1);
  assert.equal(world.count('gauge.channels'), 1);
});
