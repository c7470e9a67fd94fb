import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import type { Attributes, Client } from './support/turn-client.ts';
import { World } from './support/turn-world.ts';

const PEER = '198.51.100.1:9000';

test('an allocation moves along with its client, at the first data on the new path', () => {
  const world = new World();
  const { alice, ticket } = mobileClient(world);
  const moved = alice.movedTo('192.0.2.99:7000');
  const answer = moved.refresh(600, withTicket(ticket));
  assert.equal(answer.error, 0);
  assert.notDeepEqual(answer.value('MOBILITY_TICKET'), ticket);

  world.fromPeer(PEER, alice.relayed, 'still to the old one');
  alice.channel(0x4000, 'still from the old one');
  assert.deepEqual(alice.data(), ['0x4000: still to the old one']);
  assert.equal(world.take(PEER).length, 1);

  moved.channel(0x4000, 'from the new one');
  assert.equal(world.take(PEER).length, 1);
  world.fromPeer(PEER, alice.relayed, 'to the new one');
  assert.deepEqual(moved.data(), ['0x4000: to the new one']);

  alice.channel(0x4000, 'the old one is dead');
  assert.deepEqual(world.sent, []);
  assert.equal(alice.refresh().error, 437);
  assert.equal(moved.permit(PEER).error, 0);
});

test('a request on the new path moves it too', () => {
  const world = new World();
  const { alice, ticket } = mobileClient(world);
  const moved = alice.movedTo('192.0.2.99:7000');
  moved.refresh(600, withTicket(ticket));
  assert.equal(moved.permit(PEER).error, 0);
  assert.equal(alice.permit(PEER).error, 437);
});

test('a Refresh that comes again from the new path is answered alike, and moves nothing', () => {
  const world = new World();
  const { alice, ticket } = mobileClient(world);
  const moved = alice.movedTo('192.0.2.99:7000');
  const first = moved.refresh(600, withTicket(ticket));
  const again = moved.refresh(600, withTicket(ticket), { transaction: moved.lastTransaction });
  assert.deepEqual(again.bytes, first.bytes);
  world.fromPeer(PEER, alice.relayed, 'x');
  assert.equal(alice.data().length, 1);
});

test('a ticket is good until the move is done, and its successor from then on', () => {
  const world = new World();
  const { alice, ticket } = mobileClient(world);
  const [second, third] = [alice.movedTo('192.0.2.98:7000'), alice.movedTo('192.0.2.99:7000')];
  const next = new Uint8Array(second.refresh(600, withTicket(ticket)).value('MOBILITY_TICKET'));
  second.channel(0x4000, 'x');
  assert.equal(third.refresh(600, withTicket(ticket)).error, 437);
  assert.equal(third.refresh(600, withTicket(next)).error, 0);
});

test('a ticket is of no use to another user, nor is one that was changed', () => {
  const world = new World();
  const { alice, ticket } = mobileClient(world);
  assert.equal(world.client('192.0.2.66:1', 'mallory').refresh(600, withTicket(ticket)).error, 441);
  for (let index = 0; index < ticket.length; index += 1) {
    const changed = ticket.with(index, ticket[index]! ^ 1);
    assert.equal(alice.movedTo('192.0.2.67:1').refresh(600, withTicket(changed)).error, 437);
  }
  assert.equal(alice.movedTo('192.0.2.67:1').refresh(600, withTicket(ticket.subarray(1))).error, 437);
  world.fromPeer(PEER, alice.relayed, 'x');
  assert.equal(alice.data().length, 1);
});

test('an allocation that did not ask for it does not move', () => {
  const world = new World();
  const alice = world.client();
  assert.equal(alice.allocate().has('MOBILITY_TICKET'), false);
  const bare = world.client('192.0.2.67:1');
  assert.equal(bare.refresh(600, withTicket(new Uint8Array(32))).error, 437);
});

test('a mobile allocation outlives its stream, and goes on when the client is back', () => {
  const world = new World();
  const alice = world.streamClient('192.0.2.7:1');
  const ticket = new Uint8Array(alice.allocate(askForTicket).value('MOBILITY_TICKET'));
  alice.bind(0x4000, PEER);
  world.handle({ type: 'stream-closed', socket: alice.path.socket });
  assert.deepEqual(world.ordered('ended'), []);
  world.fromPeer(PEER, alice.relayed, 'lost');
  assert.equal(world.count('drops.no-client'), 1);

  const back = world.streamClient('192.0.2.8:1');
  back.credential = alice.credential;
  assert.equal(back.refresh(600, withTicket(ticket)).error, 0);
  world.fromPeer(PEER, alice.relayed, 'found');
  assert.deepEqual(back.data(), ['0x4000: found']);
});

test('from stream to stream, the old one is closed when the move is done', () => {
  const world = new World();
  const alice = world.streamClient('192.0.2.7:1');
  const ticket = new Uint8Array(alice.allocate(askForTicket).value('MOBILITY_TICKET'));
  alice.bind(0x4000, PEER);
  const next = world.streamClient('192.0.2.8:1');
  next.credential = alice.credential;
  next.refresh(600, withTicket(ticket));
  assert.deepEqual(world.ordered('close-stream'), []);
  next.channel(0x4000, 'x');
  assert.deepEqual(world.ordered('close-stream'), [{ type: 'close-stream', socket: alice.path.socket, why: 'moved' }]);
  world.handle({ type: 'stream-closed', socket: next.path.socket });
  world.pass(601);
  assert.equal(world.ordered('ended').length, 1);
  assert.equal(world.quotas.size, 0);
});

test('the quota of an address moves along', () => {
  const world = new World();
  const { alice, ticket } = mobileClient(world);
  const moved = alice.movedTo('192.0.2.99:7000');
  moved.refresh(600, withTicket(ticket));
  moved.channel(0x4000, 'x');
  moved.refresh(0);
  assert.equal(world.quotas.size, 0);
});

function mobileClient(world: World): { alice: Client; ticket: Uint8Array } {
  const alice = world.client();
  const ticket = new Uint8Array(alice.allocate(askForTicket).value('MOBILITY_TICKET'));
  alice.bind(0x4000, PEER);
  return { alice, ticket };
}

function askForTicket(writer: Parameters<Attributes>[0]): void {
  writer.empty(ATTRIBUTE.MOBILITY_TICKET);
}

function withTicket(ticket: Uint8Array): Attributes {
  return (writer) => writer.bytes(ATTRIBUTE.MOBILITY_TICKET, ticket);
}
