import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { createAddressTexts, readAddress } from '../../src/relay/datagram-address.ts';
import { hostText, MAPPED_IPV4 } from '../../src/stun/address.ts';

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const ipv4 = word.map((d) => [0, 0, MAPPED_IPV4, d] as const);
const ipv6 = fc.tuple(word, word, word, word);

test('every address that the system can name is read back into its words', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), ([a, b, c, d]) => {
      assert.deepEqual(wordsOf(hostText({ a, b, c, d })), [a, b, c, d]);
    }),
  );
});

test('the zone of a link-local address is left out', () => {
  assert.deepEqual(wordsOf('fe80::1%eth0'), [0xfe80_0000 | 0, 0, 0, 1]);
});

test('a text is that of its address, however many others were asked for before', () => {
  const texts = createAddressTexts();
  fc.assert(
    fc.property(fc.array(fc.oneof(ipv4, ipv6), { maxLength: 200 }), (addresses) => {
      for (const [a, b, c, d] of [...addresses, ...addresses]) {
        assert.equal(texts.of(a, b, c, d), hostText({ a, b, c, d }));
      }
    }),
  );
  assert.equal(texts.of(0, 0, 0, 0), '::');
});

test('more addresses than are kept all have their texts', () => {
  const texts = createAddressTexts();
  for (let round = 0; round < 2; round += 1) {
    for (let d = 0; d < 5000; d += 1) assert.equal(texts.of(0, 0, MAPPED_IPV4, d), `0.0.${d >> 8}.${d & 255}`);
  }
});

function wordsOf(host: string): number[] {
  const words = new Int32Array(6).fill(7);
  readAddress(host, words, 1);
  assert.deepEqual([words[0], words[5]], [7, 7], 'nothing beside them is written');
  return [...words.subarray(1, 5)];
}
