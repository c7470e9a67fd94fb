/**
 * What the STUN codec costs: nanoseconds of one thread for each thing that it does to a message from the network.
 * Rounds of all measurements take turns, so that what else the machine does falls on all of them alike; the median of
 * the rounds counts. Run it on a machine that does nothing else.
 *
 *     node loadtest/stun.ts [rounds]
 */
import { ATTRIBUTE } from '../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, hmacSha1, prepareHmacSha1 } from '../src/stun/hmac-sha1.ts';
import { HMAC_SHA256_KEY_WORDS } from '../src/stun/hmac-sha256.ts';
import { verifyIntegrity, verifyIntegritySha256 } from '../src/stun/integrity.ts';
import { LongTermKey } from '../src/stun/long-term-key.ts';
import { MessageReader } from '../src/stun/message-reader.ts';
import { MessageWriter } from '../src/stun/message-writer.ts';
import { CLASS, METHOD } from '../src/stun/methods.ts';
import { PASSWORD_ALGORITHM } from '../src/stun/password-algorithms.ts';
import { SHA1_WORDS } from '../src/stun/sha1.ts';

/** A round of one measurement takes about a millisecond: short, so that few are interrupted. */
const CALLS = 4000;
const WARM_UP = 20;
const rounds = Number(process.argv[2] ?? 101);

const utf8 = (text: string) => new TextEncoder().encode(text);
const USERNAME = utf8('1893456000:ada');
const REALM = utf8('sluice');
const SECRET = utf8('the secret of the TURN REST API!');

const usernameView = new DataView(USERNAME.buffer);

const slab = new Uint8Array(4096);
const view = new DataView(slab.buffer);
const writer = new MessageWriter(slab);
const BINDING_AT = 512;
const ALLOCATE_AT = 1024;
const REPLY_AT = 2048;
const transaction = new DataView(Uint8Array.from({ length: 12 }, (_, index) => index).buffer);

const secretKey = new Int32Array(HMAC_SHA1_KEY_WORDS);
prepareHmacSha1(new DataView(SECRET.buffer), 0, SECRET.length, secretKey, 0);
const userKey = new Int32Array(HMAC_SHA1_KEY_WORDS);
const userKeySha256 = new Int32Array(HMAC_SHA256_KEY_WORDS);
const coldKey = new Int32Array(HMAC_SHA1_KEY_WORDS);
const digest = new Int32Array(SHA1_WORDS);
const longTermKey = new LongTermKey(REALM);
deriveUserKey();
longTermKey.sha1(userKey, 0);
longTermKey.sha256(userKeySha256, 0);

const bindingLength = writeBinding();
const allocateLength = writeAllocate(1);
const sha256Length = writeAllocate(2);
const SHA256_AT = ALLOCATE_AT + 512;
slab.copyWithin(SHA256_AT, ALLOCATE_AT, ALLOCATE_AT + sha256Length);
writeAllocate(1);

const binding = new MessageReader();
const allocate = reading(ALLOCATE_AT, allocateLength);
const allocateSha256 = reading(SHA256_AT, sha256Length);
const usernameAt = allocate.at(ATTRIBUTE.USERNAME);

type Measurement = {
  name: string;
  /** The most that the median may be, in nanoseconds; none for what only informs. */
  target?: number;
  /** Does it `calls` times; false where an answer was wrong. */
  run: (calls: number) => boolean;
};

