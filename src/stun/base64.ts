const ALPHABET = Uint8Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', (character) =>
  character.charCodeAt(0),
);
const PADDING = 0x3d;

/** Characters that `length` bytes become. */
export function base64Length(length: number): number {
  return 4 * Math.ceil(length / 3);
}

/**
 * Writes the first `length` bytes of `words`, which are big-endian as a digest's are, as base64 (RFC 4648 §4, padded) to
 * `at` of `into`, and returns how many characters those are.
 */
export function writeBase64(words: Int32Array, length: number, into: Uint8Array, at: number): number {
  const whole = length - (length % 3);
  let place = at;
  let index = 0;
  for (; index < whole; index += 3) {
    const bits = (byteOf(words, index) << 16) | (byteOf(words, index + 1) << 8) | byteOf(words, index + 2);
    into[place] = ALPHABET[bits >>> 18]!;
    into[place + 1] = ALPHABET[(bits >>> 12) & 63]!;
    into[place + 2] = ALPHABET[(bits >>> 6) & 63]!;
    into[place + 3] = ALPHABET[bits & 63]!;
    place += 4;
  }
  if (index < length) {
    const two = index + 1 < length;
    const bits = (byteOf(words, index) << 16) | (two ? byteOf(words, index + 1) << 8 : 0);
    into[place] = ALPHABET[bits >>> 18]!;
    into[place + 1] = ALPHABET[(bits >>> 12) & 63]!;
    into[place + 2] = two ? ALPHABET[(bits >>> 6) & 63]! : PADDING;
    into[place + 3] = PADDING;
    place += 4;
  }
  return place - at;
}

function byteOf(words: Int32Array, index: number): number {
  return (words[index >> 2]! >>> (24 - 8 * (index & 3))) & 255;
}
