import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';

import * as fc from 'fast-check';

import { base64Length, writeBase64 } from '../../src/stun/base64.ts';
import { crc32 } from '../../src/stun/crc32.ts';
import { HMAC_SHA1_KEY_WORDS, hmacSha1, prepareHmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { HMAC_SHA256_KEY_WORDS, hmacSha256, prepareHmacSha256 } from '../../src/stun/hmac-sha256.ts';
import { md5 } from '../../src/stun/md5.ts';
import { SHA1_WORDS, sha1 } from '../../src/stun/sha1.ts';
import { SHA256_WORDS, sha256 } from '../../src/stun/sha256.ts';
import { exactView, wordBytes } from './support/messages.ts';

/** Bytes somewhere in a larger buffer, so that an offset that is forgotten shows. */
const placed = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(7)).map(([bytes, offset]) => {
  const around = new Uint8Array(offset + bytes.length);
  around.set(bytes, offset);
  return { bytes, view: exactView(around), offset, length: bytes.length };
});

/** Every length on both sides of every edge of a block. */
const LENGTHS = Array.from({ length: 200 }, (_, length) => length);

test('SHA-1, SHA-256 and MD5 agree with OpenSSL at every length', () => {
  for (const length of LENGTHS) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 167 + length) & 255);
    assert.deepEqual(sha1Of(exactView(bytes), 0, length), digest('sha1', bytes), `sha1 of ${length}`);
    assert.deepEqual(sha256Of(exactView(bytes), 0, length), digest('sha256', bytes), `sha256 of ${length}`);
    assert.deepEqual(md5Of(exactView(bytes), 0, length), digest('md5', bytes), `md5 of ${length}`);
  }
});

test('SHA-1, SHA-256, MD5 and CRC-32 agree with OpenSSL and zlib wherever the bytes lie', () => {
  fc.assert(
    fc.property(placed, ({ bytes, view, offset, length }) => {
      assert.deepEqual(sha1Of(view, offset, length), digest('sha1', bytes));
      assert.deepEqual(sha256Of(view, offset, length), digest('sha256', bytes));
      assert.deepEqual(md5Of(view, offset, length), digest('md5', bytes));
      assert.equal(crc32(view, offset, length) >>> 0, zlibCrc32(bytes));
    }),
  );
});

test('HMAC-SHA1 and HMAC-SHA256 agree with OpenSSL for keys and texts of any length', () => {
  fc.assert(
    fc.property(placed, placed, (key, text) => {
      const keys = new Int32Array(2 * HMAC_SHA256_KEY_WORDS);
      const into = new Int32Array(SHA256_WORDS);
      prepareHmacSha1(key.view, key.offset, key.length, keys, 3);
      hmacSha1(keys, 3, text.view, text.offset, text.length, into);
      assert.deepEqual(wordBytes(into, SHA1_WORDS), createHmac('sha1', key.bytes).update(text.bytes).digest());
      prepareHmacSha256(key.view, key.offset, key.length, keys, 5);
      hmacSha256(keys, 5, text.view, text.offset, text.length, into);
      assert.deepEqual(wordBytes(into, SHA256_WORDS), createHmac('sha256', key.bytes).update(text.bytes).digest());
      assert.equal(keys[4 + HMAC_SHA256_KEY_WORDS + 1], 0, 'nothing is written behind the key');
    }),
  );
});

test('a key that is ready stays so, whatever is hashed in between', () => {
  const keys = new Int32Array(HMAC_SHA1_KEY_WORDS);
  const bytes = exactView(new Uint8Array(100).fill(7));
  prepareHmacSha1(bytes, 0, 20, keys, 0);
  const before = keys.slice();
  const [one, other] = [new Int32Array(SHA1_WORDS), new Int32Array(SHA1_WORDS)];
  hmacSha1(keys, 0, bytes, 0, 100, one);
  sha1(bytes, 3, 61, other);
  hmacSha1(keys, 0, bytes, 0, 100, other);
  assert.deepEqual(keys, before);
  assert.deepEqual(other, one);
});

test('base64 of a digest is what Buffer makes of it, and nothing is written behind it', () => {
  fc.assert(
    fc.property(fc.int32Array({ minLength: 8, maxLength: 8 }), fc.nat(32), fc.nat(5), (words, length, at) => {
      const into = new Uint8Array(60);
      assert.equal(writeBase64(words, length, into, at), base64Length(length));
      const expected = wordBytes(words, 8).subarray(0, length).toString('base64');
      assert.equal(Buffer.from(into).toString('latin1'), `${'\0'.repeat(at)}${expected}`.padEnd(60, '\0'));
    }),
  );
});

function sha1Of(view: DataView, offset: number, length: number): Buffer {
  const into = new Int32Array(SHA1_WORDS);
  sha1(view, offset, length, into);
  return wordBytes(into, SHA1_WORDS);
}

function sha256Of(view: DataView, offset: number, length: number): Buffer {
  const into = new Int32Array(SHA256_WORDS);
  sha256(view, offset, length, into);
  return wordBytes(into, SHA256_WORDS);
}

function md5Of(view: DataView, offset: number, length: number): Buffer {
  const into = Buffer.alloc(16);
  md5(view, offset, length, exactView(into), 0);
  return into;
}

function digest(algorithm: string, bytes: Uint8Array): Buffer {
  return createHash(algorithm).update(bytes).digest();
}