const measurements: Measurement[] = [
  {
    name: `parse, Binding request with 6 attributes (${bindingLength} bytes)`,
    target: 50,
    run(calls) {
      let right = 0;
      for (let call = 0; call < calls; call += 1) {
        if (binding.parse(view, BINDING_AT, bindingLength) === undefined) right += 1;
      }
      return right === calls && binding.has(ATTRIBUTE.FINGERPRINT);
    },
  },
  {
    name: 'the same, and its FINGERPRINT',
    run(calls) {
      let right = 0;
      for (let call = 0; call < calls; call += 1) {
        if (binding.parse(view, BINDING_AT, bindingLength) === undefined && binding.hasValidFingerprint()) right += 1;
      }
      return right === calls;
    },
  },
  {
    name: 'time-limited password (HMAC-SHA1, key ready)',
    target: 272,
    run(calls) {
      for (let call = 0; call < calls; call += 1) {
        hmacSha1(secretKey, 0, view, usernameAt, USERNAME.length, digest);
      }
      return digest[0] !== 0;
    },
  },
  {
    name: `MESSAGE-INTEGRITY of an Allocate, user known (${allocateLength} bytes)`,
    target: 300,
    run(calls) {
      let right = 0;
      for (let call = 0; call < calls; call += 1) if (verifyIntegrity(allocate, userKey, 0)) right += 1;
      return right === calls;
    },
  },
  {
    name: `MESSAGE-INTEGRITY-SHA256 of the same, user known (${sha256Length} bytes)`,
    run(calls) {
      let right = 0;
      for (let call = 0; call < calls; call += 1)
        if (verifyIntegritySha256(allocateSha256, userKeySha256, 0)) right += 1;
      return right === calls;
    },
  },
  {
    name: 'check of a new user: password, MD5 key, key states, integrity',
    target: 1600,
    run(calls) {
      let right = 0;
      for (let call = 0; call < calls; call += 1) {
        deriveUserKey();
        longTermKey.sha1(coldKey, 0);
        if (verifyIntegrity(allocate, coldKey, 0)) right += 1;
      }
      return right === calls;
    },
  },
  {
    name: 'write a Binding success response',
    run(calls) {
      let length = 0;
      for (let call = 0; call < calls; call += 1) {
        writer.beginReply(allocate, CLASS.SUCCESS, REPLY_AT, 512);
        writer.addressWords(ATTRIBUTE.XOR_MAPPED_ADDRESS, 0, 0, 0xffff, call, 4000);
        length = writer.end();
      }
      return length === 32;
    },
  },
];

const times = measurements.map(() => new Float64Array(rounds));
for (let round = -WARM_UP; round < rounds; round += 1) {
  for (const [index, { name, run }] of measurements.entries()) {
    const start = process.hrtime.bigint();
    const right = run(CALLS);
    const elapsed = Number(process.hrtime.bigint() - start);
    if (!right) throw new Error(`${name}: the answer is wrong`);
    if (round >= 0) times[index]![round] = elapsed / CALLS;
  }
}

let missed = 0;
for (const [index, { name, target }] of measurements.entries()) {
  const sorted = times[index]!.toSorted();
  const at = (share: number) => sorted[Math.round(share * (rounds - 1))]!;
  const median = at(0.5);
  if (target !== undefined && median > target) missed += 1;
  const verdict = target === undefined ? 'no target' : `target ≤ ${target} ns: ${median <= target ? 'met' : 'MISSED'}`;
  const spread = `best ${at(0).toFixed(0)}, p10 ${at(0.1).toFixed(0)}, p90 ${at(0.9).toFixed(0)}`;
  console.log(`${name.padEnd(64)} median ${median.toFixed(0).padStart(5)} ns (${spread}); ${verdict}`);
}
process.exitCode = missed === 0 ? 0 : 1;

/** RFC 8445 §7.1: what a browser's connectivity check holds. */
function writeBinding(): number {
  writer.begin(BINDING_AT, 512, METHOD.BINDING, CLASS.REQUEST, transaction, 0);
  writer.bytes(ATTRIBUTE.USERNAME, utf8('h6vY:evtj'));
  writer.uint64(ATTRIBUTE.ICE_CONTROLLING, 1, 2);
  writer.empty(ATTRIBUTE.USE_CANDIDATE);
  writer.uint32(ATTRIBUTE.PRIORITY, 0x6e0001ff);
  writer.integrity(secretKey, 0);
  writer.fingerprint();
  return writer.end();
}

/** An Allocate request as browsers send it; with the 1st or the 2nd kind of MAC. */
function writeAllocate(kind: 1 | 2): number {
  writer.begin(ALLOCATE_AT, 512, METHOD.ALLOCATE, CLASS.REQUEST, transaction, 0);
  writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 17 << 24);
  writer.bytes(ATTRIBUTE.USERNAME, USERNAME);
  writer.bytes(ATTRIBUTE.REALM, REALM);
  writer.bytes(ATTRIBUTE.NONCE, utf8('obMatJos2AAAD1b7e93cd5f2a80'));
  if (kind === 1) writer.integrity(userKey, 0);
  else writer.integritySha256(userKeySha256, 0);
  return writer.end();
}

/** All that stands between the secret of the TURN REST API and a user's key. */
function deriveUserKey(): void {
  hmacSha1(secretKey, 0, usernameView, 0, USERNAME.length, digest);
  longTermKey.begin(USERNAME, 0, USERNAME.length);
  longTermKey.base64Password(digest, 4 * SHA1_WORDS);
  longTermKey.derive(PASSWORD_ALGORITHM.MD5);
}

function reading(offset: number, length: number): MessageReader {
  const reader = new MessageReader();
  if (reader.parse(view, offset, length) !== undefined) throw new Error('the message is not one');
  return reader;
}
