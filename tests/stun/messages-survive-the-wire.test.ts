import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { emptyAddress, type TransportAddress } from '../../src/stun/address.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { ERROR_CODE, REASON_PHRASE } from '../../src/stun/error-codes.ts';
import { HMAC_SHA1_KEY_WORDS, prepareHmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { HMAC_SHA256_KEY_WORDS, prepareHmacSha256 } from '../../src/stun/hmac-sha256.ts';
import { verifyIntegrity, verifyIntegritySha256 } from '../../src/stun/integrity.ts';
import { MessageReader } from '../../src/stun/message-reader.ts';
import { MessageWriter, paddingOf } from '../../src/stun/message-writer.ts';
import { CLASS, METHOD, classOf, messageType, methodOf } from '../../src/stun/methods.ts';
import { accepted, exactView, hex, rawMessage, utf8 } from './support/messages.ts';

const TRANSACTION = exactView(hex('000102030405060708090a0b'));
const KEYS = new Int32Array(HMAC_SHA1_KEY_WORDS + HMAC_SHA256_KEY_WORDS);
const SHA256_AT = HMAC_SHA1_KEY_WORDS;
prepareHmacSha1(exactView(utf8('secret')), 0, 6, KEYS, 0);
prepareHmacSha256(exactView(utf8('secret')), 0, 6, KEYS, SHA256_AT);

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const address: fc.Arbitrary<TransportAddress> = fc.oneof(
  fc.record({ a: word, b: word, c: word, d: word, port: fc.nat(0xffff) }),
  fc.record({
    a: fc.constant(0),
    b: fc.constant(0),
    c: fc.constant(0xffff),
    d: word,
    port: fc.nat(0xffff),
  }),
);

/** One call of the writer, and what must then be read. */
type Step = { write: (writer: MessageWriter) => void; check: (reader: MessageReader) => void };

const STEPS: Record<string, fc.Arbitrary<Step>> = {
  LIFETIME: fc.nat(0xffffffff).map((seconds) => ({
    write: (writer) => writer.uint32(ATTRIBUTE.LIFETIME, seconds),
    check: (reader) => assert.equal(reader.uint32(ATTRIBUTE.LIFETIME), seconds),
  })),
  EVEN_PORT: fc.constantFrom(0, 0x80).map((reserve) => ({
    write: (writer) => writer.uint8(ATTRIBUTE.EVEN_PORT, reserve),
    check: (reader) => assert.equal(reader.uint8(ATTRIBUTE.EVEN_PORT), reserve),
  })),
  DONT_FRAGMENT: fc.constant({
    write: (writer) => writer.empty(ATTRIBUTE.DONT_FRAGMENT),
    check: (reader) => assert.ok(reader.has(ATTRIBUTE.DONT_FRAGMENT)),
  }),
  ICMP: fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)).map(([high, low]) => ({
    write: (writer) => writer.uint64(ATTRIBUTE.ICMP, high, low),
    check(reader) {
      assert.equal(reader.uint32(ATTRIBUTE.ICMP), high);
      assert.equal(reader.uint16(ATTRIBUTE.ICMP), high >>> 16);
      assert.equal(reader.view.getUint32(reader.at(ATTRIBUTE.ICMP) + 4), low);
    },
  })),
  USERNAME: fc.string({ unit: 'grapheme', maxLength: 10 }).map((name) => ({
    write: (writer) => writer.bytes(ATTRIBUTE.USERNAME, utf8(name)),
    check: (reader) => assert.equal(reader.text(ATTRIBUTE.USERNAME), name),
  })),
  XOR_PEER_ADDRESS: address.map((peer) => ({
    write: (writer) => writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, peer),
    check: (reader) => assert.deepEqual(addressOf(reader, ATTRIBUTE.XOR_PEER_ADDRESS), { ...peer }),
  })),
  OTHER_ADDRESS: address.map((other) => ({
    write: (writer) => writer.address(ATTRIBUTE.OTHER_ADDRESS, other),
    check: (reader) => assert.deepEqual(addressOf(reader, ATTRIBUTE.OTHER_ADDRESS), { ...other }),
  })),
  ERROR_CODE: fc.constantFrom(...Object.values(ERROR_CODE)).map((code) => ({
    write: (writer) => writer.error(code),
    check(reader) {
      assert.equal(reader.errorCode(), code);
      assert.equal(reader.text(ATTRIBUTE.ERROR_CODE)?.slice(4), REASON_PHRASE[code]);
    },
  })),
  UNKNOWN_ATTRIBUTES: fc.uint16Array({ maxLength: 16 }).map((types) => ({
    write: (writer) => writer.unknownAttributes(types, types.length),
    check(reader) {
      const at = reader.at(ATTRIBUTE.UNKNOWN_ATTRIBUTES);
      assert.equal(reader.size(ATTRIBUTE.UNKNOWN_ATTRIBUTES), 2 * types.length);
      for (const [index, type] of types.entries()) assert.equal(reader.view.getUint16(at + 2 * index), type);
    },
  })),
  ADDRESS_ERROR_CODE: fc.constantFrom(1, 2).map((family) => ({
    write: (writer) => writer.addressError(family, ERROR_CODE.ADDRESS_FAMILY_NOT_SUPPORTED),
    check: (reader) => assert.equal(reader.uint32(ATTRIBUTE.ADDRESS_ERROR_CODE), (family << 24) | 0x0428),
  })),
};
const steps = fc.subarray(Object.keys(STEPS)).chain((names) => fc.tuple(...names.map((name) => STEPS[name]!)));

