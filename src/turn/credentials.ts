import type { Millis } from '../kernel/clock.ts';
import { base64Length, writeBase64 } from '../stun/base64.ts';
import { HMAC_SHA1_KEY_WORDS, hmacSha1, prepareHmacSha1 } from '../stun/hmac-sha1.ts';
import { SHA1_WORDS } from '../stun/sha1.ts';
import { encodeUtf8 } from '../stun/text.ts';

/** RFC 8489 §14.3: a user name has fewer than 509 bytes. */
export const MAX_USERNAME = 508;

const COLON = 0x3a;

/** The most digits of an expiry: 11 reach far beyond what anybody means, and stay exact in milliseconds. */
const MAX_EXPIRY_DIGITS = 11;

/** What a client is given (draft-uberti-behave-turn-rest). `ttl` in seconds. */
export type Credential = { username: string; password: string; ttl: number };

/** Makes credentials that a TURN server with one of the same secrets accepts, without telling it. */
export type Credentials = {
  /**
   * A user name `expiry:identity`, good for `ttl` seconds, and its password: base64(HMAC-SHA1(secret, user name)).
   *
   * @param identity Not empty, and at most 496 bytes of UTF-8; a RangeError otherwise.
   */
  issue(identity: string, now: Millis): Credential;
};

/**
 * @param secrets Shared with the TURN server; the first one signs. While secrets are changed, the new one is first here
 *   and both are known there.
 * @param ttl Seconds for which credentials are good.
 */
export function createCredentials({ secrets, ttl }: { secrets: readonly string[]; ttl: number }): Credentials {
  const [secret] = secrets;
  if (secret === undefined) throw new RangeError('credentials need a secret');
  if (!Number.isInteger(ttl) || ttl < 1) throw new RangeError(`credentials live for a second or more, not ${ttl}`);
  const key = prepareSecret(secret);
  const digest = new Int32Array(SHA1_WORDS);
  return {
    issue(identity, now) {
      const username = `${Math.ceil(now / 1000) + ttl}:${identity}`;
      const bytes = encodeUtf8(username);
      if (identity === '' || bytes.length > MAX_USERNAME) {
        throw new RangeError(`an identity of ${identity.length} characters fits into no user name`);
      }
      hmacSha1(key, 0, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length, digest);
      const password = new Uint8Array(base64Length(4 * SHA1_WORDS));
      writeBase64(digest, 4 * SHA1_WORDS, password, 0);
      return { username, password: String.fromCharCode(...password), ttl };
    },
  };
}

/** A secret made ready for HMAC-SHA1; a RangeError where it is empty. */
export function prepareSecret(secret: string): Int32Array {
  if (secret === '') throw new RangeError('a secret is not empty');
  const bytes = encodeUtf8(secret);
  const key = new Int32Array(HMAC_SHA1_KEY_WORDS);
  prepareHmacSha1(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length, key, 0);
  return key;
}

/** Seconds since the epoch at which a user name `expiry:identity` expires, or -1 where it is no such name. */
export function expiryOf(view: DataView, offset: number, length: number): number {
  const most = Math.min(length, MAX_EXPIRY_DIGITS + 1);
  let expiry = 0;
  for (let index = 0; index < most; index += 1) {
    const character = view.getUint8(offset + index);
    if (character === COLON) return index > 0 && index < length - 1 ? expiry : -1;
    const digit = character - 0x30;
    // One number has one form: no sign, no space, no leading zero.
    if (digit < 0 || digit > 9 || (digit === 0 && index === 0)) return -1;
    expiry = expiry * 10 + digit;
  }
  return -1;
}
