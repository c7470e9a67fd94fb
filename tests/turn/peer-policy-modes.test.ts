import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { TransportAddress } from '../../src/stun/address.ts';
import { parsePrefix } from '../../src/turn/peer-address-prefix.ts';
import {
  createPeerPolicy,
  PEER_REFUSALS,
  type PeerPolicy,
  type PeerPolicyOptions,
} from '../../src/turn/peer-policy.ts';
import {
  address,
  deniedAddress,
  deniedIpv4,
  EMBEDDINGS,
  publicIpv4,
  publicIpv6,
  words,
} from './peer-policy-registries.ts';

/** A server behind 1:1 NAT: clients know it by 198.51.100.1 (where 10.0.0.5 is), media is on 44444 and TURN on 3478. */
const NATTED = options({
  media: [{ announced: address('198.51.100.1', 44_444), listening: address('10.0.0.5', 44_444) }],
  own: { addresses: [address('198.51.100.1'), address('10.0.0.5'), address('2600::5')], ports: [3478, 5349, 443] },
  relays: [{ announced: address('198.51.100.1'), listening: address('10.0.0.5') }],
  relayPorts: { first: 50_000, last: 59_999 },
});

test('media: only announced media is a peer, sent to where it listens and heard as it is announced', () => {
  const policy = createPeerPolicy(NATTED);
  assert.equal(check(policy, '198.51.100.1'), 'permitted');
  assert.deepEqual(route(policy, '198.51.100.1', 44_444), address('10.0.0.5', 44_444));
  assert.deepEqual(arrived(policy, '10.0.0.5', 44_444), address('198.51.100.1', 44_444));
  const others: [string, number][] = [
    ['198.51.100.1', 3478],
    ['198.51.100.1', 44_445],
    ['198.51.100.1', 50_000],
    ['198.51.100.1', 0],
    ['198.51.100.1', 22],
    ['10.0.0.5', 44_444],
    ['8.8.8.8', 44_444],
    ['127.0.0.1', 44_444],
  ];
  for (const [host, port] of others) assert.equal(route(policy, host, port), 'not-media', `${host}:${port}`);
  for (const [host] of others.slice(5)) assert.equal(check(policy, host), 'not-media', host);
  assert.equal(arrived(policy, '10.0.0.5', 3478), 'not-media');
  assert.equal(arrived(policy, '198.51.100.1', 44_444), 'not-media', 'nothing comes from there but what is forged');
});

test('media: several addresses of one place are all heard, and the first is sent to', () => {
  const announced = address('198.51.100.1', 44_444);
  const media = ['10.0.0.5', '10.0.0.6'].map((host) => ({ announced, listening: address(host, 44_444) }));
  const policy = createPeerPolicy({ ...NATTED, media });
  assert.deepEqual(route(policy, '198.51.100.1', 44_444), address('10.0.0.5', 44_444));
  assert.deepEqual(arrived(policy, '10.0.0.6', 44_444), announced);
});

test('media: no other address passes any door', () => {
  const policy = createPeerPolicy(NATTED);
  fc.assert(
    fc.property(fc.oneof(deniedAddress, publicIpv4, publicIpv6), fc.nat(65_535), (at, port) => {
      fc.pre(at.c !== 0xffff || at.d !== address('198.51.100.1').d);
      assert.deepEqual(doors(policy, at, port), ['not-media', 'not-media', 'not-media']);
    }),
  );
});

test('public: public addresses pass all doors as they are', () => {
  const policy = createPeerPolicy({ ...NATTED, mode: 'public' });
  fc.assert(
    fc.property(fc.oneof(publicIpv4, publicIpv6), fc.integer({ min: 1, max: 65_535 }), (at, port) => {
      const same = { ...at, port };
      assert.deepEqual(doors(policy, at, port), ['permitted', same, same]);
    }),
  );
});

