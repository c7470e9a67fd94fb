import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import type { Attributes } from './support/turn-client.ts';
import { RELAY_IPV4, RELAY_IPV6, World } from './support/turn-world.ts';

const IPV4 = 1 << 24;
const IPV6 = 2 << 24;

test('an allocation has the relayed, the mapped address, and 600 seconds', () => {
  const alice = new World().client('192.0.2.7:4000');
  const answer = alice.allocate();

  assert.equal(answer.address('XOR_RELAYED_ADDRESS'), `${RELAY_IPV4}:50000`);
  assert.equal(answer.address('XOR_MAPPED_ADDRESS'), '192.0.2.7:4000');
  assert.equal(answer.uint32('LIFETIME'), 600);
  assert.equal(answer.has('RESERVATION_TOKEN'), false);
});

for (const [asked, granted] of [
  [1, 600],
  [600, 600],
  [1200, 1200],
  [3600, 3600],
  [86_400, 3600],
  [0xffffffff, 3600],
  [0, 600],
] as const) {
  test(`a lifetime of ${asked} s is granted as ${granted} s`, () => {
    const answer = new World().client().allocate(lifetime(asked));
    assert.equal(answer.uint32('LIFETIME'), granted);
  });
}

test('an IPv6 address is had by asking for one', () => {
  const alice = new World().client();
  assert.equal(alice.allocate(family(IPV6)).address('XOR_RELAYED_ADDRESS'), `[${RELAY_IPV6}]:50000`);
});

test('a client on IPv6 gets IPv4 unless it asks', () => {
  const alice = new World().client('[2001:db8:9::1]:4000');
  const answer = alice.allocate();
  assert.equal(answer.address('XOR_RELAYED_ADDRESS'), `${RELAY_IPV4}:50000`);
  assert.equal(answer.address('XOR_MAPPED_ADDRESS'), '[2001:db8:9::1]:4000');
});

test('both families are had by ADDITIONAL-ADDRESS-FAMILY', () => {
  const world = new World();
  const answer = world.client().allocate(additional(IPV6));
  assert.deepEqual(answer.addresses('XOR_RELAYED_ADDRESS'), [`${RELAY_IPV4}:50000`, `[${RELAY_IPV6}]:50001`]);
  assert.equal(answer.has('ADDRESS_ERROR_CODE'), false);
  assert.equal(world.count('gauge.allocations.udp.dual'), 1);
});

test('they are had by the number that the attribute had in drafts, too', () => {
  const draft = 0x8032 as typeof ATTRIBUTE.DATA;
  const answer = new World().client().allocate((writer) => writer.bytes(draft, Uint8Array.of(2, 0, 0, 0)));
  assert.equal(answer.addresses('XOR_RELAYED_ADDRESS').length, 2);
  const malformed = new World().client().allocate((writer) => writer.bytes(draft, Uint8Array.of(2)));
  assert.equal(malformed.addresses('XOR_RELAYED_ADDRESS').length, 1);
});

test('where there is no IPv6, a dual allocation is IPv4 with an ADDRESS-ERROR-CODE of 440', () => {
  const world = new World({ relay: { ipv6: undefined } });
  const answer = world.client().allocate(additional(IPV6));
  assert.deepEqual(answer.addresses('XOR_RELAYED_ADDRESS'), [`${RELAY_IPV4}:50000`]);
  assert.deepEqual([...answer.value('ADDRESS_ERROR_CODE').subarray(0, 4)], [2, 0, 4, 40]);
});

test('where one of two ports could not be bound, its ADDRESS-ERROR-CODE is 508', () => {
  const world = new World({ binds: false });
  const alice = world.client();
  assert.equal(
    alice.request(METHOD.ALLOCATE, (writer) => {
      writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 17 << 24);
      additional(IPV6)(writer);
    }),
    undefined,
  );
  const [order] = world.ordered('bind-relay');
  assert.ok(order);
  assert.deepEqual(order.families, [1, 2]);
  world.handle({
    type: 'relay-bound',
    allocation: order.allocation,
    sockets: [{ socket: 9, family: 1, port: 49_152 }],
  });

  const [answer] = alice.received();
  assert.deepEqual(answer?.addresses('XOR_RELAYED_ADDRESS'), [`${RELAY_IPV4}:49152`]);
  assert.deepEqual([...(answer?.value('ADDRESS_ERROR_CODE').subarray(0, 4) ?? [])], [2, 0, 5, 8]);
});

