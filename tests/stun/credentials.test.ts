import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, hmacSha1, prepareHmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { HMAC_SHA256_KEY_WORDS, hmacSha256 } from '../../src/stun/hmac-sha256.ts';
import { LongTermKey } from '../../src/stun/long-term-key.ts';
import { NONCE_COOKIE_LENGTH, SECURITY_FEATURE, nonceFeatures, writeNonceCookie } from '../../src/stun/nonce-cookie.ts';
import { opaqueString } from '../../src/stun/opaque-string.ts';
import {
  PASSWORD_ALGORITHM,
  chosenPasswordAlgorithm,
  passwordAlgorithms,
  repeatsPasswordAlgorithms,
} from '../../src/stun/password-algorithms.ts';
import { SHA1_WORDS } from '../../src/stun/sha1.ts';
import { SHA256_WORDS } from '../../src/stun/sha256.ts';
import { matchesUserhash, userhash } from '../../src/stun/userhash.ts';
import { accepted, exactView, hex, rawMessage, utf8, wordBytes } from './support/messages.ts';

const TEXT = utf8('what the key signs');

test('both algorithms make the long-term key of RFC 8489 §9.2.2, for both kinds of MAC', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.nat(9), (user, realm, password, offset) => {
      const key = new LongTermKey(utf8(realm));
      const username = Buffer.concat([new Uint8Array(offset), utf8(user)]);
      assert.ok(key.begin(username, offset, username.length - offset));
      assert.ok(key.password(utf8(password)));
      for (const [algorithm, name] of [
        [PASSWORD_ALGORITHM.MD5, 'md5'],
        [PASSWORD_ALGORITHM.SHA256, 'sha256'],
      ] as const) {
        key.derive(algorithm);
        const secret = createHash(name).update(`${user}:${realm}:${password}`).digest();
        assert.deepEqual(macs(key), [
          createHmac('sha1', secret).update(TEXT).digest('hex'),
          createHmac('sha256', secret).update(TEXT).digest('hex'),
        ]);
      }
    }),
  );
});

test('a time-limited password is the base64 of HMAC-SHA1 of its user name', () => {
  const secret = utf8('north');
  const username = utf8('1700000000:ada');
  const keys = new Int32Array(HMAC_SHA1_KEY_WORDS);
  const digest = new Int32Array(SHA1_WORDS);
  prepareHmacSha1(exactView(secret), 0, secret.length, keys, 0);
  hmacSha1(keys, 0, exactView(username), 0, username.length, digest);

  const key = new LongTermKey(utf8('sluice'));
  assert.ok(key.begin(username, 0, username.length));
  assert.ok(key.base64Password(digest, 4 * SHA1_WORDS));
  key.derive(PASSWORD_ALGORITHM.MD5);

  const password = createHmac('sha1', secret).update(username).digest('base64');
  const expected = createHash('md5').update(`1700000000:ada:sluice:${password}`).digest();
  assert.equal(macs(key)[0], createHmac('sha1', expected).update(TEXT).digest('hex'));
});

test('credentials that are too long make no key', () => {
  const key = new LongTermKey(utf8('r'.repeat(763)));
  assert.ok(!key.begin(new Uint8Array(3000), 0, 3000));
  assert.ok(!key.password(utf8('after a refusal')));
  assert.ok(!key.base64Password(new Int32Array(SHA1_WORDS), 20));
  assert.ok(key.begin(new Uint8Array(513), 0, 513));
  assert.ok(!key.password(new Uint8Array(771)));
  assert.ok(key.password(new Uint8Array(770)));
  assert.ok(!key.base64Password(new Int32Array(SHA1_WORDS), 20));
});

test('OpaqueString keeps case, makes all spaces one kind, and normalises to NFC (RFC 8265 §4.2.2)', () => {
  assert.equal(opaqueString('TheMatrIX'), 'TheMatrIX');
  assert.equal(opaqueString('correct\u00a0horse\u3000battery staple'), 'correct horse battery staple');
  assert.equal(opaqueString('A\u030angstro\u0308m'), '\u00c5ngstr\u00f6m');
  // Not NFKC: what looks alike stays apart.
  assert.equal(opaqueString('\uff21\u2168'), '\uff21\u2168');
  // RFC 8265 §4.3's own examples.
  for (const allowed of ['correct horse battery staple', 'Correct Horse Battery Staple', 'πßå', 'Jack of ♦s']) {
    assert.equal(opaqueString(allowed), allowed);
  }
});

test('OpaqueString refuses what is empty, cannot be seen, or is not text', () => {
  for (const [what, text] of [
    ['empty', ''],
    ['a control', 'my\u0009password'],
    ['a NUL', 'a\0'],
    ['a soft hyphen', 'The\u00adM'],
    ['a zero-width joiner', 'a\u200db'],
    ['a line separator', 'a\u2028b'],
    ['a conjoining jamo', '\u1100'],
    ['a private code point', '\ue000'],
    ['an unassigned code point', '\u0378'],
    ['a lone surrogate', '\ud800'],
  ] as const) {
    assert.equal(opaqueString(text), undefined, what);
  }
});