test('public: denied addresses pass no door, in whatever form they are written', () => {
  const policy = createPeerPolicy({
    ...NATTED,
    mode: 'public',
    media: [],
    own: { addresses: [], ports: [] },
    relays: [],
  });
  fc.assert(
    fc.property(deniedAddress, fc.nat(65_535), (at, port) => {
      for (const door of doors(policy, at, port)) assert.ok(isRefusal(door));
    }),
  );
  for (const embed of Object.values(EMBEDDINGS)) {
    fc.assert(
      fc.property(deniedIpv4, fc.integer(), fc.nat(65_535), ({ d }, noise, port) => {
        for (const door of doors(policy, embed(d, noise), port)) assert.ok(isRefusal(door));
      }),
      { numRuns: 50 },
    );
  }
});

test("public: a listener's port is closed at every address of this machine, even where it is allowed", () => {
  const policy = createPeerPolicy({ ...NATTED, mode: 'public', allow: prefixes('0.0.0.0/0', '::/0') });
  for (const host of ['198.51.100.1', '10.0.0.5', '127.0.0.1', '127.1.2.3', '0.0.0.0', '::1', '::', '2600::5']) {
    for (const port of [3478, 5349, 443]) {
      assert.equal(route(policy, host, port), 'own-listener', `${host}:${port}`);
      assert.equal(arrived(policy, host, port), 'own-listener', `${host}:${port}`);
    }
  }
  assert.equal(route(policy, '10.0.0.5', 44_444), 'own-listener', 'media is reached by its announced address only');
  assert.deepEqual(route(policy, '10.0.0.6', 3478), address('10.0.0.6', 3478), 'another machine has its own ports');
});

test('public: other ports of this machine are closed unless they are allowed', () => {
  const closed = createPeerPolicy({ ...NATTED, mode: 'public' });
  assert.equal(route(closed, '198.51.100.1', 22), 'own-address');
  assert.equal(route(closed, '2600::5', 22), 'own-address');
  assert.equal(check(closed, '2600::5'), 'own-address');
  const open = createPeerPolicy({ ...NATTED, mode: 'public', allow: prefixes('2600::5') });
  assert.deepEqual(route(open, '2600::5', 22), address('2600::5', 22));
  assert.equal(check(open, '2600::5'), 'permitted');
});

test('public: no translator leads back to this machine', () => {
  const policy = createPeerPolicy({
    ...NATTED,
    mode: 'public',
    own: { ...NATTED.own, addresses: [...NATTED.own.addresses, address('192.0.1.9')] },
    allow: prefixes('64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/32'),
  });
  for (const [form, embed] of Object.entries(EMBEDDINGS)) {
    if (['mapped', 'compatible', 'translated'].includes(form)) continue;
    const at = embed(address('192.0.1.9').d, 0x1234_5678);
    assert.deepEqual(doors(policy, at, 9), ['own-address', 'own-address', 'own-address'], form);
  }
  const elsewhere = EMBEDDINGS['nat64 well-known']!(address('192.0.1.10').d, 0);
  assert.equal(doors(policy, elsewhere, 9)[0], 'permitted');
});

test('public: two relayed addresses of ours reach each other through the NAT, and know each other as announced', () => {
  const policy = createPeerPolicy({ ...NATTED, mode: 'public' });
  assert.equal(check(policy, '198.51.100.1'), 'permitted');
  for (const port of [50_000, 59_999]) {
    assert.deepEqual(route(policy, '198.51.100.1', port), address('10.0.0.5', port));
    assert.deepEqual(arrived(policy, '10.0.0.5', port), address('198.51.100.1', port));
  }
  for (const port of [49_999, 60_000]) assert.equal(route(policy, '198.51.100.1', port), 'own-address');
});

