/**
 * HalfSipHash-1-3 (J.-P. Aumasson, D. J. Bernstein) of two words under a key of two words, as an int32. A table whose
 * places it gives cannot be filled on purpose by who does not know the key. Values and key as little-endian words.
 */
export function halfSipHash(key0: number, key1: number, low: number, high: number): number {
  let v0 = key0;
  let v1 = key1;
  let v2 = 0x6c79_6765 ^ key0;
  let v3 = 0x7465_6462 ^ key1;
  // Six rounds: one for each word, one for the length (8 bytes, in the topmost byte), three at the end.
  for (let round = 0; round < 6; round += 1) {
    const word = round === 0 ? low : round === 1 ? high : round === 2 ? 8 << 24 : 0;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
    if (round === 2) v2 ^= 0xff;
  }
  return v1 ^ v3;
}
