import assert from 'node:assert/strict';

import { ATTRIBUTE, type Attribute } from '../../../src/stun/attributes.ts';
import { emptyAddress } from '../../../src/stun/address.ts';
import { MAX_UNKNOWN_ATTRIBUTES, type MessageReader } from '../../../src/stun/message-reader.ts';
import { exactView } from './messages.ts';
import { decodeSlowly } from './reference.ts';

const ATTRIBUTES: readonly Attribute[] = Object.values(ATTRIBUTE);
const ADDRESSES: readonly Attribute[] = [
  ATTRIBUTE.MAPPED_ADDRESS,
  ATTRIBUTE.XOR_MAPPED_ADDRESS,
  ATTRIBUTE.XOR_PEER_ADDRESS,
  ATTRIBUTE.XOR_RELAYED_ADDRESS,
  ATTRIBUTE.ALTERNATE_SERVER,
  ATTRIBUTE.OTHER_ADDRESS,
  ATTRIBUTE.RESPONSE_ORIGIN,
];

/**
 * Asserts that the reader says of these bytes, which end where memory ends, what the reference decoder says, and that
 * no accessor throws. Returns whether they are a message.
 */
export function checkAgainstReference(bytes: Uint8Array, reader: MessageReader): boolean {
  const view = exactView(bytes);
  const refusal = reader.parse(view, 0, bytes.length);
  const expected = decodeSlowly(bytes);
  if (typeof expected === 'string') {
    assert.equal(refusal, expected);
    return false;
  }
  assert.equal(refusal, undefined);
  for (const attribute of ATTRIBUTES) {
    assert.deepEqual(valuesOf(reader, attribute), expected.values.get(attribute) ?? [], `attribute ${attribute}`);
    assert.equal(reader.has(attribute), expected.values.has(attribute));
    reader.text(attribute);
  }
  const unknown = expected.unknown.slice(0, MAX_UNKNOWN_ATTRIBUTES);
  assert.deepEqual([...reader.unknown.subarray(0, reader.unknownCount)], unknown);
  for (const attribute of ADDRESSES) {
    assert.equal(reader.address(attribute, emptyAddress()), expected.values.has(attribute));
  }
  reader.errorCode();
  reader.hasValidFingerprint();
  return true;
}

/** The values that the reader finds under this type, in their order. Those of what integrity does not cover stand alone. */
function valuesOf(reader: MessageReader, attribute: Attribute): string[] {
  const found: string[] = [];
  const isSeal = attribute === ATTRIBUTE.FINGERPRINT || attribute === ATTRIBUTE.MESSAGE_INTEGRITY_SHA256;
  for (let at = reader.at(attribute); at !== 0; at = isSeal ? 0 : reader.next(attribute, at)) {
    const size = reader.view.getUint16(at - 2);
    if (found.length === 0) assert.equal(reader.size(attribute), size);
    found.push(Buffer.from(reader.view.buffer, reader.view.byteOffset + at, size).toString('hex'));
  }
  return found;
}
