import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, prepareHmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { HMAC_SHA256_KEY_WORDS, prepareHmacSha256 } from '../../src/stun/hmac-sha256.ts';
import { verifyIntegrity, verifyIntegritySha256 } from '../../src/stun/integrity.ts';
import { MessageReader } from '../../src/stun/message-reader.ts';
import { MessageWriter } from '../../src/stun/message-writer.ts';
import { CLASS, METHOD } from '../../src/stun/methods.ts';
import { accepted, exactView, hex, rawMessage, read, utf8 } from './support/messages.ts';

const SECRET = utf8('correct horse battery staple');
const sha1Keys = new Int32Array(HMAC_SHA1_KEY_WORDS);
const sha256Keys = new Int32Array(HMAC_SHA256_KEY_WORDS);
prepareHmacSha1(exactView(SECRET), 0, SECRET.length, sha1Keys, 0);
prepareHmacSha256(exactView(SECRET), 0, SECRET.length, sha256Keys, 0);

for (const size of [0, 1, 27, 28, 35, 36, 60, 100, 200, 700]) {
  test(`MACs of a message with ${size} bytes of DATA are those of OpenSSL, wherever a block ends`, () => {
    const signed = sign(size, { sha1: true, sha256: 32, fingerprint: true });
    const reader = accepted(signed);
    const sha1At = reader.at(ATTRIBUTE.MESSAGE_INTEGRITY);
    assert.equal(macOf(signed, 'sha1', sha1At, 20), hexOf(signed, sha1At, 20));
    const sha256At = reader.at(ATTRIBUTE.MESSAGE_INTEGRITY_SHA256);
    assert.equal(macOf(signed, 'sha256', sha256At, 32), hexOf(signed, sha256At, 32));
    assert.ok(verifyIntegrity(reader, sha1Keys, 0));
    assert.ok(verifyIntegritySha256(reader, sha256Keys, 0));
    assert.ok(reader.hasValidFingerprint());
  });
}

test('no bit that integrity covers can be changed', () => {
  const signed = sign(5, { sha1: true, sha256: 32 });
  const reader = accepted(signed);
  const covered = reader.at(ATTRIBUTE.MESSAGE_INTEGRITY) + 20;
  for (let bit = 0; bit < 8 * covered; bit += 1) {
    const changed = flipped(signed, bit);
    if (read(changed, reader).refusal !== undefined) continue;
    assert.ok(!verifyIntegrity(reader, sha1Keys, 0), `bit ${bit}`);
    if (reader.has(ATTRIBUTE.MESSAGE_INTEGRITY_SHA256)) {
      assert.ok(!verifyIntegritySha256(reader, sha256Keys, 0), `bit ${bit}`);
    }
  }
});

test('no bit before FINGERPRINT, nor of it, can be changed without its noticing', () => {
  const signed = sign(9, { fingerprint: true });
  const reader = new MessageReader();
  for (let bit = 0; bit < 8 * signed.length; bit += 1) {
    if (read(flipped(signed, bit), reader).refusal === undefined) assert.ok(!reader.hasValidFingerprint());
  }
});

test('the length field that the MAC covers is the one that ends with it, whatever follows (RFC 8489 §14.5)', () => {
  const signed = sign(8, { sha1: true });
  for (const behind of [hex('80280004 00000000'), hex('00060004 61646121'), hex('7fff0000 80220000')]) {
    const longer = Buffer.concat([signed, behind]);
    exactView(longer).setUint16(2, longer.length - 20);
    assert.ok(verifyIntegrity(accepted(longer), sha1Keys, 0));
  }
});

test('another key, and no MAC at all, is refused', () => {
  const other = new Int32Array(HMAC_SHA1_KEY_WORDS);
  prepareHmacSha1(exactView(utf8('another')), 0, 7, other, 0);
  assert.ok(!verifyIntegrity(accepted(sign(8, { sha1: true })), other, 0));
  const bare = accepted(rawMessage([{ type: ATTRIBUTE.USERNAME, value: utf8('ada') }]));
  assert.ok(!verifyIntegrity(bare, sha1Keys, 0));
  assert.ok(!verifyIntegritySha256(bare, sha256Keys, 0, 16));
});

test('a truncated MESSAGE-INTEGRITY-SHA256 counts only where that is allowed (RFC 8489 §14.6)', () => {
  for (const size of [16, 20, 24, 28, 32]) {
    const signed = sign(8, { sha256: size });
    const reader = accepted(signed);
    assert.equal(
      macOf(signed, 'sha256', reader.at(ATTRIBUTE.MESSAGE_INTEGRITY_SHA256), size),
      hexOf(signed, reader.at(ATTRIBUTE.MESSAGE_INTEGRITY_SHA256), size),
    );
    for (const least of [16, 20, 24, 28, 32]) {
      assert.equal(verifyIntegritySha256(reader, sha256Keys, 0, least), size >= least);
    }
  }
});

test('a MESSAGE-INTEGRITY-SHA256 of another length is no message', () => {
  for (const size of [0, 4, 12, 15, 17, 18, 31, 33, 36]) {
    const value = new Uint8Array(size);
    assert.equal(read(rawMessage([{ type: ATTRIBUTE.MESSAGE_INTEGRITY_SHA256, value }])).refusal, 'attribute-length');
  }
});

test('verifying leaves the message as it came', () => {
  const signed = sign(40, { sha1: true, sha256: 32, fingerprint: true });
  const before = signed.slice();
  const reader = accepted(signed);
  verifyIntegrity(reader, sha1Keys, 0);
  verifyIntegritySha256(reader, sha256Keys, 0);
  reader.hasValidFingerprint();
  assert.deepEqual(signed, before);
});

/** A Send request with `size` bytes of DATA. */
function sign(
  size: number,
  { sha1 = false, sha256 = 0, fingerprint = false }: { sha1?: boolean; sha256?: number; fingerprint?: boolean },
): Uint8Array {
  const bytes = new Uint8Array(1000);
  const writer = new MessageWriter(bytes);
  writer.begin(0, bytes.length, METHOD.ALLOCATE, CLASS.REQUEST, exactView(hex('0102030405060708090a0b0c')), 0);
  writer.bytes(ATTRIBUTE.DATA, new Uint8Array(size).fill(0x5a));
  if (sha1) writer.integrity(sha1Keys, 0);
  if (sha256 > 0) writer.integritySha256(sha256Keys, 0, sha256);
  if (fingerprint) writer.fingerprint();
  return bytes.slice(0, writer.end());
}

/** The MAC as RFC 8489 §14.5 and §14.6 tell to make it: cut before the attribute, with the length that ends behind it. */
function macOf(message: Uint8Array, algorithm: string, value: number, size: number): string {
  const text = message.slice(0, value - 4);
  exactView(text).setUint16(2, value + size - 20);
  return createHmac(algorithm, SECRET).update(text).digest().subarray(0, size).toString('hex');
}

function hexOf(bytes: Uint8Array, at: number, size: number): string {
  return Buffer.from(bytes.slice(at, at + size)).toString('hex');
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[bit >> 3]! ^= 1 << (bit & 7);
  return changed;
}
