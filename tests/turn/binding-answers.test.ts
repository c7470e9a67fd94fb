import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { CLASS, METHOD } from '../../src/stun/methods.ts';
import { message, newTransaction, udp } from './support/turn-client.ts';
import { at } from './support/names.ts';
import { World } from './support/turn-world.ts';

test('a Binding request learns where it came from', () => {
  const world = new World();
  for (const address of ['192.0.2.7:4000', '[2001:db8:9::1]:4000']) {
    const answer = world.client(address).plain(METHOD.BINDING);
    assert.equal(answer?.address('XOR_MAPPED_ADDRESS'), address);
  }
});

test('a Binding indication is not answered; nor is a response', () => {
  const world = new World();
  const alice = world.client();
  for (const messageClass of [CLASS.INDICATION, CLASS.SUCCESS, CLASS.ERROR]) {
    alice.raw(message(METHOD.BINDING, messageClass, () => undefined, newTransaction()));
  }
  assert.deepEqual(world.sent, []);
});

test('answers over UDP are at most 3.6 times as long as what they answer, and drop what can be dropped', () => {
  const world = new World({ software: 'a server with a long name, and more to say than anybody wants to hear' });
  for (const address of ['192.0.2.7:4000', '[2001:db8:9::1]:4000']) {
    const client = world.client(address);
    for (const method of [METHOD.BINDING, METHOD.ALLOCATE, METHOD.REFRESH, METHOD.CREATE_PERMISSION]) {
      for (const padding of [0, 8, 60, 200]) {
        const request = message(
          method,
          CLASS.REQUEST,
          (writer) => {
            writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 17 << 24);
            if (padding > 0) writer.bytes(ATTRIBUTE.SOFTWARE, new Uint8Array(padding));
          },
          newTransaction(),
        );
        client.raw(request);
        const sent = world.take(client.address);
        assert.equal(sent.length, 1, 'a request of 28 bytes is answered');
        assert.ok(sent[0]!.bytes.length <= 3.6 * request.length);
      }
    }
  }
});

test('who asks for more than it can be told is told nothing', () => {
  const world = new World();
  const bare = message(METHOD.REFRESH, CLASS.REQUEST, () => undefined, newTransaction());
  world.client().raw(bare);
  assert.deepEqual(world.sent, []);
  assert.equal(world.count('drops.amplification'), 1);
});

test('a short challenge does not offer the algorithms, and its nonce does not say that it does', () => {
  const world = new World({ realm: 'turn.example.com' });
  const short = world.client().plain(METHOD.ALLOCATE, udp());
  assert.equal(short?.has('PASSWORD_ALGORITHMS'), false);
  assert.match(Buffer.from(short.value('NONCE')).toString(), /^obMatJos2AAAA/);

  const long = world.client().plain(
    METHOD.ALLOCATE,
    udp((writer) => writer.bytes(ATTRIBUTE.SOFTWARE, new Uint8Array(40))),
  );
  assert.equal(long?.has('PASSWORD_ALGORITHMS'), true);
  assert.match(Buffer.from(long.value('NONCE')).toString(), /^obMatJos2AAAB/);
});

test('errors and Binding answers over UDP are limited for each address; those over streams are not', () => {
  const world = new World({ answersPerSecond: 5 });
  const alice = world.client();
  for (let n = 0; n < 50; n += 1) alice.plain(METHOD.BINDING);
  for (let n = 0; n < 50; n += 1) alice.plain(METHOD.ALLOCATE, udp());
  assert.equal(world.count('drops.answer-limit'), 95);
  const other = world.client('192.0.2.8:1');
  assert.equal(other.plain(METHOD.BINDING)?.class, CLASS.SUCCESS);
  const stream = world.streamClient();
  for (let n = 0; n < 50; n += 1) assert.equal(stream.plain(METHOD.BINDING)?.class, CLASS.SUCCESS);
});

test('a wrong FINGERPRINT is dropped, a right one is not', () => {
  const world = new World();
  const alice = world.client();
  const request = message(METHOD.BINDING, CLASS.REQUEST, (writer) => writer.fingerprint(), newTransaction());
  alice.raw(request);
  assert.equal(alice.received().length, 1);
  alice.raw(request.with(request.length - 1, request.at(-1)! ^ 1));
  assert.deepEqual(world.sent, []);
  assert.equal(world.count('drops.fingerprint'), 1);
});

test('what one of our relay sockets sends to a listener is no client’s', () => {
  const world = new World({
    policy: { relays: [{ announced: at('203.0.113.1'), listening: at('203.0.113.1') }] },
  });
  const loop = world.client('203.0.113.1:50000');
  assert.equal(loop.plain(METHOD.BINDING), undefined);
  assert.equal(world.count('drops.own-relay'), 1);
});
