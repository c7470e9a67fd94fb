import { writeBase64 } from './base64.ts';
import { prepareHmacSha1 } from './hmac-sha1.ts';
import { prepareHmacSha256 } from './hmac-sha256.ts';
import { MD5_LENGTH, md5 } from './md5.ts';
import { PASSWORD_ALGORITHM, type PasswordAlgorithm } from './password-algorithms.ts';
import { SHA256_WORDS, sha256 } from './sha256.ts';

/** Bytes that user name, realm and password may have together. The longest user name and realm leave 770 of them. */
const MAX_TEXT = 2048;
const COLON = 0x3a;

/**
 * Makes the keys of the long-term credential mechanism (RFC 8489 §9.2.2):
 *
 *     key = MD5(username ":" realm ":" OpaqueString(password)), or SHA-256 of the same
 *
 * and from them what HMAC wants, without allocating: `begin`, one of the ways to give the password, `derive`, and then
 * as many of `sha1` and `sha256` as are needed. User name and password are taken as they are: see `opaqueString`.
 *
 * Which MAC a key is for does not depend on how it was made: with PASSWORD-ALGORITHM, both kinds of MESSAGE-INTEGRITY
 * use the key that it names.
 */
export class LongTermKey {
  readonly #realm: Uint8Array;
  readonly #text = new Uint8Array(MAX_TEXT);
  readonly #textView = new DataView(this.#text.buffer);
  readonly #key = new DataView(new ArrayBuffer(4 * SHA256_WORDS));
  readonly #digest = new Int32Array(SHA256_WORDS);
  #length = 0;
  #keyLength = 0;

  /** @param realm In UTF-8. */
  constructor(realm: Uint8Array) {
    this.#realm = realm;
  }

  /** Takes the user name: `length` bytes at `offset`. False, and no key can be made, where it is too long. */
  begin(bytes: Uint8Array, offset: number, length: number): boolean {
    const text = this.#text;
    const realm = this.#realm;
    this.#keyLength = 0;
    this.#length = 0;
    if (length + realm.length + 2 > MAX_TEXT) return false;
    for (let index = 0; index < length; index += 1) text[index] = bytes[offset + index]!;
    let at = length;
    text[at] = COLON;
    at += 1;
    for (let index = 0; index < realm.length; index += 1) text[at + index] = realm[index]!;
    at += realm.length;
    text[at] = COLON;
    this.#length = at + 1;
    return true;
  }

  /** Takes the password. False, and no key can be made, where it is too long. */
  password(password: Uint8Array): boolean {
    if (this.#length === 0 || this.#length + password.length > MAX_TEXT) return false;
    this.#text.set(password, this.#length);
    this.#length += password.length;
    return true;
  }

  /** Takes the base64 of the first `length` bytes of a digest as the password, as time-limited credentials have it. */
  base64Password(digest: Int32Array, length: number): boolean {
    if (this.#length === 0 || this.#length + 2 * length > MAX_TEXT) return false;
    this.#length += writeBase64(digest, length, this.#text, this.#length);
    return true;
  }

  /** Makes the key by `algorithm`. */
  derive(algorithm: PasswordAlgorithm): void {
    if (algorithm === PASSWORD_ALGORITHM.MD5) {
      md5(this.#textView, 0, this.#length, this.#key, 0);
      this.#keyLength = MD5_LENGTH;
      return;
    }
    sha256(this.#textView, 0, this.#length, this.#digest);
    for (let index = 0; index < SHA256_WORDS; index += 1) this.#key.setInt32(4 * index, this.#digest[index]!);
    this.#keyLength = 4 * SHA256_WORDS;
  }

  /** Makes the derived key ready for MESSAGE-INTEGRITY: `HMAC_SHA1_KEY_WORDS` words at `at` of `keys`. */
  sha1(keys: Int32Array, at: number): void {
    prepareHmacSha1(this.#key, 0, this.#keyLength, keys, at);
  }

  /** Makes the derived key ready for MESSAGE-INTEGRITY-SHA256: `HMAC_SHA256_KEY_WORDS` words at `at` of `keys`. */
  sha256(keys: Int32Array, at: number): void {
    prepareHmacSha256(this.#key, 0, this.#keyLength, keys, at);
  }
}
