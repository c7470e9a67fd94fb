import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';

import { addressText, type TransportAddress } from '../../src/stun/address.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { CLASS, METHOD } from '../../src/stun/methods.ts';
import { eventually, startRelay, type TestRelay } from '../relay/start-relay.ts';
import { addressOf, EMBEDDINGS, IPV4_RANGES, RANGES } from '../turn/peer-policy-registries.ts';
import { type Attacker, openAttacker, openListener } from './attacker.ts';
import {
  address,
  channelData,
  channelPart,
  DUAL,
  FOR_TCP,
  FOR_UDP,
  message,
  type Part,
  peerPart,
  relayedPort,
  sendIndication,
} from './messages.ts';

/** Behind a 1:1 NAT: clients know the relay by addresses that this machine does not have, and loopback is loopback. */
const BEHIND_NAT = {
  relay: [
    { ip: '127.0.0.1', announced: '45.33.32.156' },
    { ip: '::1', announced: '2600:3c01::f03c:91ff:fe18:bb2f' },
  ],
  allow: [],
} as const;
const PUBLIC_PEERS = [address('8.8.8.8', 9), address('2001:4860:4860::8888', 9)];

for (const peers of ['media', 'public'] as const) {
  test(`${peers}: no denied range is a peer at any door, in whatever form it is written`, async (t) => {
    const media = await openListener(t);
    const relay = await startRelay(t, { ...BEHIND_NAT, peers, media: [{ ip: '127.0.0.1', port: media.port }] });
    const { udp, tcp } = await openDoors(t, relay);
    const candidates = deniedPeers();
    assert.ok(candidates.length > 400);
    for (const [what, part, peer] of candidates) {
      assert.deepEqual(await knock(udp, tcp, part), [403, 403, 403], `${what}: ${addressText(peer)}`);
    }
    const { turn } = relay.counters();
    assert.equal(turn['packets.up'], 0);
    assert.equal(turn['drops.no-permission'], candidates.length, 'Send finds no permission');
    assert.equal(turn['gauge.permissions'] + turn['gauge.channels'] + turn['gauge.connections'], 0);
  });
}

test('public addresses are peers in mode public, and the same doors refuse them in mode media', async (t) => {
  const open = await startRelay(t, { ...BEHIND_NAT, peers: 'public' });
  const closed = await startRelay(t, { ...BEHIND_NAT, peers: 'media' });
  for (const [relay, verdict] of [
    [open, undefined],
    [closed, 403],
  ] as const) {
    const { udp } = await openDoors(t, relay);
    for (const [at, peer] of PUBLIC_PEERS.entries()) {
      assert.equal((await udp.request(METHOD.CREATE_PERMISSION, [peerPart(peer)])).error, verdict);
      assert.equal((await udp.request(METHOD.CHANNEL_BIND, [channelPart(0x4100 + at), peerPart(peer)])).error, verdict);
    }
  }
});

test('the ports of this server are no peers, by any address of this machine and whatever is allowed', async (t) => {
  const listener = await openListener(t);
  const server = createServer(() => assert.fail('a peer connection has come to a port of this server'));
  t.after(() => server.close());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const place = server.address();
  const http = typeof place === 'object' && place !== null ? place.port : 0;
  for (const peers of ['media', 'public'] as const) {
    const relay = await startRelay(t, { peers, allow: ['0.0.0.0/0', '::/0'], ownPorts: [listener.port, http] });
    const { udp, tcp } = await openDoors(t, relay);
    const hosts = ['127.0.0.1', '127.0.0.2', '127.255.255.254', '0.0.0.0', '::1', '::'];
    await udp.request(
      METHOD.CREATE_PERMISSION,
      hosts.map((host) => peerPart(address(host))),
    );
    const before = relay.counters().turn['drops.forbidden-peer'];
    let sent = 0;
    for (const port of [relay.ports.udp!, relay.ports.tcp!, listener.port, http]) {
      for (const host of hosts) {
        const peer = address(host, port);
        for (const form of forms(peer)) {
          const [, channel, connection] = await knock(udp, tcp, form);
          assert.deepEqual([channel, connection], [403, 403], `${peers} ${addressText(peer)}`);
          sent += 1;
        }
      }
    }
    const { turn } = relay.counters();
    assert.equal(turn['packets.up'], 0);
    assert.equal(turn['drops.forbidden-peer'] + turn['drops.no-permission'] - before, sent);
    assert.ok(turn['drops.forbidden-peer'] >= sent / 2, 'a permission for the address does not open the port');
  }
  assert.equal(listener.got.length, 0);
});