test('relays reach each other in mode media only where that is allowed, and never where it is denied', () => {
  const allowed = createPeerPolicy({ ...NATTED, allow: prefixes('198.51.100.0/24') });
  assert.deepEqual(route(allowed, '198.51.100.1', 50_000), address('10.0.0.5', 50_000));
  assert.deepEqual(arrived(allowed, '10.0.0.5', 50_000), address('198.51.100.1', 50_000));
  const other = createPeerPolicy({ ...NATTED, allow: prefixes('192.0.2.0/24') });
  assert.equal(route(other, '198.51.100.1', 50_000), 'own-address');
  assert.equal(arrived(other, '10.0.0.5', 50_000), 'own-address');
  const inside = createPeerPolicy({ ...NATTED, mode: 'public', allow: prefixes('10.0.0.0/8') });
  assert.equal(
    route(inside, '10.0.0.5', 50_000),
    'own-address',
    'it is called by its announced address, or not at all',
  );
  const denied = createPeerPolicy({ ...NATTED, mode: 'public', deny: prefixes('198.51.100.1') });
  assert.equal(route(denied, '198.51.100.1', 50_000), 'denied');
  assert.equal(check(denied, '198.51.100.1'), 'denied');
});

test('a relay socket of ours is told apart from clients', () => {
  for (const mode of ['media', 'public'] as const) {
    const policy = createPeerPolicy({ ...NATTED, mode });
    const isOwn = (host: string, port: number) => {
      const { a, b, c, d } = address(host);
      return policy.isOwnRelay(a, b, c, d, port);
    };
    assert.equal(isOwn('10.0.0.5', 50_000), true);
    assert.equal(isOwn('198.51.100.1', 59_999), true);
    assert.equal(isOwn('10.0.0.5', 49_999), false);
    assert.equal(isOwn('10.0.0.6', 50_000), false);
  }
});

test('allow opens what the mode or the class closes, and only as it is written', () => {
  for (const mode of ['media', 'public'] as const) {
    const policy = createPeerPolicy({ ...NATTED, mode, allow: prefixes('10.0.0.0/8', 'fd00::/8') });
    assert.deepEqual(route(policy, '10.9.9.9', 80), address('10.9.9.9', 80));
    assert.deepEqual(route(policy, '::ffff:10.9.9.9', 80), address('10.9.9.9', 80));
    assert.deepEqual(arrived(policy, 'fd00::1', 80), address('fd00::1', 80));
    assert.equal(check(policy, '10.9.9.9'), 'permitted');
    assert.ok(isRefusal(route(policy, '11.0.0.1', 80)) === (mode === 'media'));
    for (const [form, embed] of Object.entries(EMBEDDINGS)) {
      if (form === 'mapped') continue;
      for (const door of doors(policy, embed(address('10.9.9.9').d, 77), 80)) assert.ok(isRefusal(door), form);
    }
  }
});

test("an operator's own translator is opened by its prefix, and denied addresses behind it stay closed", () => {
  const policy = createPeerPolicy({
    ...NATTED,
    mode: 'public',
    allow: prefixes('64:ff9b:1::/96'),
    deny: prefixes('10.0.0.0/8'),
  });
  assert.deepEqual(route(policy, '64:ff9b:1::808:808', 80), address('64:ff9b:1::808:808', 80));
  assert.equal(route(policy, '64:ff9b:1::a09:909', 80), 'denied');
  assert.equal(route(policy, '64:ff9b:1:1::808:808', 80), 'transition');
});

test('deny closes whatever opens, in every form', () => {
  const allow = prefixes('0.0.0.0/0', '::/0');
  const policy = createPeerPolicy({ ...NATTED, mode: 'public', allow, deny: prefixes('8.8.8.0/24', '2600:1::/32') });
  fc.assert(
    fc.property(fc.integer({ min: 0x0808_0800, max: 0x0808_08ff }), fc.integer(), (ipv4, noise) => {
      for (const [form, embed] of Object.entries(EMBEDDINGS)) {
        assert.deepEqual(doors(policy, embed(ipv4, noise), 80), ['denied', 'denied', 'denied'], form);
      }
    }),
  );
  assert.equal(route(policy, '2600:1::7', 80), 'denied');
  assert.deepEqual(route(policy, '8.8.9.8', 80), address('8.8.9.8', 80));
  const media = createPeerPolicy({ ...NATTED, deny: prefixes('198.51.100.1') });
  assert.deepEqual(doors(media, address('198.51.100.1'), 44_444), ['not-media', 'not-media', 'not-media']);
  assert.equal(arrived(media, '10.0.0.5', 44_444), 'not-media');
});

