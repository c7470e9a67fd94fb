/**
 * Mutates the messages in stun-corpus/ and asserts that no bytes at all make the codec throw, read outside of them, or
 * say anything else than the reference decoder does.
 *
 * A run is short by default. `STUN_FUZZ_SECONDS=600 STUN_FUZZ_SEED=7 node --test tests/fuzz/stun-messages.test.ts` is
 * longer, and repeats what an earlier one with that seed did. What fails is printed as hexadecimal digits: once it is
 * mended, it belongs into the corpus, as a line of a file there.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { checkChannelData } from '../../src/stun/channel-data.ts';
import { HMAC_SHA1_KEY_WORDS, prepareHmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { HMAC_SHA256_KEY_WORDS, prepareHmacSha256 } from '../../src/stun/hmac-sha256.ts';
import { verifyIntegrity, verifyIntegritySha256 } from '../../src/stun/integrity.ts';
import { MessageReader } from '../../src/stun/message-reader.ts';
import { nonceFeatures } from '../../src/stun/nonce-cookie.ts';
import { chosenPasswordAlgorithm } from '../../src/stun/password-algorithms.ts';
import { frameLength } from '../../src/stun/stream-framing.ts';
import { checkAgainstReference } from '../stun/support/check-against-reference.ts';
import { exactView, hex, utf8 } from '../stun/support/messages.ts';

const CORPUS = new URL('stun-corpus/', import.meta.url);
const DEFAULT_RUNS = 6000;
const LONGEST = 65_536;

const seconds = Number(process.env['STUN_FUZZ_SECONDS'] ?? 0);
const seed = Number(process.env['STUN_FUZZ_SEED'] ?? Date.now() % 1_000_000_007);

/** Each line of each file is a name, and bytes in hexadecimal digits. */
const corpus = readdirSync(CORPUS).flatMap((file) =>
  readFileSync(new URL(file, CORPUS), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ name: line.split(' ')[0]!, bytes: hex(line.split(' ')[1] ?? '') })),
);
const reader = new MessageReader();
const sha1Keys = new Int32Array(HMAC_SHA1_KEY_WORDS);
const sha256Keys = new Int32Array(HMAC_SHA256_KEY_WORDS);
prepareHmacSha1(exactView(utf8('key')), 0, 3, sha1Keys, 0);
prepareHmacSha256(exactView(utf8('key')), 0, 3, sha256Keys, 0);

test('the corpus holds what it was collected for: messages, and bytes that are none', () => {
  const messages = corpus.filter(({ bytes }) => examine(bytes));
  assert.ok(messages.length >= 15, `${messages.length} messages`);
  assert.ok(corpus.length - messages.length >= 10, `${corpus.length - messages.length} others`);
});

test(`mutations of the corpus, from seed ${seed}`, () => {
  const random = generator(seed);
  const end = Date.now() + 1000 * seconds;
  let accepted = 0;
  let runs = 0;
  for (; seconds > 0 ? Date.now() < end : runs < DEFAULT_RUNS; runs += 1) {
    const bytes = mutated(random);
    try {
      if (examine(bytes)) accepted += 1;
    } catch (cause) {
      throw new Error(`seed ${seed}, run ${runs}: ${Buffer.from(bytes).toString('hex')}`, { cause });
    }
  }
  // A fuzzer whose every input is refused at the header tests little.
  assert.ok(accepted > runs / 20, `${accepted} of ${runs} were messages`);
});

/** Everything that the codec does with bytes from the network. True where they are a message. */
function examine(bytes: Uint8Array): boolean {
  const view = exactView(bytes);
  const frame = frameLength(view, 0, bytes.length, LONGEST);
  checkChannelData(view, 0, bytes.length);
  nonceFeatures(bytes, 0, bytes.length);
  if (!checkAgainstReference(bytes, reader)) return false;
  assert.equal(frame, bytes.length, 'a message is a whole frame of a stream');
  verifyIntegrity(reader, sha1Keys, 0);
  verifyIntegritySha256(reader, sha256Keys, 0, 16);
  chosenPasswordAlgorithm(reader);
  return true;
}

/** A message of the corpus with one to four things done to it. */
function mutated(random: (below: number) => number): Uint8Array {
  let bytes = corpus[random(corpus.length)]!.bytes.slice();
  for (let count = 1 + random(4); count > 0; count -= 1) bytes = MUTATIONS[random(MUTATIONS.length)]!(bytes, random);
  // Half of them get a header that agrees with their length, so that the attributes are looked at.
  if (random(2) === 0 && bytes.length >= 20) {
    bytes = bytes.slice(0, bytes.length & ~3);
    exactView(bytes).setUint16(2, bytes.length - 20);
  }
  return bytes;
}

const MUTATIONS: ((bytes: Uint8Array<ArrayBuffer>, random: (below: number) => number) => Uint8Array<ArrayBuffer>)[] = [
  (bytes, random) => {
    if (bytes.length > 0) bytes[random(bytes.length)]! ^= 1 << random(8);
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
    return bytes;
  },
  (bytes, random) => {
    const interesting = [0, 1, 3, 4, 8, 20, 32, 0x7f, 0x8028, 0x0008, 0x001c, 0xfffc, 0xffff];
    const place = 2 * random(bytes.length >> 1);
    if (bytes.length >= 2) exactView(bytes).setUint16(place, interesting[random(interesting.length)]!);
    return bytes;
  },
  (bytes, random) => bytes.slice(0, random(bytes.length + 1)),
  // Takes a run of words out, or doubles one: attributes vanish, shift and repeat.
  (bytes, random) => {
    const from = 4 * random((bytes.length >> 2) + 1);
    return joined(bytes.slice(0, from), bytes.slice(from + 4 * (1 + random(6))));
  },
  (bytes, random) => {
    const from = 4 * random((bytes.length >> 2) + 1);
    return joined(bytes.slice(0, from + 4 * random(8)), bytes.slice(from));
  },
  // Attributes of another message behind those of this one.
  (bytes, random) => joined(bytes, corpus[random(corpus.length)]!.bytes.slice(20)),
];

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts)).slice(0, 4096);
}

/** Marsaglia's xorshift: numbers from 0 up to `below`, the same for the same seed. */
function generator(from: number): (below: number) => number {
  let state = from | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return below < 1 ? 0 : (state >>> 0) % below;
  };
}
