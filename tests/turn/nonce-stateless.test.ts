import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import type { TransportAddress } from '../../src/stun/address.ts';
import { nonceFeatures, SECURITY_FEATURE } from '../../src/stun/nonce-cookie.ts';
import { createNonces, NONCE_FORGED, NONCE_FRESH, NONCE_LENGTH, NONCE_STALE } from '../../src/turn/nonce.ts';
import { address } from './peer-policy-registries.ts';

const NOW = 1_700_000_000_123;
const LIFETIME = 600_000;
const CLIENT = address('192.0.2.1', 40_000);
const KEY = Buffer.from('a key that is long enough');

const anyClient = fc.record({
  a: fc.integer(),
  b: fc.integer(),
  c: fc.integer(),
  d: fc.integer(),
  port: fc.nat(65_535),
});
const anyFeatures = fc.nat(0xff_ffff);
/** Times to far beyond 2038, and to beyond 2106. */
const anyTime = fc.integer({ min: 1_000_000_000, max: 4_200_000_000 }).map((seconds) => seconds * 1000);

test('a nonce is fresh for its client, in every thread with the key, until its lifetime is over', () => {
  fc.assert(
    fc.property(anyClient, anyFeatures, anyTime, fc.nat(LIFETIME - 1000), (client, features, now, later) => {
      const nonce = openDesk().make(client, now, features);
      assert.equal(nonce.length, NONCE_LENGTH);
      assert.match(nonce.toString('latin1'), /^obMatJos2[A-Za-z0-9+/]{4}[0-9a-f]{8}[A-Za-z0-9+/]{16}$/u);
      assert.equal(nonceFeatures(nonce, 0, nonce.length), features);
      const other = openDesk();
      assert.equal(other.check(nonce, client, now + later), NONCE_FRESH);
      assert.equal(other.check(nonce, client, now + LIFETIME + 1000), NONCE_STALE);
    }),
  );
});

test('a nonce goes stale at its lifetime to the second, and one of the future is stale too', () => {
  const desk = openDesk();
  const nonce = desk.make(CLIENT, NOW);
  const written = Math.floor(NOW / 1000) * 1000;
  const verdicts = [-2001, -1000, 0, LIFETIME - 1, LIFETIME].map((age) => desk.check(nonce, CLIENT, written + age));
  assert.deepEqual(verdicts, [NONCE_STALE, NONCE_FRESH, NONCE_FRESH, NONCE_FRESH, NONCE_STALE]);
});

test("a nonce is of no use to another address, to another port or under another server's key", () => {
  const desk = openDesk();
  fc.assert(
    fc.property(anyClient, anyClient, (client, other) => {
      fc.pre(Object.keys(client).some((part) => client[part as 'a'] !== other[part as 'a']));
      const nonce = desk.make(client, NOW);
      assert.equal(desk.check(nonce, other, NOW), NONCE_FORGED);
      assert.equal(desk.check(nonce, { ...client, port: client.port ^ 1 }, NOW), NONCE_FORGED);
      assert.equal(
        openDesk({ key: Buffer.from('another key, as long as it') }).check(nonce, client, NOW),
        NONCE_FORGED,
      );
    }),
  );
});

test('a nonce with any bit turned is not fresh', () => {
  const desk = openDesk();
  const nonce = desk.make(CLIENT, NOW, SECURITY_FEATURE.PASSWORD_ALGORITHMS);
  for (let bit = 0; bit < 8 * NONCE_LENGTH; bit += 1) {
    const changed = Buffer.from(nonce);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.notEqual(desk.check(changed, CLIENT, NOW), NONCE_FRESH, `bit ${bit}`);
  }
});

test('a client cannot take the offer of password algorithms out of its nonce', () => {
  const desk = openDesk();
  const offered = desk.make(CLIENT, NOW, SECURITY_FEATURE.PASSWORD_ALGORITHMS);
  const bare = desk.make(CLIENT, NOW, 0);
  assert.equal(offered.toString('latin1', 9, 13), 'AAAB');
  const bidDown = Buffer.concat([bare.subarray(0, 13), offered.subarray(13)]);
  assert.equal(desk.check(bidDown, CLIENT, NOW), NONCE_FORGED);
});

test('what is no nonce of ours is forged or stale, never fresh, and never an exception', () => {
  const desk = openDesk();
  const real = desk.make(CLIENT, NOW);
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 128 }),
    fc.uint8Array({ minLength: NONCE_LENGTH, maxLength: NONCE_LENGTH }),
    fc.uint8Array({ minLength: 24, maxLength: 24 }).map((rest) => Buffer.concat([real.subarray(0, 13), rest])),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map((rest) => Buffer.concat([real.subarray(0, 21), rest])),
    fc.constantFrom('', '__proto__', 'constructor', 'f//499k954d6OL34oL9FSTvy64sA').map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      fc.pre(!real.equals(bytes));
      assert.notEqual(desk.check(Buffer.from(bytes), CLIENT, NOW), NONCE_FRESH);
    }),
  );
  assert.equal(desk.check(real.subarray(0, -1), CLIENT, NOW), NONCE_FORGED);
  assert.equal(desk.check(Buffer.concat([real, Buffer.from('A')]), CLIENT, NOW), NONCE_FORGED);
});

test('keys change with the hour, and nonces live on across the change', () => {
  const hour = 3600_000;
  const desk = openDesk({ lifetime: 2 * hour });
  for (let now = NOW; now < NOW + 20 * hour; now += hour / 2) {
    const nonce = desk.make(CLIENT, now);
    assert.equal(desk.check(nonce, CLIENT, now + hour), NONCE_FRESH);
    assert.equal(desk.check(nonce, CLIENT, now), NONCE_FRESH, 'and back');
    assert.equal(openDesk({ lifetime: 2 * hour }).check(nonce, CLIENT, now + 2 * hour - 1000), NONCE_FRESH);
  }
});

test('a key or a lifetime that is too short is an error at once', () => {
  assert.throws(() => openDesk({ key: Buffer.from('too short') }), RangeError);
  assert.throws(() => openDesk({ lifetime: 999 }), RangeError);
});

function openDesk({ key = KEY, lifetime = LIFETIME }: { key?: Buffer; lifetime?: number } = {}) {
  const slab = new Uint8Array(512);
  const nonces = createNonces({ slab, key, lifetime });
  return {
    make({ a, b, c, d, port }: TransportAddress, now: number, features = 0): Buffer {
      nonces.write(33, a, b, c, d, port, now as Millis, features);
      return Buffer.from(slab.slice(33, 33 + NONCE_LENGTH));
    },
    check(nonce: Buffer, { a, b, c, d, port }: TransportAddress, now: number) {
      slab.set(nonce, 101);
      return nonces.check(101, nonce.length, a, b, c, d, port, now as Millis);
    },
  };
}
