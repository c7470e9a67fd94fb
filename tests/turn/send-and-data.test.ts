import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { CLASS, METHOD } from '../../src/stun/methods.ts';
import { message, newTransaction } from './support/turn-client.ts';
import { at } from './support/names.ts';
import { World } from './support/turn-world.ts';

const PEER = '198.51.100.1:9000';
const PEER_IPV6 = '[2001:db8:2::1]:9000';

test('data of every length comes in a well-formed Data indication', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate((writer) => writer.uint32(ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY, 2 << 24));
  alice.permit(PEER, PEER_IPV6);
  const [ipv4 = '', ipv6 = ''] = [...world.relays.values()].map(({ family, port }) =>
    family === 1 ? `203.0.113.1:${port}` : `[2001:db8:1::1]:${port}`,
  );
  for (const length of [0, 1, 2, 3, 4, 5, 1200]) {
    const data = 'x'.repeat(length);
    world.fromPeer(PEER, ipv4, data);
    world.fromPeer(PEER_IPV6, ipv6, data);
    assert.deepEqual(alice.data(), [`${PEER}: ${data}`, `${PEER_IPV6}: ${data}`]);
  }
});

test('each Data indication has a transaction ID of its own', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.permit(PEER);
  for (let n = 0; n < 50; n += 1) world.fromPeer(PEER, alice.relayed, 'x');
  const ids = new Set(world.take(alice.address).map(({ bytes }) => Buffer.from(bytes.subarray(8, 20)).toString('hex')));
  assert.equal(ids.size, 50);
});

test('DONT-FRAGMENT goes with the datagram', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.permit(PEER);
  alice.send(PEER, 'x', (writer) => writer.empty(ATTRIBUTE.DONT_FRAGMENT));
  assert.equal(world.server.route.dontFragment, true);
  alice.send(PEER, 'x');
  assert.equal(world.server.route.dontFragment, false);
});

test('where the bit cannot be set, a Send indication that wants it is dropped', () => {
  const world = new World({ relay: { dontFragment: false } });
  const alice = world.client();
  alice.allocate();
  alice.permit(PEER);
  alice.send(PEER, 'x', (writer) => writer.empty(ATTRIBUTE.DONT_FRAGMENT));
  assert.deepEqual(world.sent, []);
  assert.equal(world.count('drops.unknown-attribute'), 1);
});

test('a Send indication without data or peer, or with what must be understood and is not, is dropped', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.permit(PEER);
  for (const write of [
    (writer: Writer) => writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(PEER)),
    (writer: Writer) => writer.bytes(ATTRIBUTE.DATA, Uint8Array.of(1)),
    (writer: Writer) => {
      writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, at(PEER));
      writer.bytes(ATTRIBUTE.DATA, Uint8Array.of(1));
      writer.uint32(ATTRIBUTE.PRIORITY, 1);
    },
  ]) {
    alice.raw(message(METHOD.SEND, CLASS.INDICATION, write, newTransaction()));
  }
  assert.deepEqual(world.sent, []);
});

test('the port of a peer counts where data is sent: the policy sees it each time', () => {
  const world = new World({ policy: { own: { addresses: [at('198.51.100.1')], ports: [3478] } } });
  const alice = world.client();
  alice.allocate();
  assert.equal(alice.permit('198.51.100.1:0').error, 0);
  alice.send('198.51.100.1:3478', 'to the listener');
  alice.send('198.51.100.1:0', 'to no port');
  assert.deepEqual(world.sent, []);
  assert.equal(world.count('drops.forbidden-peer'), 2);
});

test('media known by one address and reached at another: data goes to the one, and comes from the other', () => {
  const world = new World({
    policy: {
      mode: 'media',
      allow: [],
      media: [{ announced: at('198.51.100.9:44444'), listening: at('10.1.1.1:44444') }],
    },
  });
  const alice = world.client();
  alice.allocate();
  assert.equal(alice.permit('10.1.1.1:44444').error, 403);
  assert.equal(alice.permit('198.51.100.8:44444').error, 403);
  assert.equal(alice.bind(0x4000, '198.51.100.9:44444').error, 0);
  alice.channel(0x4000, 'up');
  assert.equal(world.take('10.1.1.1:44444').length, 1);
  world.fromPeer('10.1.1.1:44444', alice.relayed, 'down');
  world.fromPeer('10.1.1.1:22', alice.relayed, 'not media');
  assert.deepEqual(alice.data(), ['0x4000: down']);
});

test('a policy that has changed holds for channels that are bound already, both ways', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.bind(0x4000, PEER);
  const exchange = () => {
    world.fromPeer(PEER, alice.relayed, 'down');
    alice.channel(0x4000, 'up');
    return [world.take(PEER).length, alice.data().length];
  };
  assert.deepEqual(exchange(), [1, 1]);
  world.configurePolicy({ deny: [{ ...at(PEER), length: 128 }] });
  assert.deepEqual(exchange(), [0, 0]);
  assert.equal(world.count('drops.forbidden-peer'), 2);
  world.configurePolicy({});
  assert.deepEqual(exchange(), [1, 1]);
  assert.deepEqual(exchange(), [1, 1]);
});

test('bandwidth is what the limit says', () => {
  const world = new World({ bandwidth: { allocation: { rate: 1000, burst: 1000 } } });
  const alice = world.client();
  alice.allocate();
  alice.permit(PEER);
  for (let n = 0; n < 20; n += 1) alice.send(PEER, 'x'.repeat(100));
  assert.equal(world.take(PEER).length, 10);
  assert.equal(world.count('drops.bandwidth'), 10);
  world.passUnseen(0.5);
  for (let n = 0; n < 20; n += 1) world.fromPeer(PEER, alice.relayed, 'x'.repeat(100));
  assert.equal(alice.data().length, 5);
});

test('an ICMP error for a datagram of ours becomes a Data indication, where there is a permission', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  const socket = world.relayAt(alice.relayed);
  const tooBig = { type: 'icmp', socket, address: at(PEER), icmpType: 3, icmpCode: 4, data: 1400 } as const;
  world.handle(tooBig);
  assert.deepEqual(alice.received(), []);

  alice.permit(PEER);
  world.handle(tooBig);
  world.handle({ ...tooBig, icmpType: 5 });
  const [indication, ...rest] = alice.received();
  assert.deepEqual(rest, []);
  assert.equal(indication?.address('XOR_PEER_ADDRESS'), PEER);
  assert.deepEqual([...indication.value('ICMP')], [0, 0, 3 << 1, 4, 0, 0, 0x05, 0x78]);
  assert.equal(indication.has('DATA'), false);
  assert.equal(world.count('drops.icmp'), 2);
});

type Writer = Parameters<Parameters<typeof message>[2]>[0];
