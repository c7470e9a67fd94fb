import assert from 'node:assert/strict';
import { test } from 'node:test';

import { emptyAddress, addressText } from '../../src/stun/address.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, prepareHmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { HMAC_SHA256_KEY_WORDS } from '../../src/stun/hmac-sha256.ts';
import { verifyIntegrity, verifyIntegritySha256 } from '../../src/stun/integrity.ts';
import { LongTermKey } from '../../src/stun/long-term-key.ts';
import { MessageWriter } from '../../src/stun/message-writer.ts';
import { CLASS, METHOD } from '../../src/stun/methods.ts';
import { SECURITY_FEATURE, nonceFeatures } from '../../src/stun/nonce-cookie.ts';
import { PASSWORD_ALGORITHM, chosenPasswordAlgorithm } from '../../src/stun/password-algorithms.ts';
import { matchesUserhash, userhash } from '../../src/stun/userhash.ts';
import { accepted, exactView, hex, utf8 } from '../stun/support/messages.ts';

/** RFC 5769 §2.1 to §2.3. */
const SHORT_TERM_PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';
const REQUEST = hex(`
  00010058 2112a442 b7e7a701bc34d686fa87dfae
  80220010 5354554e207465737420636c69656e74  00240004 6e0001ff  80290008 932ff9b151263b36
  00060009 6576746a3a68367659202020  00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2  80280004 e57a3bcf`);
const IPV4_RESPONSE = hex(`
  0101003c 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220  00200008 0001a147e112a643
  00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7  80280004 c07d4c96`);
const IPV6_RESPONSE = hex(`
  01010048 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220  00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014 a382954e4be67bf11784c97c8292c275bfe3ed41  80280004 c8fb0b4c`);

/** RFC 5769 §2.4, and RFC 8489 appendix B.1: the user is "マトリックス", the password is given as it is when prepared. */
const USER = utf8('マトリックス');
const REALM = utf8('example.org');
const PASSWORD = utf8('TheMatrIX');
const LONG_TERM = hex(`
  00010060 2112a442 78ad3433c6ad72c029da412e
  00060012 e3839ee38388e383aae38383e382afe382b90000
  0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341
  0014000b 6578616d706c652e6f726700  00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666`);
/** As erratum 6268 has it: the RFC prints a length of 0x9c, and the MAC that goes with that. */
const USERHASH_AND_SHA256 = hex(`
  00010090 2112a442 78ad3433c6ad72c029da412e
  001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704
  00150029 6f624d61744a6f73324141414366 2f2f3439396b39353464364f4c33346f4c39465354767936347341000000
  0014000b 6578616d706c652e6f726700  001d0004 00020000
  001c0020 b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65`);

test('RFC 5769 §2.1: a request', () => {
  const reader = accepted(REQUEST);
  assert.equal(reader.method, METHOD.BINDING);
  assert.equal(reader.class, CLASS.REQUEST);
  assert.equal(reader.text(ATTRIBUTE.SOFTWARE), 'STUN test client');
  assert.equal(reader.text(ATTRIBUTE.USERNAME), 'evtj:h6vY');
  assert.equal(reader.uint32(ATTRIBUTE.PRIORITY), 0x6e0001ff);
  assert.ok(verifyIntegrity(reader, shortTermKey(), 0));
  assert.ok(reader.hasValidFingerprint());
});

for (const [name, bytes, address] of [
  ['RFC 5769 §2.2: a response with an IPv4 address', IPV4_RESPONSE, '192.0.2.1:32853'],
  ['RFC 5769 §2.3: a response with an IPv6 address', IPV6_RESPONSE, '[2001:db8:1234:5678:11:2233:4455:6677]:32853'],
] as const) {
  test(name, () => {
    const reader = accepted(bytes);
    assert.equal(reader.class, CLASS.SUCCESS);
    assert.equal(reader.text(ATTRIBUTE.SOFTWARE), 'test vector');
    const mapped = emptyAddress();
    assert.ok(reader.address(ATTRIBUTE.XOR_MAPPED_ADDRESS, mapped));
    assert.equal(addressText(mapped), address);
    assert.ok(verifyIntegrity(reader, shortTermKey(), 0));
    assert.ok(reader.hasValidFingerprint());
  });
}

test('RFC 5769 §2.4: a request with long-term credentials', () => {
  const reader = accepted(LONG_TERM);
  assert.equal(reader.text(ATTRIBUTE.USERNAME), 'マトリックス');
  const { sha1 } = longTermKeys(PASSWORD_ALGORITHM.MD5);
  assert.ok(verifyIntegrity(reader, sha1, 0));
  assert.ok(!verifyIntegrity(reader, longTermKeys(PASSWORD_ALGORITHM.SHA256).sha1, 0));
});

test('RFC 8489 appendix B.1 with erratum 6268: USERHASH and MESSAGE-INTEGRITY-SHA256', () => {
  const reader = accepted(USERHASH_AND_SHA256);
  assert.ok(matchesUserhash(reader, userhash(USER, REALM)));
  assert.ok(!matchesUserhash(reader, userhash(USER, utf8('example.com'))));
  assert.equal(chosenPasswordAlgorithm(reader), PASSWORD_ALGORITHM.SHA256);
  assert.ok(verifyIntegritySha256(reader, longTermKeys(PASSWORD_ALGORITHM.SHA256).sha256, 0));
  const nonce = reader.at(ATTRIBUTE.NONCE);
  // Erratum 6290: bit 0 is the least significant one.
  assert.equal(
    nonceFeatures(USERHASH_AND_SHA256, nonce, reader.size(ATTRIBUTE.NONCE)),
    SECURITY_FEATURE.USERNAME_ANONYMITY,
  );
});

test('the writer makes the vector of RFC 8489 appendix B.1, byte by byte', () => {
  const bytes = new Uint8Array(USERHASH_AND_SHA256.length);
  const writer = new MessageWriter(bytes);
  writer.begin(0, bytes.length, METHOD.BINDING, CLASS.REQUEST, exactView(USERHASH_AND_SHA256), 8);
  const hash = new Uint8Array(32);
  for (const [index, word] of userhash(USER, REALM).entries()) exactView(hash).setInt32(4 * index, word);
  writer.bytes(ATTRIBUTE.USERHASH, hash);
  writer.bytes(ATTRIBUTE.NONCE, utf8('obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA'));
  writer.bytes(ATTRIBUTE.REALM, REALM);
  writer.uint32(ATTRIBUTE.PASSWORD_ALGORITHM, PASSWORD_ALGORITHM.SHA256 << 16);
  writer.integritySha256(longTermKeys(PASSWORD_ALGORITHM.SHA256).sha256, 0);
  assert.equal(writer.end(), USERHASH_AND_SHA256.length);
  assert.deepEqual(bytes, USERHASH_AND_SHA256);
});

function shortTermKey(): Int32Array {
  const keys = new Int32Array(HMAC_SHA1_KEY_WORDS);
  const password = utf8(SHORT_TERM_PASSWORD);
  prepareHmacSha1(exactView(password), 0, password.length, keys, 0);
  return keys;
}

function longTermKeys(algorithm: 1 | 2): { sha1: Int32Array; sha256: Int32Array } {
  const key = new LongTermKey(REALM);
  assert.ok(key.begin(USER, 0, USER.length));
  assert.ok(key.password(PASSWORD));
  key.derive(algorithm);
  const sha1 = new Int32Array(HMAC_SHA1_KEY_WORDS);
  const sha256 = new Int32Array(HMAC_SHA256_KEY_WORDS);
  key.sha1(sha1, 0);
  key.sha256(sha256, 0);
  return { sha1, sha256 };
}
