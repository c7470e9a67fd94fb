/**
 * Keeps what looks like a NAL unit's start code out of encrypted bytes, as H.264 §7.4.1 does with its own: behind two
 * zeros, a byte of 3 or less gets a 3 before it. Pure.
 */

/** `bytes` as they may follow `before` in a stream of NAL units. The last byte must not be 0. */
export function escapeStartCodes(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  const places: number[] = [];
  let zeros = zerosAtEnd(before);
  for (const [at, byte] of bytes.entries()) {
    if (zeros >= 2 && byte <= 3) {
      places.push(at);
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  if (places.length === 0) return bytes;
  const escaped = new Uint8Array(bytes.length + places.length);
  let from = 0;
  for (const [count, at] of places.entries()) {
    escaped.set(bytes.subarray(from, at), from + count);
    escaped[at + count] = 3;
    from = at;
  }
  escaped.set(bytes.subarray(from), from + places.length);
  return escaped;
}

/** What `escapeStartCodes` was given. */
export function unescapeStartCodes(before: Uint8Array, escaped: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(escaped.length);
  let length = 0;
  let zeros = zerosAtEnd(before);
  for (const byte of escaped) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    bytes[length] = byte;
    length += 1;
  }
  return bytes.subarray(0, length);
}

function zerosAtEnd(bytes: Uint8Array): number {
  let zeros = 0;
  while (zeros < 2 && zeros < bytes.length && bytes[bytes.length - 1 - zeros] === 0) zeros += 1;
  return zeros;
}
