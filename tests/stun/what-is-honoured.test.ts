import assert from 'node:assert/strict';
import { test } from 'node:test';

import { emptyAddress, hostText } from '../../src/stun/address.ts';
import { ATTRIBUTE, VENDOR_ATTRIBUTE } from '../../src/stun/attributes.ts';
import { MAX_UNKNOWN_ATTRIBUTES, MessageReader } from '../../src/stun/message-reader.ts';
import { type RawAttribute, accepted, hex, rawMessage, read, utf8 } from './support/messages.ts';

const A_MAC: RawAttribute = { type: ATTRIBUTE.MESSAGE_INTEGRITY, value: new Uint8Array(20) };
const A_SHA256_MAC: RawAttribute = { type: ATTRIBUTE.MESSAGE_INTEGRITY_SHA256, value: new Uint8Array(32) };
const A_FINGERPRINT: RawAttribute = { type: ATTRIBUTE.FINGERPRINT, value: new Uint8Array(4) };
const username = (name: string): RawAttribute => ({ type: ATTRIBUTE.USERNAME, value: utf8(name) });
const lifetime = (seconds: number): RawAttribute => ({
  type: ATTRIBUTE.LIFETIME,
  value: Uint8Array.of(0, 0, seconds >> 8, seconds & 255),
});
const unknown = (type: number): RawAttribute => ({ type, value: new Uint8Array(3) });

test('the first of several attributes of a type counts', () => {
  const reader = accepted(rawMessage([username('ada'), lifetime(600), username('bob'), lifetime(0)]));
  assert.equal(reader.text(ATTRIBUTE.USERNAME), 'ada');
  assert.equal(reader.uint32(ATTRIBUTE.LIFETIME), 600);
});

test('a later one that is malformed makes the message so', () => {
  const short: RawAttribute = { type: ATTRIBUTE.LIFETIME, value: Uint8Array.of(1) };
  assert.equal(read(rawMessage([lifetime(600), short])).refusal, 'attribute-length');
});

test('behind MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT count', () => {
  const reader = accepted(
    rawMessage([username('ada'), A_MAC, username('bob'), lifetime(600), A_SHA256_MAC, unknown(0x7000), A_FINGERPRINT]),
  );
  assert.equal(reader.text(ATTRIBUTE.USERNAME), 'ada');
  assert.ok(!reader.has(ATTRIBUTE.LIFETIME));
  assert.ok(reader.has(ATTRIBUTE.MESSAGE_INTEGRITY_SHA256));
  assert.ok(reader.has(ATTRIBUTE.FINGERPRINT));
  assert.equal(reader.unknownCount, 0);
});

test('behind MESSAGE-INTEGRITY-SHA256 only FINGERPRINT counts', () => {
  const reader = accepted(rawMessage([A_SHA256_MAC, A_MAC, username('bob'), A_FINGERPRINT]));
  assert.ok(!reader.has(ATTRIBUTE.MESSAGE_INTEGRITY));
  assert.ok(!reader.has(ATTRIBUTE.USERNAME));
  assert.ok(reader.has(ATTRIBUTE.FINGERPRINT));
});

test('what does not count is not checked either', () => {
  const reader = accepted(rawMessage([A_MAC, { type: ATTRIBUTE.LIFETIME, value: Uint8Array.of(1) }]));
  assert.ok(!reader.has(ATTRIBUTE.LIFETIME));
});

test('nothing may follow FINGERPRINT', () => {
  assert.equal(read(rawMessage([A_FINGERPRINT, username('ada')])).refusal, 'behind-fingerprint');
  assert.equal(read(rawMessage([A_FINGERPRINT, A_MAC])).refusal, 'behind-fingerprint');
  assert.equal(read(rawMessage([A_MAC, A_FINGERPRINT, A_FINGERPRINT])).refusal, 'behind-fingerprint');
});

test('unknown attributes are listed where they must be understood, and passed over where they need not', () => {
  const reader = accepted(
    rawMessage([unknown(0x7001), unknown(0x8fff), unknown(VENDOR_ATTRIBUTE.GOOG_NETWORK_INFO), unknown(0x0002)]),
  );
  assert.deepEqual([...reader.unknown.subarray(0, reader.unknownCount)], [0x7001, 0x0002]);
});

test('the list of unknown attributes is bounded', () => {
  const many = Array.from({ length: 100 }, (_, index) => unknown(0x4000 + index));
  const reader = accepted(rawMessage(many));
  assert.equal(reader.unknownCount, MAX_UNKNOWN_ATTRIBUTES);
  assert.equal(reader.unknown[MAX_UNKNOWN_ATTRIBUTES - 1], 0x4000 + MAX_UNKNOWN_ATTRIBUTES - 1);
});