const seals = fc.record({
  sha1: fc.boolean(),
  sha256: fc.option(fc.constantFrom(16, 20, 24, 28, 32)),
  fingerprint: fc.boolean(),
});

test('what is written is read again, its integrity holds, and only its own bytes are touched', () => {
  const reader = new MessageReader();
  fc.assert(
    fc.property(steps, seals, fc.nat(60), fc.nat(255), (written, { sha1, sha256, fingerprint }, offset, poison) => {
      const slab = new Uint8Array(2000).fill(poison);
      const writer = new MessageWriter(slab);
      writer.begin(offset, 1900, METHOD.ALLOCATE, CLASS.ERROR, TRANSACTION, 0);
      for (const step of written) step.write(writer);
      if (sha1) writer.integrity(KEYS, 0);
      if (sha256 !== null) writer.integritySha256(KEYS, SHA256_AT, sha256);
      if (fingerprint) writer.fingerprint();
      const length = writer.end();

      assert.ok(slab.subarray(0, offset).every((byte) => byte === poison));
      assert.ok(slab.subarray(offset + length).every((byte) => byte === poison));
      accepted(slab.subarray(offset, offset + length), reader);
      assert.equal(reader.method, METHOD.ALLOCATE);
      assert.equal(reader.class, CLASS.ERROR);
      assert.deepEqual(slab.subarray(offset + 8, offset + 20), new Uint8Array(TRANSACTION.buffer));
      for (const step of written) step.check(reader);
      assert.equal(verifyIntegrity(reader, KEYS, 0), sha1);
      assert.equal(verifyIntegritySha256(reader, KEYS, SHA256_AT, 16), sha256 !== null);
      assert.equal(verifyIntegritySha256(reader, KEYS, SHA256_AT), sha256 === 32);
      assert.equal(reader.hasValidFingerprint(), fingerprint);
    }),
    { numRuns: 300 },
  );
});

test('padding is zeroed, whatever lay there', () => {
  const slab = new Uint8Array(200).fill(0xff);
  const writer = new MessageWriter(slab);
  writer.begin(0, 200, METHOD.BINDING, CLASS.REQUEST, TRANSACTION, 0);
  writer.bytes(ATTRIBUTE.USERNAME, utf8('abcde'));
  writer.uint8(ATTRIBUTE.EVEN_PORT, 0x80);
  writer.unknownAttributes(Uint16Array.of(1, 2, 3), 3);
  writer.copy(ATTRIBUTE.DATA, 100, 2);
  writer.error(ERROR_CODE.BAD_REQUEST, utf8('abc'));
  const bytes = Buffer.from(slab.buffer, 20, writer.end() - 20).toString('hex');
  const expected = `
    00060005 6162636465000000  00180001 80000000  000a0006 0001000200030000  00130002 ffff0000
    00090007 00000400 61626300`;
  assert.equal(bytes, expected.replaceAll(/\s/gu, ''));
});

test('a room that is one byte too small is refused, whatever comes last, and nothing outside of it is touched', () => {
  const writes: ((writer: MessageWriter) => void)[] = [
    (writer) => writer.empty(ATTRIBUTE.DONT_FRAGMENT),
    (writer) => writer.uint8(ATTRIBUTE.EVEN_PORT, 1),
    (writer) => writer.uint32(ATTRIBUTE.LIFETIME, 1),
    (writer) => writer.uint64(ATTRIBUTE.ICMP, 1, 2),
    (writer) => writer.bytes(ATTRIBUTE.SOFTWARE, utf8('abcde')),
    (writer) => writer.copy(ATTRIBUTE.DATA, 0, 9),
    (writer) => writer.addressWords(ATTRIBUTE.XOR_MAPPED_ADDRESS, 1, 2, 3, 4, 5),
    (writer) => writer.addressWords(ATTRIBUTE.XOR_MAPPED_ADDRESS, 0, 0, 0xffff, 4, 5),
    (writer) => writer.error(ERROR_CODE.STALE_NONCE),
    (writer) => writer.addressError(1, ERROR_CODE.INSUFFICIENT_CAPACITY),
    (writer) => writer.unknownAttributes(Uint16Array.of(1, 2, 3), 3),
    (writer) => writer.integrity(KEYS, 0),
    (writer) => writer.integritySha256(KEYS, SHA256_AT),
    (writer) => writer.fingerprint(),
    (writer) => writer.detached(ATTRIBUTE.DATA, 100),
  ];
  for (const write of writes) {
    const slab = new Uint8Array(200).fill(0xaa);
    const writer = new MessageWriter(slab);
    const length = (room: number) => {
      slab.fill(0xaa);
      writer.begin(64, room, METHOD.BINDING, CLASS.SUCCESS, TRANSACTION, 0);
      write(writer);
      // What would fit comes too late: a message without one of its parts must not be sent.
      writer.empty(ATTRIBUTE.USE_CANDIDATE);
      return writer.end();
    };
    const needed = fullLength(write);
    for (let room = 0; room < needed; room += 1) {
      assert.equal(length(room), 0, `${write.toString()} in ${room} bytes`);
      assert.ok(slab.subarray(0, 64).every((byte) => byte === 0xaa));
      assert.ok(slab.subarray(64 + room).every((byte) => byte === 0xaa));
    }
  }
});

