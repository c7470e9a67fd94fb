import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  FAMILY,
  addressText,
  familyOf,
  hostText,
  parseAddress,
  sameAddress,
  sameHost,
} from '../../src/stun/address.ts';

test('IPv4 is kept in mapped form, and written in dotted decimal', () => {
  const address = parseAddress('192.0.2.1', 3478)!;
  assert.deepEqual(address, { a: 0, b: 0, c: 0xffff, d: 0xc0000201 | 0, port: 3478 });
  assert.equal(familyOf(address), FAMILY.IPV4);
  assert.equal(addressText(address), '192.0.2.1:3478');
});

test('IPv6 is written as RFC 5952 has it', () => {
  const address = parseAddress('2001:DB8:0:0:0:0:0:1', 3478)!;
  assert.equal(familyOf(address), FAMILY.IPV6);
  assert.equal(addressText(address), '[2001:db8::1]:3478');
  assert.equal(hostText(parseAddress('::', 0)!), '::');
  assert.equal(hostText(parseAddress('fe80::1:0:0:1', 0)!), 'fe80::1:0:0:1');
});

test('one address has one form, however it is written', () => {
  assert.deepEqual(parseAddress('::ffff:192.0.2.1', 1), parseAddress('192.0.2.1', 1));
  assert.deepEqual(parseAddress('::ffff:c000:201', 1), parseAddress('192.0.2.1', 1));
  // IPv4-compatible addresses (RFC 4291 §2.5.5.1) are IPv6.
  assert.equal(familyOf(parseAddress('::192.0.2.1', 1)!), FAMILY.IPV6);
});

test('what is no address, or could be read in two ways, is none', () => {
  for (const text of ['', 'localhost', '1.2.3', '1.2.3.4.5', '256.0.0.1', '0x7f.0.0.1', '2130706433', '1.2.3.4:80']) {
    assert.equal(parseAddress(text, 0), undefined, text);
  }
  for (const text of [':', '::1%eth0', '[::1]', '1::2::3', '12345::', ' ::1']) {
    assert.equal(parseAddress(text, 0), undefined, text);
  }
  // Some read octal numbers here (RFC 6943 §3.1.1).
  assert.equal(parseAddress('010.0.0.1', 0), undefined);
});

test('text and words are the same address', () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), fc.boolean(), ([a, b, c, d], mapped) => {
      const address = mapped ? { a: 0, b: 0, c: 0xffff, d, port: 5 } : { a, b, c, d, port: 5 };
      const again = parseAddress(hostText(address), 5)!;
      assert.deepEqual(again, address);
      assert.ok(sameAddress(again, address));
      assert.ok(!sameAddress({ ...again, port: 6 }, address));
      assert.ok(sameHost({ ...again, port: 6 }, address));
      for (const part of ['a', 'b', 'c', 'd'] as const) {
        assert.ok(!sameHost({ ...again, [part]: again[part] ^ 1 }, address));
      }
    }),
  );
});