test('media: of the address of media nothing is reached but its port, nor heard', async (t) => {
  const [media, other] = [await openListener(t), await openListener(t)];
  const announced = '198.51.100.7';
  const relay = await startRelay(t, {
    peers: 'media',
    allow: [],
    media: [{ ip: '127.0.0.1', announced, port: media.port }],
  });
  const client = await openAttacker(t, { port: relay.ports.udp! });
  const relayed = relayedPort(await client.request(METHOD.ALLOCATE, [FOR_UDP]));
  assert.equal((await client.request(METHOD.CREATE_PERMISSION, [peerPart(address(announced))])).error, undefined);
  const others = [other.port, media.port ^ 1, relay.ports.udp!, relayed, 0];
  for (const port of others) {
    const peer = address(announced, port);
    const answer = await client.request(METHOD.CHANNEL_BIND, [channelPart(0x4100), peerPart(peer)]);
    assert.equal(answer.error, 403, addressText(peer));
    await client.post(channelData(0x4100, 'to a channel that is none'));
    await client.post(sendIndication(peer, 'to a port that is none'));
  }
  await other.send(Buffer.from('from a port that is none'), relayed);
  await eventually(() => relay.counters().turn['drops.forbidden-peer'] === others.length + 1, 'all are dropped');
  assert.equal(relay.counters().turn['drops.no-channel'], others.length);

  const place = peerPart(address(announced, media.port));
  assert.equal((await client.request(METHOD.CHANNEL_BIND, [channelPart(0x4000), place])).error, undefined);
  await client.post(channelData(0x4000, 'to media'));
  await eventually(() => media.got.length === 1, 'media is reached where it listens');
  await media.send(Buffer.from('from media'), relayed);
  await eventually(() => client.inbox.length === 1, 'media is heard');
  assert.deepEqual(client.inbox, [channelData(0x4000, 'from media')]);
  assert.deepEqual([other.got.length, media.got.map(String)], [0, ['to media']]);
});

test('what one relay sends to another, or to itself, arrives once and goes no further', async (t) => {
  const relay = await startRelay(t, { peers: 'public', allow: [] });
  const [one, two] = [
    await openAttacker(t, { port: relay.ports.udp! }),
    await openAttacker(t, { port: relay.ports.udp! }),
  ];
  const ports = [
    relayedPort(await one.request(METHOD.ALLOCATE, [FOR_UDP])),
    relayedPort(await two.request(METHOD.ALLOCATE, [FOR_UDP])),
  ];
  for (const client of [one, two]) {
    for (const [at, port] of ports.entries()) {
      const bound = await client.request(METHOD.CHANNEL_BIND, [
        channelPart(0x4000 + at),
        peerPart(address('127.0.0.1', port)),
      ]);
      assert.equal(bound.error, undefined);
    }
  }
  const rounds = 100;
  // What is relayed looks like the messages that would make a server relay it again.
  const nested = channelData(0x4001, channelData(0x4000, sendIndication(address('127.0.0.1', ports[0]), 'again')));
  for (let round = 0; round < rounds; round += 1) {
    await one.post(nested);
    await one.post(channelData(0x4000, nested));
    await two.post(channelData(0x4000, nested));
  }
  await eventually(() => one.inbox.length + two.inbox.length === 3 * rounds, 'each arrives');
  await Promise.all([one.settled(), two.settled()]);
  const { turn } = relay.counters();
  assert.deepEqual([turn['packets.up'], turn['packets.down']], [3 * rounds, 3 * rounds]);
  assert.deepEqual([one.inbox.length, two.inbox.length], [2 * rounds, rounds]);
});

