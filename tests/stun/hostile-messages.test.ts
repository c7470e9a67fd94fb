import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ATTRIBUTE, ATTRIBUTE_FORM, type AttributeName } from '../../src/stun/attributes.ts';
import { MessageReader, type MessageRefusal } from '../../src/stun/message-reader.ts';
import { checkAgainstReference } from './support/check-against-reference.ts';
import { type RawAttribute, exactView, hex, rawMessage, read, utf8 } from './support/messages.ts';

const ALLOCATE = rawMessage(
  [
    { type: ATTRIBUTE.REQUESTED_TRANSPORT, value: hex('11000000') },
    { type: ATTRIBUTE.USERNAME, value: utf8('1700000000:ada') },
    { type: ATTRIBUTE.XOR_PEER_ADDRESS, value: hex('0001a147e112a643') },
    { type: ATTRIBUTE.MESSAGE_INTEGRITY, value: new Uint8Array(20) },
    { type: ATTRIBUTE.FINGERPRINT, value: new Uint8Array(4) },
  ],
  { type: 0x0003 },
);

const names = Object.keys(ATTRIBUTE) as AttributeName[];

/** Attributes as an attacker may choose them: known ones of fitting and other lengths, unknown ones, lies. */
const attribute: fc.Arbitrary<RawAttribute> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(...names).chain((name) => {
      const { least, most, address } = ATTRIBUTE_FORM[name];
      const lengths =
        address === undefined ? fc.integer({ min: least, max: Math.min(most, least + 24) }) : fc.constantFrom(8, 20);
      return lengths.map((length) => {
        const value = new Uint8Array(length);
        if (address !== undefined) value[1] = length === 8 ? 1 : 2;
        return { type: ATTRIBUTE[name], value };
      });
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.oneof(fc.constantFrom(...Object.values(ATTRIBUTE)), fc.nat(0xffff)),
      value: fc.uint8Array({ maxLength: 24 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom(...Object.values(ATTRIBUTE)),
      value: fc.uint8Array({ maxLength: 24 }),
      claimed: fc.oneof(fc.nat(40), fc.constantFrom(0xffff, 0xfffc, 0x7fff)),
    }),
  },
);

test('whatever attributes come in whatever order, the reader says what the reference decoder says', () => {
  const reader = new MessageReader();
  let messages = 0;
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 10 }), (attributes) => {
      if (checkAgainstReference(rawMessage(attributes), reader)) messages += 1;
    }),
    { numRuns: 1000 },
  );
  assert.ok(messages > 50, `only ${messages} were messages`);
});

test('random bytes are refused and never thrown at, with and without a right header', () => {
  const reader = new MessageReader();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, header) => {
      if (header && bytes.length >= 20) {
        bytes.set([bytes[0]! & 0x3f, bytes[1]!, 0, (bytes.length - 20) & 255, 0x21, 0x12, 0xa4, 0x42]);
      }
      checkAgainstReference(bytes, reader);
    }),
    { numRuns: 1000 },
  );
});

test('a message cut short at any byte is refused', () => {
  for (let length = 0; length < ALLOCATE.length; length += 1) {
    const expected: MessageRefusal = length < 20 ? 'short' : 'length';
    assert.equal(read(ALLOCATE.slice(0, length)).refusal, expected, `${length} bytes`);
  }
});

test('a message with anything behind it is refused', () => {
  for (const more of [1, 2, 3, 4, 8, 100]) {
    const longer = new Uint8Array(ALLOCATE.length + more);
    longer.set(ALLOCATE);
    assert.equal(read(longer).refusal, 'length');
  }
});

test('a message cut short at any attribute, with a header that agrees, is refused or shorter', () => {
  const reader = new MessageReader();
  for (let length = 20; length < ALLOCATE.length; length += 4) {
    const cut = ALLOCATE.slice(0, length);
    exactView(cut).setUint16(2, length - 20);
    checkAgainstReference(cut, reader);
  }
});

test('every lie in every length field is noticed, or is another message', () => {
  const reader = new MessageReader();
  for (let at = 2; at < ALLOCATE.length; at += 2) {
    for (const lie of [0, 1, 2, 3, 4, 5, 19, 20, 32, 33, 0x7fff, 0x8000, 0xfffb, 0xfffc, 0xfffd, 0xffff]) {
      const bytes = ALLOCATE.slice();
      exactView(bytes).setUint16(at, lie);
      checkAgainstReference(bytes, reader);
    }
  }
});

test('what lies around a message in the slab changes nothing', () => {
  const reader = new MessageReader();
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 8 }), fc.nat(40), fc.nat(255), (attributes, before, poison) => {
      const message = rawMessage(attributes);
      const alone = reader.parse(exactView(message), 0, message.length);
      const seen = alone === undefined ? names.map((name) => reader.at(ATTRIBUTE[name])) : [];
      const slab = new Uint8Array(before + message.length + 40).fill(poison);
      slab.set(message, before);
      assert.equal(reader.parse(exactView(slab), before, message.length), alone);
      if (alone === undefined) {
        const places = names.map((name) => reader.at(ATTRIBUTE[name]));
        assert.deepEqual(
          places,
          seen.map((place) => (place === 0 ? 0 : place + before)),
        );
      }
    }),
  );
});

test('the first two bits and the cookie tell STUN from everything else', () => {
  for (const first of [0x40, 0x80, 0xc0]) {
    const bytes = ALLOCATE.slice();
    bytes[0] = first;
    assert.equal(read(bytes).refusal, 'not-stun');
  }
  for (let at = 4; at < 8; at += 1) {
    const bytes = ALLOCATE.slice();
    bytes[at]! ^= 1;
    assert.equal(read(bytes).refusal, 'not-stun');
  }
});

test('every attribute is refused at every length that its definition rules out', () => {
  for (const name of names) {
    const { least, most, step, address } = ATTRIBUTE_FORM[name];
    for (let length = 0; length <= 40; length += 1) {
      const value = new Uint8Array(length);
      if (address !== undefined && length > 1) value[1] = length === 20 ? 2 : 1;
      const { refusal } = read(rawMessage([{ type: ATTRIBUTE[name], value }]));
      const fits = length >= least && length <= most && length % step === 0;
      if (!fits) assert.equal(refusal, 'attribute-length', `${name} of ${length}`);
      else if (address !== undefined && length !== 8 && length !== 20) {
        assert.equal(refusal, 'address-family', `${name} of ${length}`);
      } else assert.equal(refusal, undefined, `${name} of ${length}`);
    }
  }
});

test('an address whose family is not that of its length, or none, is refused', () => {
  for (const [family, length] of [
    [1, 20],
    [2, 8],
    [0, 8],
    [3, 20],
    [255, 8],
  ] as const) {
    const value = new Uint8Array(length);
    value[1] = family;
    assert.equal(read(rawMessage([{ type: ATTRIBUTE.XOR_PEER_ADDRESS, value }])).refusal, 'address-family');
  }
});

test('the longest message there can be is read', () => {
  const value = new Uint8Array(0xfffc - 4);
  const { reader, refusal } = read(rawMessage([{ type: ATTRIBUTE.DATA, value }], { type: 0x0016 }));
  assert.equal(refusal, undefined);
  assert.equal(reader.size(ATTRIBUTE.DATA), value.length);
});