test('what OpaqueString makes, it makes again (RFC 8265 §4.2.3: idempotent)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const once = opaqueString(text);
      if (once !== undefined) assert.equal(opaqueString(once), once);
    }),
  );
});

test('USERHASH is SHA-256 of user name and realm', () => {
  const hash = userhash(utf8('ada'), utf8('sluice'));
  const value = createHash('sha256').update('ada:sluice').digest();
  assert.deepEqual(wordBytes(hash, SHA256_WORDS), value);
  assert.ok(matchesUserhash(accepted(rawMessage([{ type: ATTRIBUTE.USERHASH, value }])), hash));
  value[31]! ^= 1;
  assert.ok(!matchesUserhash(accepted(rawMessage([{ type: ATTRIBUTE.USERHASH, value }])), hash));
  assert.ok(!matchesUserhash(accepted(rawMessage([])), hash));
});

test('a nonce opens with the cookie and the security features (RFC 8489 §9.2)', () => {
  const both = SECURITY_FEATURE.PASSWORD_ALGORITHMS | SECURITY_FEATURE.USERNAME_ANONYMITY;
  const nonce = new Uint8Array(30).fill(0x7a);
  writeNonceCookie(both, nonce, 2);
  assert.equal(
    Buffer.from(nonce)
      .toString('latin1')
      .slice(2, 2 + NONCE_COOKIE_LENGTH + 2),
    'obMatJos2AAADzz',
  );
  assert.equal(nonceFeatures(nonce, 2, 28), both);
  for (let features = 1; features < 2 ** 24; features <<= 1) {
    writeNonceCookie(features, nonce, 0);
    assert.equal(nonceFeatures(nonce, 0, nonce.length), features);
  }
});

test('a nonce without the cookie announces nothing', () => {
  for (const nonce of ['', 'obMatJos2', 'obMatJos2AAA', 'obmatJos2AAADx', 'obMatJos2AA=Dx', 'obMatJos2AA_Dx', 'x']) {
    assert.equal(nonceFeatures(utf8(nonce), 0, nonce.length), undefined, nonce);
  }
  // Its length counts, not what lies behind it.
  assert.equal(nonceFeatures(utf8('obMatJos2AAAD'), 0, 12), undefined);
});

test('PASSWORD-ALGORITHM names one of the two, without parameters', () => {
  const chosen = (digits: string) =>
    chosenPasswordAlgorithm(accepted(rawMessage([{ type: ATTRIBUTE.PASSWORD_ALGORITHM, value: hex(digits) }])));
  assert.equal(chosen('00010000'), PASSWORD_ALGORITHM.MD5);
  assert.equal(chosen('00020000'), PASSWORD_ALGORITHM.SHA256);
  for (const digits of ['00000000', '00030000', '01020000', '00020004', '00020004 00000000', '00020000 00000000']) {
    assert.equal(chosen(digits), undefined, digits);
  }
  assert.equal(chosenPasswordAlgorithm(accepted(rawMessage([]))), undefined);
});

test('PASSWORD-ALGORITHMS must come back as it was offered (RFC 8489 §9.2.4)', () => {
  const offered = passwordAlgorithms([PASSWORD_ALGORITHM.SHA256, PASSWORD_ALGORITHM.MD5]);
  assert.deepEqual(offered, hex('00020000 00010000'));
  const repeats = (digits: string) =>
    repeatsPasswordAlgorithms(
      accepted(rawMessage([{ type: ATTRIBUTE.PASSWORD_ALGORITHMS, value: hex(digits) }])),
      offered,
    );
  assert.ok(repeats('00020000 00010000'));
  for (const digits of ['00010000', '00010000 00020000', '00020000 00010000 00030000', '00020000 00010001']) {
    assert.ok(!repeats(digits), digits);
  }
  assert.ok(!repeatsPasswordAlgorithms(accepted(rawMessage([])), offered));
});

/** What the derived key makes of a text: HMAC-SHA1 and HMAC-SHA256. */
function macs(key: LongTermKey): [string, string] {
  const sha1Keys = new Int32Array(HMAC_SHA1_KEY_WORDS + 1);
  const sha256Keys = new Int32Array(HMAC_SHA256_KEY_WORDS + 1);
  key.sha1(sha1Keys, 1);
  key.sha256(sha256Keys, 1);
  const into = new Int32Array(SHA256_WORDS);
  hmacSha1(sha1Keys, 1, exactView(TEXT), 0, TEXT.length, into);
  const sha1 = wordBytes(into, SHA1_WORDS).toString('hex');
  hmacSha256(sha256Keys, 1, exactView(TEXT), 0, TEXT.length, into);
  return [sha1, wordBytes(into, SHA256_WORDS).toString('hex')];
}
