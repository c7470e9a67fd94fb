import { base64Length, writeBase64 } from './base64.ts';

/** RFC 8489 §9.2: what a nonce begins with when a server of that RFC made it, before the security features. */
const COOKIE = Uint8Array.from('obMatJos2', (character) => character.charCodeAt(0));

/** Bytes that open such a nonce: the cookie, and 24 bits of features as four characters of base64. */
export const NONCE_COOKIE_LENGTH: number = COOKIE.length + base64Length(3);

/**
 * The security features of a server (RFC 8489 §18.1), as bits of a 24-bit number. Erratum 6290 and the vector of
 * appendix B.1: bit 0 is the least significant one.
 */
export const SECURITY_FEATURE = { PASSWORD_ALGORITHMS: 1, USERNAME_ANONYMITY: 2 } as const;

/** Writes the opening of a nonce to `at` of `into`: `NONCE_COOKIE_LENGTH` bytes. `features`: bits of `SECURITY_FEATURE`. */
export function writeNonceCookie(features: number, into: Uint8Array, at: number): void {
  into.set(COOKIE, at);
  writeBase64(Int32Array.of(features << 8), 3, into, at + COOKIE.length);
}

/** The security features that a nonce announces; `undefined` where it does not begin with the cookie and them. */
export function nonceFeatures(bytes: Uint8Array, at: number, length: number): number | undefined {
  if (length < NONCE_COOKIE_LENGTH) return undefined;
  if (!COOKIE.every((byte, index) => bytes[at + index] === byte)) return undefined;
  let features = 0;
  for (let index = COOKIE.length; index < NONCE_COOKIE_LENGTH; index += 1) {
    const digit = sextet(bytes[at + index]!);
    if (digit === undefined) return undefined;
    features = (features << 6) | digit;
  }
  return features;
}

/** What a character of base64 stands for (RFC 4648 §4). */
function sextet(character: number): number | undefined {
  if (character >= 0x41 && character <= 0x5a) return character - 0x41;
  if (character >= 0x61 && character <= 0x7a) return character - 0x61 + 26;
  if (character >= 0x30 && character <= 0x39) return character - 0x30 + 52;
  if (character === 0x2b) return 62;
  return character === 0x2f ? 63 : undefined;
}