test('an agent that does not understand an attribute lists it, though the codec could read it', () => {
  const bytes = rawMessage([{ type: ATTRIBUTE.CHANGE_REQUEST, value: new Uint8Array(4) }, username('ada')]);
  const reader = accepted(bytes, new MessageReader(['USERNAME']));
  assert.deepEqual([...reader.unknown.subarray(0, reader.unknownCount)], [ATTRIBUTE.CHANGE_REQUEST]);
  assert.ok(!reader.has(ATTRIBUTE.CHANGE_REQUEST));
  assert.equal(reader.text(ATTRIBUTE.USERNAME), 'ada');
});

test('nothing of a message is left when the next one is read, accepted or not', () => {
  const reader = accepted(rawMessage([username('ada'), unknown(0x7001), lifetime(600)]));
  accepted(rawMessage([lifetime(1)]), reader);
  assert.ok(!reader.has(ATTRIBUTE.USERNAME));
  assert.equal(reader.size(ATTRIBUTE.USERNAME), 0);
  assert.equal(reader.unknownCount, 0);
  assert.equal(read(Uint8Array.of(0), reader).refusal, 'short');
  assert.ok(!reader.has(ATTRIBUTE.LIFETIME));
});

test('a reader does not tire: places of long ago are never taken for new ones', () => {
  const reader = accepted(rawMessage([username('ada')]));
  const empty = rawMessage([]);
  for (let count = 0; count < 40_000; count += 1) {
    accepted(empty, reader);
    if (reader.has(ATTRIBUTE.USERNAME)) assert.fail(`after ${count} messages`);
  }
  assert.equal(accepted(rawMessage([username('bob')]), reader).text(ATTRIBUTE.USERNAME), 'bob');
});

test('every XOR-PEER-ADDRESS is found, in order, and none behind the MAC', () => {
  const peer = (digits: string): RawAttribute => ({ type: ATTRIBUTE.XOR_PEER_ADDRESS, value: hex(digits) });
  const reader = accepted(
    rawMessage([
      peer('0001 0000 e112a643'),
      unknown(0x8fff),
      peer('0001 0000 e112a640'),
      A_MAC,
      peer('0001 0000 e112a641'),
    ]),
  );
  const found: string[] = [];
  const address = emptyAddress();
  for (let at = reader.at(ATTRIBUTE.XOR_PEER_ADDRESS); at !== 0; at = reader.next(ATTRIBUTE.XOR_PEER_ADDRESS, at)) {
    reader.addressAt(ATTRIBUTE.XOR_PEER_ADDRESS, at, address);
    found.push(hostText(address));
  }
  assert.deepEqual(found, ['192.0.2.1', '192.0.2.2']);
});

test('an IPv4 address mapped into IPv6 is that IPv4 address, and how it was written can be told', () => {
  const value = hex('0002 0d96 00000000 00000000 0000ffff c0000201');
  const reader = accepted(rawMessage([{ type: ATTRIBUTE.MAPPED_ADDRESS, value }]));
  const address = emptyAddress();
  assert.ok(reader.address(ATTRIBUTE.MAPPED_ADDRESS, address));
  assert.equal(hostText(address), '192.0.2.1');
  assert.equal(reader.familyAt(reader.at(ATTRIBUTE.MAPPED_ADDRESS)), 2);
});

test('padding may be any bytes (RFC 8489 §14)', () => {
  const reader = accepted(rawMessage([username('ada12'), lifetime(600)], { padding: 0xff }));
  assert.equal(reader.text(ATTRIBUTE.USERNAME), 'ada12');
});

test('text that is not UTF-8 is none', () => {
  const reader = accepted(rawMessage([{ type: ATTRIBUTE.USERNAME, value: Uint8Array.of(0xc3, 0x28) }]));
  assert.equal(reader.text(ATTRIBUTE.USERNAME), undefined);
});

test('an error code outside of 300 to 699 is none (RFC 8489 §14.8)', () => {
  const code = (hundreds: number, rest: number) =>
    accepted(
      rawMessage([{ type: ATTRIBUTE.ERROR_CODE, value: Uint8Array.of(0, 0, hundreds, rest) }], { type: 0x0111 }),
    ).errorCode();
  assert.equal(code(4, 38), 438);
  assert.equal(code(4, 0), 400);
  // The 21 bits before the class are reserved, and ignored.
  assert.equal(code(0xf8 | 4, 1), 401);
  for (const [hundreds, rest] of [
    [2, 0],
    [7, 0],
    [4, 100],
  ] as const) {
    assert.equal(code(hundreds, rest), 0);
  }
});
