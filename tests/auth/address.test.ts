import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressKey } from '../../src/auth/address.ts';

test('an IPv4 address is itself, however it comes', () => {
  for (const form of ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '0000:0000:0000:0000:0000:ffff:c000:0201']) {
    assert.equal(addressKey(form), '192.0.2.1');
  }
});

test('IPv6 addresses of one /64 are one, and of two are two', () => {
  assert.equal(addressKey('2001:db8:1:2::1'), addressKey('2001:0db8:0001:0002:ffff:ffff:ffff:ffff'));
  assert.notEqual(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:3::1'));
  assert.notEqual(addressKey('::1'), addressKey('127.0.0.1'));
});

test('what is no address stays what it is', () => {
  for (const text of ['', 'unknown', ':', 'a:b:c']) assert.equal(addressKey(text), text);
});
