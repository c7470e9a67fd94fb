import { BLOCK_LENGTH, LENGTH_OFFSET, fillLastBlock } from './last-block.ts';
import { md5Compress } from './md5-compress.ts';

/** Bytes of an MD5 digest. */
export const MD5_LENGTH = 16;

const state = new Int32Array(4);
const block = new DataView(new ArrayBuffer(BLOCK_LENGTH));

/**
 * MD5 (RFC 1321) of `length` bytes at `offset` of `view`, written to `at` of `into`. For the long-term key of RFC 8489
 * §9.2.2 alone, which is no place for it by choice.
 */
export function md5(view: DataView, offset: number, length: number, into: DataView, at: number): void {
  const end = offset + length;
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  let from = offset;
  for (; end - from >= BLOCK_LENGTH; from += BLOCK_LENGTH) md5Compress(state, view, from);
  if (!fillLastBlock(block, view, from, end - from)) {
    md5Compress(state, block, 0);
    for (let place = 0; place < LENGTH_OFFSET; place += 4) block.setInt32(place, 0);
  }
  block.setInt32(LENGTH_OFFSET, length << 3, true);
  block.setInt32(LENGTH_OFFSET + 4, 0);
  md5Compress(state, block, 0);
  for (let index = 0; index < 4; index += 1) into.setInt32(at + 4 * index, state[index]!, true);
}