test('what one door refuses, the others refuse too', () => {
  const hosts = fc.oneof(
    deniedAddress,
    publicIpv4,
    publicIpv6,
    fc.constantFrom(...['198.51.100.1', '10.0.0.5'].map((host) => address(host))),
  );
  const lists = fc.subarray(['10.0.0.0/8', '198.51.100.0/24', '8.0.0.0/7', '::/0', '64:ff9b::/96']);
  const ports = fc.oneof(fc.nat(65_535), fc.constantFrom(3478, 44_444, 50_000));
  fc.assert(
    fc.property(hosts, ports, fc.constantFrom('media', 'public'), lists, lists, (at, port, mode, allow, deny) => {
      const policy = createPeerPolicy({ ...NATTED, mode, allow: prefixes(...allow), deny: prefixes(...deny) });
      const [atPermission, out] = doors(policy, at, port);
      if (isRefusal(atPermission!)) assert.ok(isRefusal(out!), 'no port passes without its address');
      if (isRefusal(out!)) return;
      // What may be sent to may answer, and is heard under the name by which it was called.
      const { a, b, c, d } = out as TransportAddress;
      assert.deepEqual(doors(policy, words(a, b, c, d), (out as TransportAddress).port)[2], { ...at, port });
    }),
  );
});

test('new options replace the old ones, and say so', () => {
  const policy = createPeerPolicy(NATTED);
  const before = policy.version;
  policy.configure({ ...NATTED, mode: 'public', media: [] });
  assert.notEqual(policy.version, before);
  assert.deepEqual(route(policy, '8.8.8.8', 1), address('8.8.8.8', 1));
  assert.equal(route(policy, '198.51.100.1', 44_444), 'own-address');
});

type Outcome = string | TransportAddress;

function options(given: Partial<PeerPolicyOptions>): PeerPolicyOptions {
  return {
    mode: 'media',
    media: [],
    allow: [],
    deny: [],
    own: { addresses: [], ports: [] },
    relays: [],
    relayPorts: { first: 50_000, last: 59_999 },
    ...given,
  };
}

function prefixes(...texts: string[]) {
  return texts.map((text) => parsePrefix(text)!);
}

/** What CreatePermission, a datagram to the peer and a datagram from it come to. */
function doors(policy: PeerPolicy, { a, b, c, d }: TransportAddress, port: number): Outcome[] {
  return [
    PEER_REFUSALS[policy.check(a, b, c, d)]!,
    outcome((into) => policy.route(a, b, c, d, port, into)),
    outcome((into) => policy.arrived(a, b, c, d, port, into)),
  ];
}

function check(policy: PeerPolicy, host: string): Outcome {
  return doors(policy, address(host), 1)[0]!;
}

function route(policy: PeerPolicy, host: string, port: number): Outcome {
  return doors(policy, address(host), port)[1]!;
}

function arrived(policy: PeerPolicy, host: string, port: number): Outcome {
  return doors(policy, address(host), port)[2]!;
}

/** The address, or why there is none; a refusal leaves the address as it was. */
function outcome(decide: (into: TransportAddress) => number): Outcome {
  const into = { a: 1, b: 2, c: 3, d: 4, port: 5 };
  const refusal = decide(into);
  if (refusal === 0) return into;
  assert.deepEqual(into, { a: 1, b: 2, c: 3, d: 4, port: 5 });
  return PEER_REFUSALS[refusal]!;
}

function isRefusal(door: Outcome): boolean {
  return typeof door === 'string' && door !== 'permitted';
}
