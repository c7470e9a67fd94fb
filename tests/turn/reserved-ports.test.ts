import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import type { Attributes, Received } from './support/turn-client.ts';
import { World } from './support/turn-world.ts';

test('EVEN-PORT gets an even port, and the next one for who shows the token', () => {
  const world = new World();
  world.client('192.0.2.1:1').allocate();
  const rtp = world.client('192.0.2.7:4000');
  const answer = rtp.allocate(evenPort(0x80));
  assert.equal(portOf(answer) % 2, 0);
  assert.equal(world.ordered('bind-relay').at(-1)?.port, 'even+reserve');

  const rtcp = world.client('192.0.2.7:4001');
  const second = rtcp.allocate(token(answer));
  assert.equal(second.error, 0);
  assert.equal(portOf(second), portOf(answer) + 1);
  assert.equal(world.count('gauge.reservations'), 0);
});

test('without the R bit nothing is set aside', () => {
  const world = new World();
  const answer = world.client().allocate(evenPort(0));
  assert.equal(answer.has('RESERVATION_TOKEN'), false);
  assert.equal(world.ordered('bind-relay').at(-1)?.port, 'even');
});

test('a reservation is held for 30 seconds', () => {
  const world = new World();
  const answer = world.client().allocate(evenPort(0x80));
  world.pass(29);
  assert.equal(world.relays.size, 2);
  world.pass(2);
  assert.equal(world.relays.size, 1);
  assert.equal(world.client('192.0.2.7:4001').allocate(token(answer)).error, 508);
});

test('a token is good once, and for its own user only', () => {
  const world = new World();
  const answer = world.client().allocate(evenPort(0x80));

  assert.equal(world.client('192.0.2.8:1', 'mallory').allocate(token(answer)).error, 508);
  assert.equal(world.client('192.0.2.7:4001').allocate(token(answer)).error, 0);
  assert.equal(world.client('192.0.2.7:4002').allocate(token(answer)).error, 508);
});

test('a reservation counts as an allocation until it is used', () => {
  const world = new World({ quotas: { allocations: { user: 2, address: 9, total: 9 } } });
  const answer = world.client('192.0.2.7:1').allocate(evenPort(0x80));
  assert.equal(world.client('192.0.2.7:2').allocate().error, 486);
  assert.equal(world.client('192.0.2.7:3').allocate(token(answer)).error, 0);
  assert.equal(world.quotas.total('allocations'), 2);
});

test('who may have one allocation only gets it without a reservation', () => {
  const world = new World({ quotas: { allocations: { user: 1, address: 9, total: 9 } } });
  const answer = world.client().allocate(evenPort(0x80));
  assert.equal(answer.error, 0);
  assert.equal(answer.has('RESERVATION_TOKEN'), false);
  assert.equal(world.relays.size, 1);
});

function evenPort(flags: number): Attributes {
  return (writer) => writer.uint8(ATTRIBUTE.EVEN_PORT, flags);
}

function token(answer: Received): Attributes {
  const bytes = new Uint8Array(answer.value('RESERVATION_TOKEN'));
  assert.equal(bytes.length, 8);
  return (writer) => writer.bytes(ATTRIBUTE.RESERVATION_TOKEN, bytes);
}

function portOf(answer: Received): number {
  return Number(answer.address('XOR_RELAYED_ADDRESS').split(':').at(-1));
}
