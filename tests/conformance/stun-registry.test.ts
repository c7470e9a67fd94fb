import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { ATTRIBUTE, VENDOR_ATTRIBUTE } from '../../src/stun/attributes.ts';
import { ERROR_CODE, REASON_PHRASE, type StunErrorCode } from '../../src/stun/error-codes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import { SECURITY_FEATURE } from '../../src/stun/nonce-cookie.ts';
import { PASSWORD_ALGORITHM } from '../../src/stun/password-algorithms.ts';

type Entry = { value: string; name: string; reference: string };
type Registry = Record<'methods' | 'attributes' | 'errorCodes' | 'passwordAlgorithms' | 'securityFeatures', Entry[]>;

const registry = JSON.parse(readFileSync(new URL('stun-registry.json', import.meta.url), 'utf8')) as Registry;

test('every registered method has its number, and no other has one', () => {
  const words = (name: string) =>
    name
      .replaceAll(/([a-z])([A-Z])/gu, '$1_$2')
      .replaceAll('-', '_')
      .toUpperCase();
  assert.deepEqual(table(METHOD), assigned(registry.methods, words));
});

test('every registered attribute has its type, and no other has one', () => {
  const known = { ...ATTRIBUTE, ...VENDOR_ATTRIBUTE };
  const { CHANGE_REQUEST, ...registered } = known;
  const attributes = registry.attributes.map((entry) =>
    // RFC 7982's name is written with underscores, RFC 6679's with a space.
    entry.name === 'ECN-CHECK STUN' ? { ...entry, name: 'ECN-CHECK-STUN' } : entry,
  );
  assert.deepEqual(table(registered), assigned(attributes));
  // RFC 5780 took CHANGE-REQUEST up again, and IANA's entry says so in its reference alone (RFC erratum 4233).
  const changeRequest = registry.attributes.find(({ value }) => Number(value) === CHANGE_REQUEST);
  assert.match(changeRequest?.name ?? '', /CHANGE-REQUEST/u);
  assert.match(changeRequest?.reference ?? '', /RFC5780/u);
});

test('what vendors have registered may be passed over', () => {
  for (const type of Object.values(VENDOR_ATTRIBUTE)) assert.ok(type >= 0x8000);
});

test('every registered error code has its number and its reason phrase', () => {
  assert.deepEqual(table(ERROR_CODE), assigned(registry.errorCodes.map(renamed)));
  for (const { value, name } of registry.errorCodes.map(renamed)) {
    assert.equal(REASON_PHRASE[Number(value) as StunErrorCode], name);
  }
});

test('password algorithms and security features have the numbers that RFC 8489 registered', () => {
  assert.deepEqual(
    table(PASSWORD_ALGORITHM),
    assigned(registry.passwordAlgorithms, (name) => name.replace('-', '')),
  );
  const bits = registry.securityFeatures.map(({ value, ...rest }) => ({ ...rest, value: String(2 ** Number(value)) }));
  assert.deepEqual(table(SECURITY_FEATURE), assigned(bits));
});

/** RFC 8489 §14.8 calls 401 "Unauthenticated"; RFC 5389, which this copy of the registry follows, "Unauthorized". */
function renamed(entry: Entry): Entry {
  return entry.value === '401' ? { ...entry, name: 'Unauthenticated' } : entry;
}

function table(constants: Record<string, number>): [number, string][] {
  return Object.entries(constants)
    .map(([name, value]): [number, string] => [value, name])
    .toSorted(([one], [other]) => one - other);
}

function assigned(entries: readonly Entry[], words = upper): [number, string][] {
  return entries
    .filter(({ name }) => !name.startsWith('Reserved'))
    .map(({ value, name }): [number, string] => [Number(value), words(name)])
    .toSorted(([one], [other]) => one - other);
}

function upper(name: string): string {
  return name.replaceAll(/[- ]/gu, '_').toUpperCase();
}