test('a message at the very end of the bytes does not reach beyond them, however much room was promised', () => {
  const slab = new Uint8Array(40);
  const writer = new MessageWriter(slab);
  writer.begin(16, 1000, METHOD.BINDING, CLASS.SUCCESS, TRANSACTION, 0);
  writer.uint32(ATTRIBUTE.LIFETIME, 1);
  assert.equal(writer.end(), 0);
  for (const offset of [21, 40, 1000, -1]) {
    writer.begin(offset, 1000, METHOD.BINDING, CLASS.SUCCESS, TRANSACTION, 0);
    assert.equal(writer.end(), 0);
  }
});

test('no message is longer than its length field can say', () => {
  const slab = new Uint8Array(70_000);
  const writer = new MessageWriter(slab);
  const length = (size: number) => {
    writer.begin(0, slab.length, METHOD.SEND, CLASS.INDICATION, TRANSACTION, 0);
    writer.copy(ATTRIBUTE.DATA, 0, size);
    return writer.end();
  };
  assert.equal(length(0xfff8), 20 + 0xfffc);
  assert.equal(length(0xfff9), 0);
  assert.equal(length(0x10004), 0);
});

test('a second end, or an attribute without a beginning, writes nothing', () => {
  const slab = new Uint8Array(100);
  const writer = new MessageWriter(slab);
  writer.uint32(ATTRIBUTE.LIFETIME, 1);
  assert.equal(writer.end(), 0);
  writer.begin(0, 100, METHOD.BINDING, CLASS.SUCCESS, TRANSACTION, 0);
  assert.equal(writer.end(), 20);
  assert.equal(writer.end(), 0);
});

test('a detached value and its padding are counted, so that header, value and zeros are one message', () => {
  for (const size of [0, 1, 2, 3, 4, 1200]) {
    const slab = new Uint8Array(100);
    const writer = new MessageWriter(slab);
    writer.begin(0, 64, METHOD.DATA, CLASS.INDICATION, TRANSACTION, 0);
    writer.addressWords(ATTRIBUTE.XOR_PEER_ADDRESS, 0, 0, 0xffff, 0x0a000001, 4000);
    writer.detached(ATTRIBUTE.DATA, size);
    const header = writer.end();
    assert.equal(header, 20 + 12 + 4);
    const value = new Uint8Array(size + paddingOf(size)).fill(0x55, 0, size);
    const reader = accepted(Buffer.concat([slab.subarray(0, header), value]));
    assert.equal(reader.size(ATTRIBUTE.DATA), size);
  }
});

test('an answer has the method and the transaction ID of its request', () => {
  const request = accepted(rawMessage([], { type: messageType(METHOD.REFRESH, CLASS.REQUEST) }));
  const slab = new Uint8Array(100);
  const writer = new MessageWriter(slab);
  writer.beginReply(request, CLASS.ERROR, 10, 90);
  const reply = accepted(slab.subarray(10, 10 + writer.end()));
  assert.equal(reply.method, METHOD.REFRESH);
  assert.equal(reply.class, CLASS.ERROR);
  assert.deepEqual(slab.subarray(18, 30), new Uint8Array(request.view.buffer, 8, 12));
});

test('method and class survive the type field, which leaves the first two bits alone', () => {
  for (let method = 0; method <= 0xfff; method += 1) {
    for (const messageClass of Object.values(CLASS)) {
      const type = messageType(method, messageClass);
      assert.ok(type <= 0x3fff);
      assert.equal(methodOf(type), method);
      assert.equal(classOf(type), messageClass);
    }
  }
  // RFC 8489 §5: a Binding request, success response, indication and error response.
  assert.deepEqual(
    [CLASS.REQUEST, CLASS.SUCCESS, CLASS.INDICATION, CLASS.ERROR].map((one) => messageType(METHOD.BINDING, one)),
    [0x0001, 0x0101, 0x0011, 0x0111],
  );
});

function addressOf(reader: MessageReader, attribute: 0x0012 | 0x802c): TransportAddress {
  const into = emptyAddress();
  assert.ok(reader.address(attribute, into));
  return into;
}

/** Bytes of a message with this one attribute and an empty one, as written where there is plenty of room. */
function fullLength(write: (writer: MessageWriter) => void): number {
  const writer = new MessageWriter(new Uint8Array(400));
  writer.begin(0, 400, METHOD.BINDING, CLASS.SUCCESS, TRANSACTION, 0);
  write(writer);
  return writer.end();
}
