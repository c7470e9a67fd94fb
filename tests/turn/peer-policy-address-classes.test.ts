import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { addressText, type TransportAddress } from '../../src/stun/address.ts';
import { ADDRESS_CLASSES } from '../../src/turn/peer-address-ranges.ts';
import { addressClass, CARRIED, carriedAddresses } from '../../src/turn/peer-address.ts';
import {
  address,
  addressOf,
  deniedAddress,
  deniedIpv4,
  EMBEDDINGS,
  memberOf,
  numberOf,
  publicIpv4,
  publicIpv6,
  RANGES,
  words,
} from './peer-policy-registries.ts';

test("every entry of IANA's registries has its class, from its first to its last address", () => {
  for (const range of RANGES) {
    for (const number of [range.first, range.last, ...fc.sample(memberOf(range), 20)]) {
      const narrowest = RANGES.filter(({ first, last }) => number >= first && number <= last).toSorted((one, other) =>
        Number(one.last - one.first - (other.last - other.first)),
      )[0]!;
      const at = addressOf(number);
      assert.equal(classOf(at), narrowest.is, `${addressText(at)} of ${narrowest.text}`);
    }
  }
});

test('what is beside the ranges is public', () => {
  for (const { text, first, last } of RANGES) {
    for (const number of [first - 1n, last + 1n]) {
      if (number < 0n || number >= 1n << 128n) continue;
      const at = addressOf(number);
      // Outside of IPv4 and 2000::/3 nothing is public, listed or not.
      const unicast = (at.a >>> 29 === 1 && text.includes(':')) || (at.a === 0 && at.b === 0 && at.c === 0xffff);
      const listed = RANGES.some((range) => number >= range.first && number <= range.last);
      assert.equal(classOf(at) === 'public', unicast && !listed, `${addressText(at)} beside ${text}`);
    }
  }
});

test('public addresses are public, and only they', () => {
  fc.assert(fc.property(fc.oneof(publicIpv4, publicIpv6), (at) => assert.equal(classOf(at), 'public')));
  fc.assert(fc.property(deniedAddress, (at) => assert.notEqual(classOf(at), 'public')));
  const anywhere = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
  fc.assert(
    fc.property(anywhere, (number) => {
      const at = addressOf(number);
      if (at.a >>> 29 !== 1) assert.notEqual(classOf(at), 'public');
    }),
  );
});

test('a denied IPv4 address is denied in every form that carries it', () => {
  for (const [form, embed] of Object.entries(EMBEDDINGS)) {
    fc.assert(
      fc.property(deniedIpv4, fc.integer(), ({ d }, noise) => {
        const at = embed(d, noise);
        assert.notEqual(classOf(at), 'public', `${form} ${addressText(at)}`);
      }),
    );
  }
});

test('of the forms that carry a public IPv4 address, only the mapped, the well-known NAT64 and ISATAP are public', () => {
  const open = new Set(['mapped', 'nat64 well-known', 'isatap, local', 'isatap, global']);
  for (const [form, embed] of Object.entries(EMBEDDINGS)) {
    fc.assert(
      fc.property(publicIpv4, fc.integer(), ({ d }, noise) => {
        assert.equal(classOf(embed(d, noise)) === 'public', open.has(form), form);
      }),
    );
  }
});

test('the addresses that an address carries are found in each form', () => {
  const into = new Int32Array(CARRIED);
  for (const [form, embed] of Object.entries(EMBEDDINGS)) {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (ipv4, noise) => {
        const { a, b, c, d } = embed(ipv4, noise);
        const found = [...into.subarray(0, carriedAddresses(a, b, c, d, into))];
        // ::1 and :: are carriers too, of addresses that are nobody's.
        if (form === 'mapped') assert.deepEqual(found, []);
        else assert.ok(found.includes(ipv4), `${form}: ${found.join()}`);
      }),
    );
  }
  fc.assert(
    fc.property(publicIpv6, ({ a, b, c, d }) => {
      assert.equal(carriedAddresses(a, b, c, d, into), 0);
    }),
  );
});

test('addresses that attackers have tried', () => {
  const tried: [string, string][] = [
    ['169.254.169.254', 'link-local'],
    ['::ffff:169.254.169.254', 'link-local'],
    ['::7f00:1', 'transition'],
    ['::ffff:0:127.0.0.1', 'transition'],
    ['64:ff9b::127.0.0.1', 'loopback'],
    ['64:ff9b:1::10.0.0.1', 'transition'],
    ['2002:7f00:1::', 'transition'],
    ['2001:0:7f00:1::', 'transition'],
    ['2a00::5efe:10.0.0.1', 'transition'],
    ['fe80::1', 'link-local'],
    ['fd00:ec2::254', 'unique-local'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['255.255.255.255', 'broadcast'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['2606:4700:4700::1111', 'public'],
    ['8.8.8.8', 'public'],
    ['172.32.0.0', 'public'],
    ['100.128.0.0', 'public'],
  ];
  for (const [text, expected] of tried) assert.equal(classOf(address(text)), expected, text);
  assert.equal(numberOf(words(0, 0, 0, 1)), 1n);
});

function classOf({ a, b, c, d }: TransportAddress): string {
  return ADDRESS_CLASSES[addressClass(a, b, c, d)]!;
}
