import { BLOCK_LENGTH, LENGTH_OFFSET, fillLastBlock } from './last-block.ts';
import { sha1Compress } from './sha1-compress.ts';

/** 32-bit words of a SHA-1 digest. */
export const SHA1_WORDS = 5;

/** FIPS 180-4 §5.3.1. */
export const SHA1_START: Int32Array = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);

const block = new DataView(new ArrayBuffer(BLOCK_LENGTH));

/** SHA-1 of `length` bytes at `offset`, as five words at 0 of `into`. */
export function sha1(view: DataView, offset: number, length: number, into: Int32Array): void {
  finishSha1(SHA1_START, 0, 0, view, offset, length, length < 4 ? 0 : view.getInt32(offset), into);
}

/**
 * Ends a hash: from the chaining value at `from` of `chain`, which stands for `before` bytes (a multiple of 64), over the
 * `length` bytes at `offset` and the padding, to the digest at 0 of `into`.
 *
 * @param first What the first four of these bytes count as, where there are four: an int32.
 */
export function finishSha1(
  chain: Int32Array,
  from: number,
  before: number,
  view: DataView,
  offset: number,
  length: number,
  first: number,
  into: Int32Array,
): void {
  const end = offset + length;
  let source = chain;
  let sourceAt = from;
  let word = first;
  let at = offset;
  for (; end - at >= BLOCK_LENGTH; at += BLOCK_LENGTH) {
    if (at !== offset) word = view.getInt32(at);
    sha1Compress(source, sourceAt, into, view, at, word);
    source = into;
    sourceAt = 0;
  }
  const lengthFits = fillLastBlock(block, view, at, end - at);
  if (at === offset && length >= 4) block.setInt32(0, first);
  if (!lengthFits) {
    sha1Compress(source, sourceAt, into, block, 0, block.getInt32(0));
    source = into;
    sourceAt = 0;
    for (let place = 0; place < LENGTH_OFFSET; place += 4) block.setInt32(place, 0);
  }
  // No text here is 512 MiB long: the upper word of its length in bits is 0.
  block.setInt32(LENGTH_OFFSET, 0);
  block.setInt32(LENGTH_OFFSET + 4, (before + length) << 3);
  sha1Compress(source, sourceAt, into, block, 0, block.getInt32(0));
}
