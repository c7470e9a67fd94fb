import { BLOCK_LENGTH, LENGTH_OFFSET, endOfText } from './last-block.ts';
import { SHA1_WORDS } from './sha1.ts';

/**
 * Whoever can reach a processor's own instructions for SHA-1. What they are given, and what comes of it, lies in
 * `sha1Words`.
 */
export type Sha1Instructions = {
  /** Makes the key in the first block of the text ready, and leaves zeros in its place. */
  readonly prepare: () => void;
  /** HMAC of so many blocks of text with the ready key. Leaves zeros in their place. */
  readonly sign: () => void;
};

/** Where things lie in the words that are shared: native/udp/sha1.c has the same. */
const BLOCKS = 0;
const KEY = 1;
const DIGEST = KEY + 2 * SHA1_WORDS;
const TEXT = DIGEST + SHA1_WORDS;
const TEXT_BYTES = 4 * TEXT;
const MOST_BLOCKS = 16;

/** This thread's words. One place that never changes is what V8 reaches fastest. */
export const sha1Words: Int32Array = new Int32Array(TEXT + (MOST_BLOCKS * BLOCK_LENGTH) / 4);
const bytes = new DataView(sha1Words.buffer);

/** Bytes of the longest text that fits with its padding: what comes over UDP to be signed is shorter. */
export const LONGEST_INSTRUCTED: number = MOST_BLOCKS * BLOCK_LENGTH - (BLOCK_LENGTH - LENGTH_OFFSET) - 1;

/**
 * As `prepareHmacSha1`.
 * @param length At most a block.
 */
export function prepareByInstructions(
  { prepare }: Sha1Instructions,
  view: DataView,
  offset: number,
  length: number,
  keys: Int32Array,
  at: number,
): void {
  for (let index = 0; index < length; index += 1) bytes.setUint8(TEXT_BYTES + index, view.getUint8(offset + index));
  prepare();
  for (let index = 0; index < 2 * SHA1_WORDS; index += 1) keys[at + index] = sha1Words[KEY + index]!;
}

/**
 * As `hmacSha1`.
 * @param length At most `LONGEST_INSTRUCTED`.
 */
export function hmacByInstructions(
  { sign }: Sha1Instructions,
  keys: Int32Array,
  at: number,
  view: DataView,
  offset: number,
  length: number,
  into: Int32Array,
  first: number,
): void {
  for (let index = 0; index < 2 * SHA1_WORDS; index += 1) sha1Words[KEY + index] = keys[at + index]!;
  const whole = length & ~3;
  for (let place = 0; place < whole; place += 4) bytes.setInt32(TEXT_BYTES + place, view.getInt32(offset + place));
  bytes.setInt32(TEXT_BYTES + whole, endOfText(view, offset + whole, length - whole));
  if (length >= 4) bytes.setInt32(TEXT_BYTES, first);
  const blocks = ((length + BLOCK_LENGTH - LENGTH_OFFSET) >> 6) + 1;
  // The key's pad is a block that has been hashed already.
  bytes.setInt32(TEXT_BYTES + BLOCK_LENGTH * blocks - 4, (BLOCK_LENGTH + length) << 3);
  sha1Words[BLOCKS] = blocks;
  sign();
  for (let index = 0; index < SHA1_WORDS; index += 1) into[index] = sha1Words[DIGEST + index]!;
}