test('a relay cannot be made a client: no door leads from it to a listener', async (t) => {
  const relay = await startRelay(t, { peers: 'public', allow: ['127.0.0.0/8', '::1'] });
  const client = await openAttacker(t, { port: relay.ports.udp! });
  await client.request(METHOD.ALLOCATE, [FOR_UDP]);
  await client.request(METHOD.CREATE_PERMISSION, [peerPart(address('127.0.0.1'))]);
  const before = relay.counters().turn['requests.allocate'];
  const listener = address('127.0.0.1', relay.ports.udp);
  assert.equal((await client.request(METHOD.CHANNEL_BIND, [channelPart(0x4000), peerPart(listener)])).error, 403);
  for (let round = 0; round < 20; round += 1) {
    await client.post(sendIndication(listener, await client.sign(METHOD.ALLOCATE, [FOR_UDP])));
  }
  await client.settled();
  const { turn } = relay.counters();
  assert.deepEqual([turn['drops.forbidden-peer'], turn['requests.allocate'] - before, turn['packets.up']], [20, 0, 0]);
});

type Doors = { udp: Attacker; tcp: Attacker };

/** Clients with allocations of both families: one for datagrams, one for connections. */
async function openDoors(t: TestContext, relay: TestRelay): Promise<Doors> {
  const udp = await openAttacker(t, { port: relay.ports.udp! });
  const tcp = await openAttacker(t, { port: relay.ports.tcp!, transport: 'tcp' });
  assert.equal((await udp.request(METHOD.ALLOCATE, [FOR_UDP, DUAL])).error, undefined);
  assert.equal((await tcp.request(METHOD.ALLOCATE, [FOR_TCP, DUAL])).error, undefined);
  return { udp, tcp };
}

/** What CreatePermission, ChannelBind and Connect answer; Send, the fourth, is told by what is counted. */
async function knock(udp: Attacker, tcp: Attacker, part: Part): Promise<(number | undefined)[]> {
  const [permission, channel, connection] = await Promise.all([
    udp.request(METHOD.CREATE_PERMISSION, [part]),
    udp.request(METHOD.CHANNEL_BIND, [channelPart(0x4200), part]),
    tcp.request(METHOD.CONNECT, [part]),
    udp.post(message(METHOD.SEND, [part, [ATTRIBUTE.DATA, 'in']], { messageClass: CLASS.INDICATION })),
  ]);
  return [permission.error, channel.error, connection.error];
}

/** The first and the last address of each range, and the IPv4 ones in every form that carries them. */
function deniedPeers(): [what: string, part: Part, peer: TransportAddress][] {
  const found: [string, Part, TransportAddress][] = [];
  for (const { text, first, last } of RANGES) {
    for (const number of new Set([first, last])) {
      const peer = { ...addressOf(number), port: 3000 };
      found.push([text, peerPart(peer), peer]);
    }
  }
  for (const { text, last } of IPV4_RANGES) {
    const { d } = addressOf(last);
    for (const [form, embed] of Object.entries(EMBEDDINGS)) {
      const peer = { ...embed(d, 0x3c5a_96e1), port: 3000 };
      found.push([`${text} as ${form}`, peerPart(peer, 6), peer]);
    }
  }
  return found;
}

/** An address as it is, and for IPv4 as the IPv6 address that maps it. */
function forms(peer: TransportAddress): Part[] {
  const mapped = peer.c === 0xffff && peer.a === 0 && peer.b === 0;
  return mapped ? [peerPart(peer, 4), peerPart(peer, 6)] : [peerPart(peer, 6)];
}
