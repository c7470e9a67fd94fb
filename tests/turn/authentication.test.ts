import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { CLASS, METHOD } from '../../src/stun/methods.ts';
import { message, newTransaction, udp } from './support/turn-client.ts';
import { REALM } from './support/names.ts';
import { World } from './support/turn-world.ts';

test('a request without credentials is told the realm, a nonce and the algorithms', () => {
  const challenge = new World().client().plain(METHOD.ALLOCATE, udp());

  assert.equal(challenge?.error, 401);
  assert.equal(Buffer.from(challenge.value('REALM')).toString(), REALM);
  assert.match(Buffer.from(challenge.value('NONCE')).toString(), /^obMatJos2/);
  assert.equal(challenge.signed, false);
  assert.equal(challenge.has('USERNAME'), false);
});

test('a stream, where size does not matter, is offered SHA-256 and MD5', () => {
  const challenge = new World().streamClient().plain(METHOD.ALLOCATE, udp());
  assert.deepEqual([...(challenge?.value('PASSWORD_ALGORITHMS') ?? [])], [0, 2, 0, 0, 0, 1, 0, 0]);
});

test('a success is signed with the key and the MAC of the request', () => {
  const world = new World();
  assert.equal(world.client('192.0.2.1:1').allocate().signed, true);

  const modern = world.streamClient('192.0.2.2:1');
  const answer = modern.allocate(undefined, { sha256: true });
  assert.equal(answer.error, 0);
  assert.equal(answer.signed, true);
  assert.equal(answer.has('MESSAGE_INTEGRITY_SHA256'), true);
  assert.equal(answer.has('MESSAGE_INTEGRITY'), false);
});

test('an error after authentication is signed too', () => {
  const answer = new World().client().refresh();
  assert.equal(answer.error, 437);
  assert.equal(answer.signed, true);
});

test('a wrong password, an expired or an unknown name is a 401', () => {
  const world = new World();
  const alice = world.client();
  const expired = world.credential('alice', -1);
  for (const credential of [
    { ...alice.credential, password: 'guess' },
    expired,
    { username: 'constructor', password: 'x' },
    { username: '__proto__', password: 'x' },
    { username: ':', password: 'x' },
  ]) {
    assert.equal(alice.ask(METHOD.ALLOCATE, udp(), { as: credential }).error, 401);
  }
  assert.equal(world.count('auth.refused'), 5);
  assert.equal(world.ordered('bind-relay').length, 0);
});

test('a nonce that is too old, or was made for another address, is a 438 with a new one', () => {
  const world = new World();
  const alice = world.client();
  const nonce = new Uint8Array(alice.fetchNonce().value('NONCE'));

  const elsewhere = world.client('192.0.2.7:4001');
  assert.equal(elsewhere.ask(METHOD.ALLOCATE, udp(), { nonce }).error, 438);

  world.passUnseen(601);
  const stale = alice.ask(METHOD.ALLOCATE, udp(), { nonce });
  assert.equal(stale.error, 438);
  assert.equal(alice.ask(METHOD.ALLOCATE, udp(), { nonce: new Uint8Array(stale.value('NONCE')) }).error, 0);
  assert.equal(world.count('nonce.stale'), 2);
});

test('a stale nonce with a wrong password is a 401, not a 438', () => {
  const world = new World();
  const alice = world.client();
  alice.fetchNonce();
  world.passUnseen(601);
  assert.equal(alice.ask(METHOD.ALLOCATE, udp(), { as: { ...alice.credential, password: 'x' } }).error, 401);
});

test('a MAC without user name, realm or nonce is a 400', () => {
  const alice = new World().client();
  const answer = alice.plain(METHOD.ALLOCATE, (writer) => {
    udp()(writer);
    writer.bytes(ATTRIBUTE.USERNAME, Buffer.from('alice'));
    writer.integrity(new Int32Array(10), 0);
  });
  assert.equal(answer?.error, 400);
});

test('an algorithm without the list, or with another list than the server sent, is a 400', () => {
  const alice = new World().client();
  const chosen = (writer: Parameters<ReturnType<typeof udp>>[0]) => {
    udp()(writer);
    writer.bytes(ATTRIBUTE.PASSWORD_ALGORITHM, Uint8Array.of(0, 1, 0, 0));
  };
  assert.equal(alice.ask(METHOD.ALLOCATE, chosen).error, 400);

  const biddenDown = alice.ask(METHOD.ALLOCATE, (writer) => {
    writer.bytes(ATTRIBUTE.PASSWORD_ALGORITHMS, Uint8Array.of(0, 1, 0, 0));
    chosen(writer);
  });
  assert.equal(biddenDown.error, 400);
});

test('unknown attributes are a 420, but only for who is known', () => {
  const alice = new World().client();
  const strange = udp((writer) => writer.bytes(0x0033 as typeof ATTRIBUTE.DATA, Uint8Array.of(1, 2, 3, 4)));

  assert.equal(alice.plain(METHOD.ALLOCATE, strange)?.error, 401);
  const answer = alice.ask(METHOD.ALLOCATE, strange);
  assert.equal(answer.error, 420);
  assert.deepEqual([...answer.value('UNKNOWN_ATTRIBUTES')], [0x00, 0x33]);
});

test('what stands behind MESSAGE-INTEGRITY changes nothing', () => {
  const alice = new World().client();
  alice.fetchNonce();
  const honest = alice.signed(METHOD.ALLOCATE, udp(), {});
  const attached = Uint8Array.of(0, ATTRIBUTE.LIFETIME, 0, 4, 0, 0, 0x0e, 0x10);
  const forged = Buffer.concat([honest, attached]);
  forged.writeUInt16BE(forged.length - 20, 2);

  alice.raw(forged);
  const [answer] = alice.received();
  assert.equal(answer?.error, 0);
  assert.equal(answer.uint32('LIFETIME'), 600);
});

test("another user's request on an allocation is a 441", () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.credential = world.credential('mallory');

  assert.equal(alice.permit('198.51.100.1:1').error, 441);
  assert.equal(alice.bind(0x4000, '198.51.100.1:1').error, 441);
  assert.equal(alice.refresh(0).error, 441);
  assert.equal(alice.allocate().error, 437);
});

test('strangers leave no trace', () => {
  const world = new World();
  for (let port = 1; port <= 500; port += 1) {
    world.client(`192.0.2.9:${port}`).raw(message(METHOD.ALLOCATE, CLASS.REQUEST, udp(), newTransaction()));
  }
  assert.equal(world.server.nextDeadline(), undefined);
  assert.deepEqual(world.orders, []);
  assert.equal(world.quotas.size, 0);
});

test('a stream is told of when somebody has shown who it is', () => {
  const world = new World();
  const alice = world.streamClient();
  alice.fetchNonce();
  assert.equal(world.ordered('authenticated').length, 0);
  alice.allocate();
  assert.deepEqual(world.ordered('authenticated'), [
    { type: 'authenticated', socket: alice.path.socket, identity: 'alice' },
  ]);
});
