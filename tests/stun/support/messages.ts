import { HEADER_LENGTH, MAGIC_COOKIE } from '../../../src/stun/header.ts';
import { MessageReader, type MessageRefusal } from '../../../src/stun/message-reader.ts';

/** An attribute as it is written: its type, its value, and what stands in the length field where that is a lie. */
export type RawAttribute = { type: number; value: Uint8Array; claimed?: number };

/** Bytes written as hexadecimal digits, with any white space between them. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(digits.replaceAll(/\s+/gu, ''), 'hex'));
}

/** A view of exactly these bytes: a read outside of them throws. */
export function exactView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The text in UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The first `count` words, as the bytes of a digest. */
export function wordBytes(words: Int32Array, count: number): Buffer {
  const bytes = Buffer.alloc(4 * count);
  for (let index = 0; index < count; index += 1) bytes.writeInt32BE(words[index]!, 4 * index);
  return bytes;
}

/** A message put together byte by byte, without the writer. `padding` stands behind values. */
export function rawMessage(
  attributes: readonly RawAttribute[],
  { type = 0x0001, transaction = hex('000102030405060708090a0b'), padding = 0 } = {},
): Uint8Array<ArrayBuffer> {
  const body = attributes.flatMap(({ type: name, value, claimed = value.length }) => [
    name >> 8,
    name & 255,
    claimed >> 8,
    claimed & 255,
    ...value,
    ...Array.from({ length: -value.length & 3 }, () => padding),
  ]);
  const message = new Uint8Array(HEADER_LENGTH + body.length);
  const view = exactView(message);
  view.setUint16(0, type);
  view.setUint16(2, body.length);
  view.setUint32(4, MAGIC_COOKIE);
  message.set(transaction, 8);
  message.set(body, HEADER_LENGTH);
  return message;
}

/** What a reader makes of exactly these bytes. */
export function read(
  bytes: Uint8Array,
  reader: MessageReader = new MessageReader(),
): { reader: MessageReader; refusal: MessageRefusal | undefined } {
  return { reader, refusal: reader.parse(exactView(bytes), 0, bytes.length) };
}

/** A reader that has accepted exactly these bytes. */
export function accepted(bytes: Uint8Array, reader: MessageReader = new MessageReader()): MessageReader {
  const { refusal } = read(bytes, reader);
  if (refusal !== undefined) throw new Error(`refused: ${refusal}: ${Buffer.from(bytes).toString('hex')}`);
  return reader;
}
