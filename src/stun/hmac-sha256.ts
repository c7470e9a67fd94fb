import { INNER_PAD, OUTER_PAD, fillPad } from './hmac-pad.ts';
import { BLOCK_LENGTH } from './last-block.ts';
import { SHA256_START, SHA256_WORDS, finishSha256, sha256, sha256Compress } from './sha256.ts';

/** Words of a key that is ready for use: SHA-256's state behind the inner pad, and behind the outer one. */
export const HMAC_SHA256_KEY_WORDS: number = 2 * SHA256_WORDS;

const state = new Int32Array(SHA256_WORDS);
const block = new DataView(new ArrayBuffer(BLOCK_LENGTH));
/** A key that was longer than a block. */
const shorterKey = new DataView(new ArrayBuffer(4 * SHA256_WORDS));

/** The block that the outer hash adds to its pad: a digest, and the padding of 64 + 32 bytes. */
const outerBlock = new DataView(new ArrayBuffer(BLOCK_LENGTH));
outerBlock.setInt32(4 * SHA256_WORDS, 0x80000000);
outerBlock.setInt32(BLOCK_LENGTH - 4, (BLOCK_LENGTH + 4 * SHA256_WORDS) * 8);

/** As `prepareHmacSha1`: `HMAC_SHA256_KEY_WORDS` words at `at` of `keys`. */
export function prepareHmacSha256(view: DataView, offset: number, length: number, keys: Int32Array, at: number): void {
  if (length > BLOCK_LENGTH) {
    // RFC 2104 §2: the hash of a key that is longer than a block takes its place.
    sha256(view, offset, length, state);
    for (let index = 0; index < SHA256_WORDS; index += 1) shorterKey.setInt32(4 * index, state[index]!);
    prepareHmacSha256(shorterKey, 0, 4 * SHA256_WORDS, keys, at);
    return;
  }
  const inner = fillPad(block, view, offset, length, INNER_PAD);
  sha256Compress(SHA256_START, 0, state, block, 0, inner);
  keys.set(state, at);
  const outer = fillPad(block, view, offset, length, OUTER_PAD);
  sha256Compress(SHA256_START, 0, state, block, 0, outer);
  keys.set(state, at + SHA256_WORDS);
}

/** As `hmacSha1`: eight words at 0 of `into`. */
export function hmacSha256(
  keys: Int32Array,
  at: number,
  view: DataView,
  offset: number,
  length: number,
  into: Int32Array,
  first: number = length < 4 ? 0 : view.getInt32(offset),
): void {
  finishSha256(keys, at, BLOCK_LENGTH, view, offset, length, first, into);
  for (let index = 0; index < SHA256_WORDS; index += 1) outerBlock.setInt32(4 * index, into[index]!);
  sha256Compress(keys, at + SHA256_WORDS, into, outerBlock, 0, into[0]!);
}
