import { ATTRIBUTE } from './attributes.ts';
import type { MessageReader } from './message-reader.ts';
import { SHA256_WORDS, sha256 } from './sha256.ts';

/** Words of a USERHASH: a SHA-256 digest. */
export const USERHASH_WORDS: number = SHA256_WORDS;

/**
 * USERHASH of a user in a realm, which stands in for USERNAME (RFC 8489 §14.4): SHA-256 of both with a colon between
 * them, as `USERHASH_WORDS` words. Both in UTF-8, as `opaqueString` prepares them.
 */
export function userhash(username: Uint8Array, realm: Uint8Array): Int32Array {
  const text = new Uint8Array(username.length + 1 + realm.length);
  text.set(username);
  text[username.length] = 0x3a;
  text.set(realm, username.length + 1);
  const words = new Int32Array(USERHASH_WORDS);
  sha256(new DataView(text.buffer), 0, text.length, words);
  return words;
}

/** Whether the message's USERHASH is `hash`. False where it has none. */
export function matchesUserhash(reader: MessageReader, hash: Int32Array): boolean {
  const at = reader.at(ATTRIBUTE.USERHASH);
  if (at === 0) return false;
  let difference = 0;
  for (let index = 0; index < USERHASH_WORDS; index += 1) {
    difference |= reader.view.getInt32(at + 4 * index) ^ hash[index]!;
  }
  return difference === 0;
}