test('no port to be had is a 508, and leaves the 5-tuple free', () => {
  const world = new World({ binds: false });
  const alice = world.client();
  alice.request(METHOD.ALLOCATE, (writer) => writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 17 << 24));
  const [order] = world.ordered('bind-relay');
  world.handle({ type: 'relay-bind-failed', allocation: order!.allocation, why: 'exhausted' });

  const [answer] = alice.received();
  assert.equal(answer?.error, 508);
  assert.equal(answer.signed, true);
  assert.equal(world.quotas.size, 0);
  alice.request(METHOD.ALLOCATE, (writer) => writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 17 << 24));
  assert.equal(world.ordered('bind-relay').length, 1);
});

const refusals: [what: string, error: number, attributes: Attributes][] = [
  ['both family attributes', 400, both(family(IPV4), additional(IPV6))],
  ['an additional family of IPv4', 400, additional(IPV4)],
  ['a family that nobody has heard of', 440, family(3 << 24)],
  ['EVEN-PORT with a reservation, and a second family', 400, both(evenPort(0x80), additional(IPV6))],
  ['a token and EVEN-PORT', 400, both(token, evenPort(0))],
  ['a token and a family', 400, both(token, family(IPV4))],
  ['a token and an additional family', 400, both(token, additional(IPV6))],
  ['a token that nobody was given', 508, token],
  ['a ticket that is not empty', 400, (writer) => writer.bytes(ATTRIBUTE.MOBILITY_TICKET, Uint8Array.of(1, 2, 3, 4))],
];
for (const [what, error, attributes] of refusals) {
  test(`${what} is a ${error}`, () => {
    const world = new World();
    assert.equal(world.client().allocate(attributes).error, error);
    assert.equal(world.ordered('bind-relay').length, 0);
    assert.equal(world.quotas.size, 0);
  });
}

test('no transport is a 400, an unknown one a 442', () => {
  const alice = new World({ relay: { tcp: false } }).client();
  assert.equal(alice.ask(METHOD.ALLOCATE).error, 400);
  assert.equal(
    alice.ask(METHOD.ALLOCATE, (writer) => writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 6 << 24)).error,
    442,
  );
  assert.equal(
    alice.ask(METHOD.ALLOCATE, (writer) => writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 99 << 24)).error,
    442,
  );
});

test('a server without IPv4 refuses who does not ask for IPv6, with 440', () => {
  const alice = new World({ relay: { ipv4: undefined } }).client();
  assert.equal(alice.allocate().error, 440);
  assert.equal(alice.allocate(additional(IPV6)).error, 440);
  assert.equal(alice.allocate(family(IPV6)).error, 0);
});

test('DONT-FRAGMENT is a 420 where the shell cannot set the bit', () => {
  const without = new World({ relay: { dontFragment: false } }).client();
  const answer = without.allocate((writer) => writer.empty(ATTRIBUTE.DONT_FRAGMENT));
  assert.equal(answer.error, 420);
  assert.deepEqual([...answer.value('UNKNOWN_ATTRIBUTES')], [0, ATTRIBUTE.DONT_FRAGMENT]);
  assert.equal(new World().client().allocate((writer) => writer.empty(ATTRIBUTE.DONT_FRAGMENT)).error, 0);
});

test('a ticket is a 405 where there is no mobility', () => {
  const alice = new World({ relay: { mobility: false } }).client();
  assert.equal(alice.allocate((writer) => writer.empty(ATTRIBUTE.MOBILITY_TICKET)).error, 405);
});

function lifetime(seconds: number): Attributes {
  return (writer) => writer.uint32(ATTRIBUTE.LIFETIME, seconds);
}

function family(value: number): Attributes {
  return (writer) => writer.uint32(ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, value);
}

function additional(value: number): Attributes {
  return (writer) => writer.uint32(ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY, value);
}

function evenPort(flags: number): Attributes {
  return (writer) => writer.uint8(ATTRIBUTE.EVEN_PORT, flags);
}

function token(writer: Parameters<Attributes>[0]): void {
  writer.uint64(ATTRIBUTE.RESERVATION_TOKEN, 1, 2);
}

function both(one: Attributes, other: Attributes): Attributes {
  return (writer) => {
    one(writer);
    other(writer);
  };
}
