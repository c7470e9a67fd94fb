import { BLOCK_LENGTH } from './last-block.ts';

/** RFC 2104 §2: `ipad` and `opad`, four bytes of each. */
export const INNER_PAD = 0x36363636;
export const OUTER_PAD = 0x5c5c5c5c;

/**
 * Fills `block` with the key, the `length` bytes (0 to 64) at `offset`, with zeros behind it, XORed with `pad`. Returns
 * the first word of it.
 */
export function fillPad(block: DataView, view: DataView, offset: number, length: number, pad: number): number {
  const whole = length & ~3;
  for (let place = 0; place < whole; place += 4) block.setInt32(place, view.getInt32(offset + place) ^ pad);
  for (let place = whole; place < BLOCK_LENGTH; place += 4) block.setInt32(place, pad);
  for (let place = whole; place < length; place += 1) {
    block.setUint8(place, view.getUint8(offset + place) ^ (pad & 0xff));
  }
  return block.getInt32(0);
}
