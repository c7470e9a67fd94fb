import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createApiKeys, generateApiKey, keyIdOf } from '../../src/auth/api-keys.ts';
import { SECRET_1, SECRET_2 } from './support.ts';

const key1 = `k1.${SECRET_1}`;
const key2 = `k2.${SECRET_2}`;

test('each of several keys is accepted, so that one can follow the other', () => {
  const keys = createApiKeys([key2, key1]);
  assert.equal(keys.authenticate(key1), 'k1');
  assert.equal(keys.authenticate(key2), 'k2');
  assert.equal(keys.current, 'k2', 'the first signs');
});

test('a key that was taken out is refused', () => {
  const keys = createApiKeys([key2]);
  assert.equal(keys.authenticate(key1), undefined);
  assert.equal(keys.secretOf('k1'), undefined);
});

test('a secret does not work with the id of another key', () => {
  const keys = createApiKeys([key1, key2]);
  assert.equal(keys.authenticate(`k1.${SECRET_2}`), undefined);
});

test('everything but the key itself is refused', () => {
  const keys = createApiKeys([key1]);
  for (const credential of [
    '',
    '.',
    'k1',
    'k1.',
    `.${SECRET_1}`,
    SECRET_1,
    `${key1} `,
    `${key1}x`,
    key1.slice(0, -1),
  ]) {
    assert.equal(keys.authenticate(credential), undefined, credential);
  }
  fc.assert(
    fc.property(fc.nat(key1.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      const changed = key1.slice(0, at) + character + key1.slice(at + 1);
      assert.equal(keys.authenticate(changed), changed === key1 ? 'k1' : undefined);
    }),
    { numRuns: 500 },
  );
});

test("names of every object's properties are no key ids, and can be", () => {
  const keys = createApiKeys([key1]);
  for (const id of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    assert.equal(keys.authenticate(`${id}.${SECRET_1}`), undefined);
    assert.equal(keys.secretOf(id), undefined);
    assert.equal(createApiKeys([`${id}.${SECRET_1}`]).authenticate(`${id}.${SECRET_1}`), id);
  }
});

test('no keys at all accept nothing', () => {
  const keys = createApiKeys([]);
  assert.equal(keys.current, undefined);
  assert.equal(keys.authenticate(key1), undefined);
});

test('keys that cannot be told apart or are too weak are refused, without being shown', () => {
  assert.throws(() => createApiKeys([key1, `k1.${SECRET_2}`]), /two API keys have the id k1/u);
  assert.throws(
    () => createApiKeys(['k1.short']),
    (error: Error) => !error.message.includes('short'),
  );
});

test('generated keys are keys, and differ', () => {
  const generated = Array.from({ length: 100 }, generateApiKey);
  assert.equal(new Set(generated).size, 100);
  for (const key of generated) {
    assert.match(key, /^key_[0-9a-f]{12}\.[A-Za-z0-9_-]{43}$/u);
    assert.equal(createApiKeys([key]).authenticate(key), keyIdOf(key));
  }
});
