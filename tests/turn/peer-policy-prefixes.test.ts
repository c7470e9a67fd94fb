import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { parsePrefix, type Prefix, PrefixSet } from '../../src/turn/peer-address-prefix.ts';
import { address, addressOf, numberOf } from './peer-policy-registries.ts';

test('a prefix is read from its text, however it is written', () => {
  assert.deepEqual(parsePrefix('10.0.0.0/8'), { ...wordsOf('10.0.0.0'), length: 104 });
  assert.deepEqual(parsePrefix('::ffff:10.0.0.0/104'), parsePrefix('10.0.0.0/8'));
  assert.deepEqual(parsePrefix('192.0.2.7'), parsePrefix('192.0.2.7/32'));
  assert.deepEqual(parsePrefix('2001:DB8::/32'), { ...wordsOf('2001:db8::'), length: 32 });
  assert.deepEqual(parsePrefix('::1'), { ...wordsOf('::1'), length: 128 });
  assert.deepEqual(parsePrefix('0.0.0.0/0'), { ...wordsOf('0.0.0.0'), length: 96 });
  assert.deepEqual(parsePrefix('::/0'), { ...wordsOf('::'), length: 0 });
});

test('what is no prefix is refused', () => {
  const texts = [
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '::/129',
  ];
  const more = [
    '10.0.0.1/8',
    '2001:db8::1/32',
    'localhost',
    '10.0.0.0/8 ',
    'fe80::1%eth0/64',
    '__proto__',
    '010.0.0.0/8',
  ];
  for (const text of [...texts, ...more]) assert.equal(parsePrefix(text), undefined, text);
});

test('a set holds what one of its prefixes holds', () => {
  const ipv4Prefix = prefixWithin(96, 0xffff_0000_0000n);
  const ipv6Prefix = prefixWithin(0, 0n);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(ipv4Prefix, ipv6Prefix), { maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (prefixes, bits) => {
        const set = new PrefixSet(prefixes);
        for (const number of probes(prefixes, bits)) {
          const expected = prefixes.some((prefix) => holds(prefix, number));
          const { a, b, c, d } = addressOf(number);
          assert.equal(set.has(a, b, c, d), expected);
        }
      },
    ),
  );
});

test('all of IPv6 is not IPv4, and all of IPv4 is not IPv6', () => {
  const has = (prefix: string, text: string) => {
    const { a, b, c, d } = address(text);
    return new PrefixSet([parsePrefix(prefix)!]).has(a, b, c, d);
  };
  assert.equal(has('::/0', '2001:db8::1'), true);
  assert.equal(has('::/0', '192.0.2.1'), false);
  assert.equal(has('0.0.0.0/0', '192.0.2.1'), true);
  assert.equal(has('0.0.0.0/0', '::1'), false);
});

function wordsOf(text: string) {
  const { a, b, c, d } = address(text);
  return { a, b, c, d };
}

/** Any prefix of at least `least` bits that begins with the bits of `within`. */
function prefixWithin(least: number, within: bigint): fc.Arbitrary<Prefix> {
  return fc
    .tuple(fc.integer({ min: least, max: 128 }), fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }))
    .map(([length, any]) => {
      const free = (1n << BigInt(128 - least)) - 1n;
      const number = (within | (any & free)) & ~((1n << BigInt(128 - length)) - 1n);
      const { a, b, c, d } = addressOf(number);
      return { a, b, c, d, length };
    });
}

/** The ends of each prefix, their neighbours, and some inside. */
function probes(prefixes: readonly Prefix[], bits: Iterable<number>): bigint[] {
  const random = bits[Symbol.iterator]();
  const all = (1n << 128n) - 1n;
  return prefixes
    .flatMap((prefix) => {
      const first = numberOf(prefix);
      const last = first | ((1n << BigInt(128 - prefix.length)) - 1n);
      const inside = first + ((BigInt(random.next().value) << 90n) & (last - first));
      return [first - 1n, first, inside, last, last + 1n];
    })
    .filter((number) => number >= 0n && number <= all);
}

function holds(prefix: Prefix, number: bigint): boolean {
  const isIpv4 = (other: bigint) => other >> 32n === 0xffffn;
  if (isIpv4(number) !== (prefix.length >= 96 && isIpv4(numberOf(prefix)))) return false;
  return number >> BigInt(128 - prefix.length) === numberOf(prefix) >> BigInt(128 - prefix.length);
}
