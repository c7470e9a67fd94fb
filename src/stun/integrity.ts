import { ATTRIBUTE } from './attributes.ts';
import { hmacSha1 } from './hmac-sha1.ts';
import { hmacSha256 } from './hmac-sha256.ts';
import { HEADER_LENGTH } from './header.ts';
import type { MessageReader } from './message-reader.ts';
import { SHA1_WORDS } from './sha1.ts';
import { SHA256_WORDS } from './sha256.ts';

/** Bytes of a whole MESSAGE-INTEGRITY-SHA256: what RFC 8489 §14.6 wants where the usage allows no truncation. */
export const FULL_SHA256 = 32;

const digest = new Int32Array(SHA256_WORDS);

/**
 * Whether the message has a MESSAGE-INTEGRITY that was made with the key (RFC 8489 §14.5). Takes the same time wherever
 * the two differ.
 *
 * @param keys Holds a key that `prepareHmacSha1` made ready, at `at`.
 */
export function verifyIntegrity(reader: MessageReader, keys: Int32Array, at: number): boolean {
  const value = reader.at(ATTRIBUTE.MESSAGE_INTEGRITY);
  if (value === 0) return false;
  signIntegrity(reader.view, reader.offset, value - 4, keys, at, digest);
  return matchesSha1(reader.view, value, digest);
}

/**
 * Whether the message has a MESSAGE-INTEGRITY-SHA256 that was made with the key (RFC 8489 §14.6).
 *
 * @param keys Holds a key that `prepareHmacSha256` made ready, at `at`.
 * @param least The fewest bytes that it may have been truncated to: 16 to 32. TURN allows no truncation.
 */
export function verifyIntegritySha256(
  reader: MessageReader,
  keys: Int32Array,
  at: number,
  least: number = FULL_SHA256,
): boolean {
  const value = reader.at(ATTRIBUTE.MESSAGE_INTEGRITY_SHA256);
  const size = reader.size(ATTRIBUTE.MESSAGE_INTEGRITY_SHA256);
  if (value === 0 || size < least) return false;
  signIntegritySha256(reader.view, reader.offset, value - 4, size, keys, at, digest);
  return matchesSha256(reader.view, value, digest, size >> 2);
}

/**
 * The MAC of the message that begins at `offset`, over all before `end`, where the MESSAGE-INTEGRITY begins: five words
 * at 0 of `into`. RFC 8489 §14.5: the length field counts up to the end of that attribute, whatever follows it.
 */
export function signIntegrity(
  view: DataView,
  offset: number,
  end: number,
  keys: Int32Array,
  at: number,
  into: Int32Array,
): void {
  const length = end - offset;
  const counted = length - HEADER_LENGTH + 4 + 4 * SHA1_WORDS;
  hmacSha1(keys, at, view, offset, length, into, (view.getInt32(offset) & ~0xffff) | counted);
}

/** As `signIntegrity`, for a MESSAGE-INTEGRITY-SHA256 of `size` bytes: eight words at 0 of `into`. */
export function signIntegritySha256(
  view: DataView,
  offset: number,
  end: number,
  size: number,
  keys: Int32Array,
  at: number,
  into: Int32Array,
): void {
  const length = end - offset;
  const counted = length - HEADER_LENGTH + 4 + size;
  hmacSha256(keys, at, view, offset, length, into, (view.getInt32(offset) & ~0xffff) | counted);
}

/** Compares five words, and only then decides. Written out, as there are always five. */
function matchesSha1(view: DataView, value: number, expected: Int32Array): boolean {
  const difference =
    (view.getInt32(value) ^ expected[0]!) |
    (view.getInt32(value + 4) ^ expected[1]!) |
    (view.getInt32(value + 8) ^ expected[2]!) |
    (view.getInt32(value + 12) ^ expected[3]!) |
    (view.getInt32(value + 16) ^ expected[4]!);
  return difference === 0;
}

/** Compares the first `words` of a MAC, and only then decides. */
function matchesSha256(view: DataView, value: number, expected: Int32Array, words: number): boolean {
  let difference = 0;
  for (let index = 0; index < words; index += 1) difference |= view.getInt32(value + 4 * index) ^ expected[index]!;
  return difference === 0;
}
