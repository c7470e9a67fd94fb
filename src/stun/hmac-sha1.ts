import { INNER_PAD, OUTER_PAD, fillPad } from './hmac-pad.ts';
import { hmacByInstructions, prepareByInstructions, type Sha1Instructions } from './instructed-hmac-sha1.ts';
import { BLOCK_LENGTH } from './last-block.ts';
import { sha1CompressOuter } from './sha1-compress-outer.ts';
import { sha1Compress } from './sha1-compress.ts';
import { SHA1_START, SHA1_WORDS, finishSha1, sha1 } from './sha1.ts';

/** Words of a key that is ready for use: SHA-1's state behind the inner pad, and behind the outer one. */
export const HMAC_SHA1_KEY_WORDS: number = 2 * SHA1_WORDS;

const state = new Int32Array(SHA1_WORDS);
const block = new DataView(new ArrayBuffer(BLOCK_LENGTH));
/** A key that was longer than a block. */
const shorterKey = new DataView(new ArrayBuffer(4 * SHA1_WORDS));

let instructions: Sha1Instructions | undefined;

/**
 * From now on this thread signs by a processor's own instructions, or again without. It is a matter of how fast, and
 * never of what comes out: that is why it is said once, and is no argument of all that signs.
 */
export function useSha1Instructions(found: Sha1Instructions | undefined): void {
  instructions = found;
}

/**
 * Makes the key ready (RFC 2104 §4): both pads are hashed once, and `HMAC_SHA1_KEY_WORDS` words at `at` of `keys` are the
 * outcome, with which each later HMAC is two compressions shorter. Who has them can sign: they are as secret as the key.
 */
export function prepareHmacSha1(view: DataView, offset: number, length: number, keys: Int32Array, at: number): void {
  if (length > BLOCK_LENGTH) {
    // RFC 2104 §2: the hash of a key that is longer than a block takes its place.
    sha1(view, offset, length, state);
    for (let index = 0; index < SHA1_WORDS; index += 1) shorterKey.setInt32(4 * index, state[index]!);
    prepareHmacSha1(shorterKey, 0, 4 * SHA1_WORDS, keys, at);
    return;
  }
  if (instructions !== undefined) return prepareByInstructions(instructions, view, offset, length, keys, at);
  const inner = fillPad(block, view, offset, length, INNER_PAD);
  sha1Compress(SHA1_START, 0, state, block, 0, inner);
  keys.set(state, at);
  const outer = fillPad(block, view, offset, length, OUTER_PAD);
  sha1Compress(SHA1_START, 0, state, block, 0, outer);
  keys.set(state, at + SHA1_WORDS);
}

/**
 * HMAC-SHA1 of `length` bytes at `offset`, with the ready key at `at` of `keys`, as five words at 0 of `into`.
 *
 * @param first What the first four bytes count as, where there are four: for a header whose length field must read
 *   differently from what arrived (RFC 8489 §14.5), without writing into it.
 */
export function hmacSha1(
  keys: Int32Array,
  at: number,
  view: DataView,
  offset: number,
  length: number,
  into: Int32Array,
  first: number = length < 4 ? 0 : view.getInt32(offset),
): void {
  if (instructions !== undefined && hmacByInstructions(instructions, keys, at, view, offset, length, into, first))
    return;
  finishSha1(keys, at, BLOCK_LENGTH, view, offset, length, first, into);
  sha1CompressOuter(keys, at + SHA1_WORDS, into);
}
