/** HMAC-SHA1 in TypeScript, and by the processor's own instructions where it has them: nobody can tell which it was. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, suite, test } from 'node:test';

import * as fc from 'fast-check';

import { installedUdpAddon } from '../../src/package.ts';
import { loadUdpAddon, sha1Instructions } from '../../src/relay/datagram-addon.ts';
import { HMAC_SHA1_KEY_WORDS, hmacSha1, prepareHmacSha1, useSha1Instructions } from '../../src/stun/hmac-sha1.ts';
import { LONGEST_INSTRUCTED, sha1Words } from '../../src/stun/instructed-hmac-sha1.ts';
import { verifyIntegrity } from '../../src/stun/integrity.ts';
import { SHA1_WORDS } from '../../src/stun/sha1.ts';
import { accepted, exactView, hex, utf8, wordBytes } from '../stun/support/messages.ts';

const path = installedUdpAddon();
if (path === undefined) throw new Error('no UDP addon: run `node scripts/bootstrap.mjs --for test` first');
const addon = loadUdpAddon(path);
/** A text that lies in it is read there; any other is copied. */
const slab = new Uint8Array(4096);
const instructions = sha1Instructions(addon, slab);

/** RFC 2202 §3: key, text, digest. */
const RFC_2202: [Uint8Array, Uint8Array, string][] = [
  [filled(20, 0x0b), utf8('Hi There'), 'b617318655057264e28bc0b6fb378c8ef146be00'],
  [utf8('Jefe'), utf8('what do ya want for nothing?'), 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
  [filled(20, 0xaa), filled(50, 0xdd), '125d7342b9ac11cd91a39af48aa17b4f63f175d3'],
  [Uint8Array.from({ length: 25 }, (_, n) => n + 1), filled(50, 0xcd), '4c9007f4026250c6bc8414f9bf50c86c2d7235da'],
  [filled(20, 0x0c), utf8('Test With Truncation'), '4c1a03424b55e07fe7f27be1d58bb9324a9a5a04'],
  [
    filled(80, 0xaa),
    utf8('Test Using Larger Than Block-Size Key - Hash Key First'),
    'aa4ae5e15272d00e95705637ce8a3b55ed402112',
  ],
  [
    filled(80, 0xaa),
    utf8('Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data'),
    'e8e99d0f45237d786d6bbaa7965c7808bbff1a91',
  ],
];

/** Every length at which one block more is needed, with its neighbours, and the longest text that instructions take. */
const EDGES = [
  ...Array.from({ length: 200 }, (_, length) => length),
  ...[-1, 0, 1].map((more) => LONGEST_INSTRUCTED + more),
  2000,
];

/** Bytes somewhere in a larger buffer, so that an offset that is forgotten shows. */
const placed = (maxLength: number, memory = (length: number) => new Uint8Array(length)) =>
  fc.tuple(fc.uint8Array({ maxLength, size: 'max' }), fc.nat(7)).map(([bytes, offset]) => {
    const around = memory(offset + bytes.length);
    around.set(bytes, offset);
    return { bytes, view: exactView(around), offset };
  });

/** The last bytes of the slab: nothing behind them may be read. Before them stands what is not theirs. */
function endOfSlab(length: number): Uint8Array<ArrayBuffer> {
  return slab.fill(0xa5).subarray(slab.length - length);
}

for (const [name, used, memory] of [
  ['TypeScript', undefined, undefined],
  ['instructions', instructions, undefined],
  ['instructions in place', instructions, endOfSlab],
] as const) {
  const skip = name !== 'TypeScript' && used === undefined && 'this processor has none for SHA-1';
  const laid = (bytes: Uint8Array) => {
    const there = memory?.(bytes.length) ?? new Uint8Array(bytes.length);
    there.set(bytes);
    return there;
  };
  suite(`by ${name}`, { skip }, () => {
    useSha1InstructionsDuring(used);

    test('the vectors of RFC 2202', () => {
      for (const [key, bytes, digest] of RFC_2202) assert.equal(hmacOf(key, laid(bytes)).toString('hex'), digest);
    });

    test('it agrees with OpenSSL at every edge of a block', () => {
      for (const length of EDGES) {
        const bytes = Uint8Array.from({ length }, (_, index) => (index * 167 + length) & 255);
        const key = bytes.subarray(0, 64).map((byte) => byte ^ 0x55);
        assert.deepEqual(hmacOf(key, laid(bytes)), createHmac('sha1', key).update(bytes).digest(), `${length} bytes`);
      }
    });

    test('it agrees with OpenSSL wherever key, text and words lie, and writes nowhere else', () => {
      fc.assert(
        fc.property(placed(150), fc.nat(5), placed(1200, memory), (key, at, text) => {
          const keys = new Int32Array(at + HMAC_SHA1_KEY_WORDS + 1);
          const into = new Int32Array(SHA1_WORDS + 1);
          prepareHmacSha1(key.view, key.offset, key.bytes.length, keys, at);
          hmacSha1(keys, at, text.view, text.offset, text.bytes.length, into);
          assert.deepEqual(wordBytes(into, SHA1_WORDS), createHmac('sha1', key.bytes).update(text.bytes).digest());
          assert.deepEqual([...keys.subarray(0, at), keys.at(-1), into.at(-1)], Array(at + 2).fill(0));
          assert.deepEqual(bytesOf(text.view).subarray(text.offset), text.bytes);
        }),
      );
    });

    test('what counts as the first word takes its place, and is not written into the text', () => {
      const key = ready(utf8('key'));
      for (const length of [4, 63, 64, 130]) {
        const bytes = laid(filled(length, 7));
        const other = Uint8Array.from([1, 2, 3, 0xff, ...bytes.subarray(4)]);
        const into = new Int32Array(SHA1_WORDS);
        hmacSha1(key, 0, exactView(bytes), 0, length, into, 0x010203ff);
        assert.deepEqual(wordBytes(into, SHA1_WORDS), createHmac('sha1', 'key').update(other).digest());
        assert.deepEqual(new Uint8Array(bytes), filled(length, 7));
      }
    });

    test('the request of RFC 5769 §2.1 is accepted with its password, and with one bit changed anywhere it is not', () => {
      const request = hex(`
        00010058 2112a442 b7e7a701bc34d686fa87dfae
        80220010 5354554e207465737420636c69656e74  00240004 6e0001ff  80290008 932ff9b151263b36
        00060009 6576746a3a68367659202020  00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2  80280004 e57a3bcf`);
      const key = ready(utf8('VOkJxbRl1RmTxUk/WvJxBt'));
      assert.ok(verifyIntegrity(accepted(laid(request)), key, 0));
      const end = request.length - 8;
      for (let bit = 8 * (end - 20); bit < 8 * end; bit += 1) {
        const forged = laid(request);
        forged[bit >> 3]! ^= 1 << (bit & 7);
        assert.ok(!verifyIntegrity(accepted(forged), key, 0), `bit ${bit}`);
      }
    });
  });
}

test('words that are not as many as are shared, or not there, are refused, and so is a memory that is none', () => {
  const { sha1 } = addon as unknown as { sha1: (words: unknown, memory?: unknown) => unknown };
  for (const words of [undefined, 5, new Uint8Array(4 * sha1Words.length), new Int32Array(0)]) {
    assert.throws(() => sha1(words), TypeError);
  }
  for (const memory of [null, 5, new Int32Array(8), new Uint8Array(0), slab.buffer]) {
    assert.throws(() => sha1(new Int32Array(sha1Words.length), memory), TypeError);
  }
  if (instructions === undefined) return;
  for (const length of [1, sha1Words.length - 1, sha1Words.length + 1]) {
    assert.throws(() => sha1(new Int32Array(length)), RangeError);
  }
});

test('words that lie about where a text is are refused, and nothing else is written', { skip: !instructions }, () => {
  const around = new Int32Array(3 * sha1Words.length).fill(-1);
  const words = around.subarray(sha1Words.length, 2 * sha1Words.length);
  const { prepare, sign, signInPlace } = addon.sha1(words, slab)!;
  const lies = fc.tuple(fc.nat(5000), fc.integer()).filter(([offset, length]) => offset + (length >>> 0) > slab.length);
  fc.assert(
    fc.property(fc.oneof(lies, fc.constant([-1, 1]), fc.constant([1, -1]), fc.constant([4097, 0])), (lie) => {
      words.fill(0).set(lie);
      assert.throws(() => signInPlace?.(), RangeError);
      assert.throws(() => sign(), RangeError);
      assert.ok(words.subarray(2).every((word) => word === 0));
    }),
  );
  words.fill(0).set([0, 65]);
  assert.throws(() => prepare(), RangeError);
  const outside = [...around.subarray(0, sha1Words.length), ...around.subarray(2 * sha1Words.length)];
  assert.ok(outside.every((word) => word === -1));
});

suite('where the memory has gone', { skip: !instructions }, () => {
  const gone = new Uint8Array(256);
  useSha1InstructionsDuring(sha1Instructions(addon, gone));

  test('a text that lay in it is an error, and is not read', () => {
    const view = exactView(gone);
    const other = structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const into = new Int32Array(SHA1_WORDS);
    assert.throws(() => hmacSha1(ready(utf8('key')), 0, view, 0, 92, into, 0), TypeError);
    assert.deepEqual([...into], [0, 0, 0, 0, 0]);
    // Elsewhere, it is a text like any other.
    hmacSha1(ready(utf8('key')), 0, new DataView(other), 0, 92, into, 0);
    assert.deepEqual(wordBytes(into, SHA1_WORDS), createHmac('sha1', 'key').update(new Uint8Array(92)).digest());
  });
});

/** As long as the suite's tests run. */
function useSha1InstructionsDuring(used: typeof instructions): void {
  before(() => useSha1Instructions(used));
  after(() => useSha1Instructions(undefined));
}

function hmacOf(key: Uint8Array, text: Uint8Array): Buffer {
  const into = new Int32Array(SHA1_WORDS);
  hmacSha1(ready(key), 0, exactView(text), 0, text.length, into);
  return wordBytes(into, SHA1_WORDS);
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function ready(key: Uint8Array): Int32Array {
  const keys = new Int32Array(HMAC_SHA1_KEY_WORDS);
  prepareHmacSha1(exactView(key), 0, key.length, keys, 0);
  return keys;
}

function filled(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}
