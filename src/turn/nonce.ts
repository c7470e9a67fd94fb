import type { Millis } from '../kernel/clock.ts';
import { base64Length, writeBase64 } from '../stun/base64.ts';
import { HMAC_SHA1_KEY_WORDS, hmacSha1, prepareHmacSha1 } from '../stun/hmac-sha1.ts';
import { NONCE_COOKIE_LENGTH, nonceFeatures, writeNonceCookie } from '../stun/nonce-cookie.ts';
import { SHA1_WORDS } from '../stun/sha1.ts';

/** Ours, for this client, and young enough. */
export const NONCE_FRESH = 0;
/** Too old, whoever made it. */
export const NONCE_STALE = 1;
/** Not made by us, or made for another client's address or port. */
export const NONCE_FORGED = 2;

/** 0 fresh, 1 stale, 2 forged. What is not fresh is answered with 438 and a new nonce. */
export type NonceVerdict = typeof NONCE_FRESH | typeof NONCE_STALE | typeof NONCE_FORGED;

/** Nonces that need no memory: each carries its time, and a MAC of that and of the client's address and port. */
export type Nonces = {
  /** Writes NONCE_LENGTH bytes at `offset` of the slab. `features`: bits of SECURITY_FEATURE, which the MAC covers. */
  write(offset: number, a: number, b: number, c: number, d: number, port: number, now: Millis, features: number): void;
  /** Judges the `length` bytes at `offset` of the slab. Allocates nothing. */
  check(
    offset: number,
    length: number,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    now: Millis,
  ): NonceVerdict;
};

export type NonceOptions = {
  slab: Uint8Array;
  /** At least 16 random bytes, the same in all threads that answer at one address. */
  key: Uint8Array;
  /** Milliseconds for which a nonce is fresh, at least 1,000. */
  lifetime: number;
};

// RFC 8489 §9.2: the cookie and the features; then, ours, the time in seconds as 8 hexadecimal digits and 96 bits of MAC
// in base64.
const TIME_AT = NONCE_COOKIE_LENGTH;
const MAC_AT = TIME_AT + 8;
const MAC_LENGTH = 16;

/** The bytes of a nonce. */
export const NONCE_LENGTH: number = MAC_AT + MAC_LENGTH;

/**
 * Bound to the client's address and to its port, so that a nonce is of no use to who forges another's address, be it
 * a neighbour's behind the same NAT. A client whose address or port changes (its NAT forgets, it moves by RFC 8016) is
 * told 438 once and goes on with the new nonce. The MAC's key is derived anew from the main key every hour, or in each
 * lifetime where that is longer; threads need not speak to each other about it.
 */
export function createNonces(options: NonceOptions): Nonces {
  return new SignedNonces(options);
}

class SignedNonces implements Nonces {
  readonly #slab: Uint8Array;
  /** Seconds. */
  readonly #lifetime: number;
  readonly #epochLength: number;
  readonly #mainKey = new Int32Array(HMAC_SHA1_KEY_WORDS);
  /** Keys of two epochs, the even one and the odd one. */
  readonly #keys = new Int32Array(2 * HMAC_SHA1_KEY_WORDS);
  readonly #epochs = [-1, -1];
  /** Those that stand in `#text`. */
  #features = -1;
  /** What is signed: time, address, port, features. */
  readonly #signed = new DataView(new ArrayBuffer(28));
  readonly #digest = new Int32Array(SHA1_WORDS);
  /** The nonce that is right, and the rest of its digest. */
  readonly #text = new Uint8Array(MAC_AT + base64Length(4 * SHA1_WORDS));

  constructor({ slab, key, lifetime }: NonceOptions) {
    if (key.length < 16) throw new RangeError(`a key for nonces has at least 16 bytes, not ${key.length}`);
    if (lifetime < 1000) throw new RangeError(`a nonce lives for at least 1,000 ms, not ${lifetime}`);
    this.#slab = slab;
    this.#lifetime = Math.floor(lifetime / 1000);
    this.#epochLength = Math.max(3600, this.#lifetime);
    prepareHmacSha1(new DataView(key.buffer, key.byteOffset), 0, key.length, this.#mainKey, 0);
  }

  write(offset: number, a: number, b: number, c: number, d: number, port: number, now: Millis, features: number): void {
    this.#sign(Math.floor(now / 1000), a, b, c, d, port, features);
    for (let index = 0; index < NONCE_LENGTH; index += 1) this.#slab[offset + index] = this.#text[index]!;
  }

  check(
    offset: number,
    length: number,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    now: Millis,
  ): NonceVerdict {
    if (length !== NONCE_LENGTH) return NONCE_FORGED;
    const features = nonceFeatures(this.#slab, offset, length);
    const time = hexadecimal(this.#slab, offset + TIME_AT, 8);
    if (features === undefined || time < 0) return NONCE_FORGED;
    // A thread may be a second ahead of this one; a clock that was set back makes nonces of the future, which are
    // worth as little as old ones.
    const age = Math.floor(now / 1000) - time;
    if (age >= this.#lifetime || age < -1) return NONCE_STALE;
    this.#sign(time, a, b, c, d, port, features);
    let difference = 0;
    for (let index = 0; index < NONCE_LENGTH; index += 1)
      difference |= this.#slab[offset + index]! ^ this.#text[index]!;
    return difference === 0 ? NONCE_FRESH : NONCE_FORGED;
  }

  /** Makes the nonce of that second for that client. */
  #sign(time: number, a: number, b: number, c: number, d: number, port: number, features: number): void {
    const signed = this.#signed;
    const key = this.#keyOf(Math.floor(time / this.#epochLength));
    signed.setInt32(0, time);
    signed.setInt32(4, a);
    signed.setInt32(8, b);
    signed.setInt32(12, c);
    signed.setInt32(16, d);
    signed.setInt32(20, port);
    signed.setInt32(24, features);
    if (features !== this.#features) {
      this.#features = features;
      writeNonceCookie(features, this.#text, 0);
    }
    hmacSha1(this.#keys, key, signed, 0, signed.byteLength, this.#digest);
    for (let index = 0; index < 8; index += 1) {
      const digit = (time >>> (28 - 4 * index)) & 15;
      this.#text[TIME_AT + index] = digit < 10 ? 0x30 + digit : 0x61 - 10 + digit;
    }
    writeBase64(this.#digest, 4 * SHA1_WORDS, this.#text, MAC_AT);
  }

  /** Where the key of an epoch lies. No more than two are in use at a time. */
  #keyOf(epoch: number): number {
    const place = epoch & 1;
    const at = place * HMAC_SHA1_KEY_WORDS;
    if (this.#epochs[place] !== epoch) {
      this.#epochs[place] = epoch;
      this.#signed.setInt32(0, epoch);
      hmacSha1(this.#mainKey, 0, this.#signed, 0, 4, this.#digest);
      for (let index = 0; index < SHA1_WORDS; index += 1) this.#signed.setInt32(4 * index, this.#digest[index]!);
      prepareHmacSha1(this.#signed, 0, 4 * SHA1_WORDS, this.#keys, at);
    }
    return at;
  }
}

/** The number that `digits` hexadecimal digits in lower case are, or -1. */
function hexadecimal(bytes: Uint8Array, offset: number, digits: number): number {
  let value = 0;
  for (let index = offset; index < offset + digits; index += 1) {
    const character = bytes[index]!;
    const decimal = character - 0x30;
    const letter = character - 0x61;
    if (decimal >= 0 && decimal <= 9) value = value * 16 + decimal;
    else if (letter >= 0 && letter <= 5) value = value * 16 + 10 + letter;
    else return -1;
  }
  return value;
}
