import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { World } from './support/turn-world.ts';

const PEER = '198.51.100.1:9000';

test('an allocation that is not refreshed ends after its lifetime, with all that it has', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.bind(0x4000, PEER);
  alice.channel(0x4000, '12345');
  world.fromPeer(PEER, alice.relayed, '123');
  assert.deepEqual(alice.data(), ['0x4000: 123']);

  world.pass(599);
  assert.deepEqual(world.ordered('ended'), []);
  world.pass(1);

  const [ended] = world.ordered('ended');
  assert.equal(ended?.cause, 'expired');
  assert.equal(ended.identity, 'alice');
  assert.deepEqual(ended.usage, { packetsUp: 1, bytesUp: 5, packetsDown: 1, bytesDown: 3 });
  assert.equal(world.relays.size, 0);
  assert.equal(world.quotas.size, 0);
  assert.equal(world.server.nextDeadline(), undefined);
  alice.fetchNonce();
  assert.equal(alice.refresh().error, 437);
  assert.equal(alice.allocate().error, 0);
});

test('data stops at the very moment, however late the deadline is handled', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  world.passUnseen(400);
  alice.bind(0x4000, PEER);
  world.passUnseen(200);

  alice.channel(0x4000, 'late');
  alice.send(PEER, 'late');
  world.fromPeer(PEER, alice.relayed, 'late');
  assert.deepEqual(world.sent, []);
  assert.equal(world.count('drops.no-allocation'), 3);
});

test('a request on an allocation that is over, but was not removed yet, finds none', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  world.passUnseen(599);
  const nonce = alice.fetchNonce();
  assert.equal(nonce.error, 401);
  world.passUnseen(2);
  assert.equal(alice.refresh(600).error, 437);
  assert.equal(world.ordered('ended').length, 1);
});

test('refreshing keeps it, and can shorten it', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  for (let n = 0; n < 5; n += 1) {
    world.pass(500);
    alice.fetchNonce();
    assert.equal(alice.refresh(3600).uint32('LIFETIME'), 3600);
  }
  assert.equal(alice.refresh(1).uint32('LIFETIME'), 600);
  world.pass(601);
  assert.equal(world.ordered('ended').length, 1);
});

test('refreshing to zero ends it', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  assert.equal(alice.refresh(0).uint32('LIFETIME'), 0);
  assert.equal(world.ordered('ended')[0]?.cause, 'refreshed-to-zero');
  assert.equal(world.relays.size, 0);
});

test('one family of a dual allocation can be refreshed and given up alone', () => {
  const world = new World();
  const alice = world.client();
  const [ipv4, ipv6] = alice
    .allocate((writer) => writer.uint32(ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY, 2 << 24))
    .addresses('XOR_RELAYED_ADDRESS');
  alice.permit(PEER, '[2001:db8:2::1]:0');
  alice.bind(0x4001, '[2001:db8:2::1]:7');

  assert.equal(alice.refresh(0, family(2)).error, 0);
  assert.deepEqual(
    [...world.relays.values()].map(({ family: left }) => left),
    [1],
  );
  alice.send(PEER, 'still there');
  alice.channel(0x4001, 'gone');
  assert.deepEqual(world.take(PEER).length, 1);
  assert.deepEqual(world.sent, []);
  assert.equal(world.count('gauge.channels'), 0);
  assert.equal(world.count('gauge.permissions'), 1);
  assert.ok(ipv4 !== undefined && ipv6 !== undefined);
  assert.equal(alice.permit('[2001:db8:2::1]:0').error, 443);
  assert.equal(alice.refresh(600, family(2)).error, 443);
  assert.equal(alice.refresh(0, family(1)).error, 0);
  assert.equal(world.ordered('ended').length, 1);
});

test('a family that the allocation does not have is a 443', () => {
  const alice = new World().client();
  alice.allocate();
  assert.equal(alice.refresh(600, family(2)).error, 443);
});

test('an allocation ends with its credential, after the grace', () => {
  const world = new World({ lifetimes: { credentialGrace: 60_000 } });
  const alice = world.client();
  alice.credential = world.credential('alice', 900);
  assert.equal(alice.allocate((writer) => writer.uint32(ATTRIBUTE.LIFETIME, 3600)).uint32('LIFETIME'), 960);
  world.pass(500);
  assert.equal(alice.refresh(3600).uint32('LIFETIME'), 460);
  world.pass(401);
  alice.fetchNonce();
  assert.equal(alice.refresh(3600).error, 401);
  assert.deepEqual(world.ordered('ended'), []);
  world.pass(60);
  assert.equal(world.ordered('ended')[0]?.cause, 'credential-expired');
});

test('a thousand allocations that came and went leave nothing behind', () => {
  const world = new World();
  for (let round = 0; round < 20; round += 1) {
    for (let port = 1; port <= 50; port += 1) {
      const client = world.client(`192.0.2.50:${port}`);
      client.allocate();
      client.bind(0x4000, PEER);
    }
    world.pass(601);
  }
  assert.equal(world.ordered('ended').length, 1000);
  assert.equal(world.relays.size, 0);
  assert.equal(world.quotas.size, 0);
  assert.equal(world.server.nextDeadline(), undefined);
  for (const counter of ['gauge.allocations.udp.ipv4', 'gauge.permissions', 'gauge.channels'] as const) {
    assert.equal(world.count(counter), 0);
  }
});

function family(number: number) {
  return (writer: { uint32(type: typeof ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, value: number): void }) =>
    writer.uint32(ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, number << 24);
}
