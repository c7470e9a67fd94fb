import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { CLASS, METHOD } from '../../src/stun/methods.ts';
import { type Client, message, newTransaction, udp } from './support/turn-client.ts';
import { at } from './support/names.ts';
import { World } from './support/turn-world.ts';

const PEER = '198.51.100.1:9000';

test('no bytes from strangers, clients or peers make the server throw, or relay to whom it must not', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.bind(0x4000, PEER);
  const stranger = world.client('192.0.2.66:1');
  const stream = world.streamClient('192.0.2.67:1');
  const samples = goodMessages(alice);

  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated(samples)), fc.nat(3), (bytes, from) => {
      world.sent.length = 0;
      if (from === 3) world.fromPeer(PEER, alice.relayed, bytes);
      else [alice, stranger, stream][from]!.raw(bytes);
      const clients = [alice.address, stranger.address, stream.address];
      for (const { to } of world.sent) assert.ok(clients.includes(to) || to.startsWith('198.51.100.1:'), to);
    }),
    { numRuns: 3000 },
  );
  assert.equal(world.relays.size, 1);
});

test('datagrams of 0 to 3 bytes are dropped at the listener, and relayed from peers', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.bind(0x4000, PEER);
  for (let length = 0; length < 4; length += 1) {
    alice.raw(new Uint8Array(length));
    world.fromPeer(PEER, alice.relayed, new Uint8Array(length).fill(0x61));
  }
  assert.equal(world.count('drops.short'), 4);
  assert.deepEqual(alice.data(), ['0x4000: ', '0x4000: a', '0x4000: aa', '0x4000: aaa']);
});

test('a request cut short anywhere is not honoured', () => {
  const world = new World();
  const alice = world.client();
  alice.fetchNonce();
  const whole = alice.signed(METHOD.ALLOCATE, udp(), {});
  for (let length = 0; length < whole.length; length += 1) alice.raw(whole.subarray(0, length));
  assert.deepEqual(world.ordered('bind-relay'), []);
  assert.deepEqual(world.sent, []);
});

function goodMessages(alice: Client): Uint8Array[] {
  const transaction = newTransaction();
  return [
    message(METHOD.BINDING, CLASS.REQUEST, (writer) => writer.fingerprint(), transaction),
    alice.signed(METHOD.REFRESH, (writer) => writer.uint32(ATTRIBUTE.LIFETIME, 700), {}),
    alice.signed(METHOD.CREATE_PERMISSION, (writer) => writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(PEER)), {}),
    message(
      METHOD.SEND,
      CLASS.INDICATION,
      (writer) => {
        writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(PEER));
        writer.bytes(ATTRIBUTE.DATA, Buffer.from('data'));
      },
      transaction,
    ),
    Uint8Array.of(0x40, 0, 0, 4, 1, 2, 3, 4),
  ];
}

/** A good message with some bytes changed, and something cut off or added. */
function mutated(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const changes = fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 });
  return fc
    .tuple(fc.constantFrom(...samples), changes, fc.integer({ min: -8, max: 8 }))
    .map(([sample, edits, more]) => {
      const bytes = new Uint8Array(Math.max(0, sample.length + more));
      bytes.set(sample.subarray(0, bytes.length));
      for (const [index, value] of edits) if (index < bytes.length) bytes[index] = value;
      return bytes;
    });
}
