import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import { createCredentials, expiryOf } from '../../src/turn/credentials.ts';

const NOW = 1_700_000_000_500 as Millis;

test('a credential is expiry:identity, and its password the HMAC of that by the first secret', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
      fc.string({ minLength: 1 }),
      (identity, secret) => {
        const credentials = createCredentials({ secrets: [secret, 'older'], ttl: 600 });
        const { username, password, ttl } = credentials.issue(identity, NOW);
        assert.equal(username, `1700000601:${identity}`);
        assert.equal(password, createHmac('sha1', secret).update(username).digest('base64'));
        assert.equal(ttl, 600);
      },
    ),
  );
});

test('what makes no credential is an error at once', () => {
  assert.throws(() => createCredentials({ secrets: [], ttl: 600 }), RangeError);
  assert.throws(() => createCredentials({ secrets: [''], ttl: 600 }), RangeError);
  for (const ttl of [0, -1, 1.5, NaN, Infinity]) {
    assert.throws(() => createCredentials({ secrets: ['s'], ttl }), RangeError, String(ttl));
  }
  const credentials = createCredentials({ secrets: ['s'], ttl: 600 });
  assert.throws(() => credentials.issue('', NOW), RangeError);
  assert.throws(() => credentials.issue('é'.repeat(249), NOW), RangeError);
  assert.equal(credentials.issue('é'.repeat(248), NOW).username.length, 11 + 248);
});

test('the expiry of a user name is read where the name has one form only', () => {
  const expiries: [string, number][] = [
    ['1700000601:alice', 1_700_000_601],
    ['1:a', 1],
    ['99999999999:a', 99_999_999_999],
    ['123:a:b:c', 123],
    ['123::', 123],
  ];
  for (const [name, expected] of expiries) assert.equal(expiry(name), expected, name);
  const others = [
    '',
    ':',
    ':a',
    '1',
    '1:',
    '0:a',
    '01:a',
    '-1:a',
    '+1:a',
    ' 1:a',
    '1 :a',
    '1e9:a',
    '0x1:a',
    '1.5:a',
    '١:a',
  ];
  const more = [
    '100000000000:a',
    '9'.repeat(500),
    `${'9'.repeat(400)}:a`,
    'alice',
    'alice:1700000601',
    'Infinity:a',
    'NaN:a',
  ];
  for (const name of [...others, ...more]) assert.equal(expiry(name), -1, name);
});

test('bytes of any kind have an expiry only where they begin with digits and a colon', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      const [, digits] = /^([1-9][0-9]{0,10}):.+/su.exec(Buffer.from(bytes).toString('latin1')) ?? [];
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      assert.equal(expiryOf(view, 0, bytes.length), digits === undefined ? -1 : Number(digits));
    }),
  );
});

function expiry(name: string): number {
  const bytes = Buffer.from(` ${name}:9`);
  return expiryOf(new DataView(bytes.buffer, bytes.byteOffset), 1, bytes.length - 3);
}
