/** Bytes that SHA-1, SHA-256 and MD5 take at once. */
export const BLOCK_LENGTH = 64;
/** Where the length of all that was hashed stands in the last block: 8 bytes. */
export const LENGTH_OFFSET = 56;

/** The bit that ends the text, in a word of its own. */
const END_OF_TEXT = 0x80000000 | 0;

/**
 * Fills `block` with the `rest` bytes (0 to 63) at `at` of `view`, the bit that ends the text, and zeros (FIPS 180-4
 * §5.1.1, RFC 1321 §3.1). True where the length fits into this block behind them, and is for the caller to put there;
 * else it belongs into one more.
 */
export function fillLastBlock(block: DataView, view: DataView, at: number, rest: number): boolean {
  const whole = rest & ~3;
  for (let place = 0; place < whole; place += 4) block.setInt32(place, view.getInt32(at + place));
  block.setInt32(whole, endOfText(view, at + whole, rest - whole));
  const lengthFits = rest < LENGTH_OFFSET;
  const end = lengthFits ? LENGTH_OFFSET : BLOCK_LENGTH;
  for (let place = whole + 4; place < end; place += 4) block.setInt32(place, 0);
  return lengthFits;
}

/** The word that holds the last `count` bytes (0 to 3) and, behind them, the bit that ends the text. */
export function endOfText(view: DataView, at: number, count: number): number {
  let word = END_OF_TEXT;
  for (let index = count - 1; index >= 0; index -= 1) word = (word >>> 8) | (view.getUint8(at + index) << 24);
  return word;
}
