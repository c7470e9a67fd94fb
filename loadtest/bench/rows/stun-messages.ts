/** The STUN messages that rows are measured with, in one slab, and the keys that they were made with. */
import { ATTRIBUTE } from '../../../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, hmacSha1, prepareHmacSha1 } from '../../../src/stun/hmac-sha1.ts';
import { LongTermKey } from '../../../src/stun/long-term-key.ts';
import { MessageReader } from '../../../src/stun/message-reader.ts';
import { MessageWriter } from '../../../src/stun/message-writer.ts';
import { CLASS, METHOD } from '../../../src/stun/methods.ts';
import { PASSWORD_ALGORITHM } from '../../../src/stun/password-algorithms.ts';
import { SHA1_WORDS } from '../../../src/stun/sha1.ts';

const BINDING_AT = 512;
const ALLOCATE_AT = 1024;
const MARKED_AT = 1536;

const utf8 = (text: string) => new TextEncoder().encode(text);

export const SECRET = 'the secret of the TURN REST API!';
export const REALM = 'sluice';
/** Good until 2030. */
export const USERNAME = '1893456000:ada';

/** A Binding request with the 6 attributes of a browser's connectivity check, and a signed Allocate of 120 bytes or so. */
export type StunMessages = {
  readonly slab: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly binding: { readonly offset: number; readonly length: number };
  readonly allocate: { readonly offset: number; readonly length: number };
  /** The Allocate with a FINGERPRINT: 6 attributes, all of them of RFC 5766. */
  readonly marked: { readonly offset: number; readonly length: number };
  /** A copy of one of them: what a program has that got a datagram. */
  readonly bytes: (message: { readonly offset: number; readonly length: number }) => Buffer;
  /** The secret's key states, and the user's. */
  readonly secretKey: Int32Array;
  readonly userKey: Int32Array;
  /** All that stands between the secret and a user's key: one HMAC, MD5, and the key states, into `key`. */
  readonly deriveKey: (key: Int32Array) => void;
  /** A reader that has parsed the Allocate. */
  readonly readAllocate: () => MessageReader;
};

export function stunMessages(): StunMessages {
  const slab = new Uint8Array(4096);
  const view = new DataView(slab.buffer);
  const writer = new MessageWriter(slab);
  const transaction = new DataView(Uint8Array.from({ length: 12 }, (_, index) => index).buffer);
  const username = utf8(USERNAME);
  const usernameView = new DataView(username.buffer);
  const digest = new Int32Array(SHA1_WORDS);
  const longTermKey = new LongTermKey(utf8(REALM));

  const secretKey = new Int32Array(HMAC_SHA1_KEY_WORDS);
  const secret = utf8(SECRET);
  prepareHmacSha1(new DataView(secret.buffer), 0, secret.length, secretKey, 0);
  const deriveKey = (key: Int32Array) => {
    hmacSha1(secretKey, 0, usernameView, 0, username.length, digest);
    longTermKey.begin(username, 0, username.length);
    longTermKey.base64Password(digest, 4 * SHA1_WORDS);
    longTermKey.derive(PASSWORD_ALGORITHM.MD5);
    longTermKey.sha1(key, 0);
  };
  const userKey = new Int32Array(HMAC_SHA1_KEY_WORDS);
  deriveKey(userKey);

  // RFC 8445 §7.1: what a connectivity check holds.
  writer.begin(BINDING_AT, 512, METHOD.BINDING, CLASS.REQUEST, transaction, 0);
  writer.bytes(ATTRIBUTE.USERNAME, utf8('h6vY:evtj'));
  writer.uint64(ATTRIBUTE.ICE_CONTROLLING, 1, 2);
  writer.empty(ATTRIBUTE.USE_CANDIDATE);
  writer.uint32(ATTRIBUTE.PRIORITY, 0x6e0001ff);
  writer.integrity(secretKey, 0);
  writer.fingerprint();
  const binding = { offset: BINDING_AT, length: writer.end() };

  const writeAllocate = (offset: number) => {
    writer.begin(offset, 512, METHOD.ALLOCATE, CLASS.REQUEST, transaction, 0);
    writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 17 << 24);
    writer.bytes(ATTRIBUTE.USERNAME, username);
    writer.bytes(ATTRIBUTE.REALM, utf8(REALM));
    writer.bytes(ATTRIBUTE.NONCE, utf8('obMatJos2AAAD1b7e93cd5f2a80'));
    writer.integrity(userKey, 0);
  };
  writeAllocate(ALLOCATE_AT);
  const allocate = { offset: ALLOCATE_AT, length: writer.end() };
  writeAllocate(MARKED_AT);
  writer.fingerprint();
  const marked = { offset: MARKED_AT, length: writer.end() };

  return {
    ...{ slab, view, binding, allocate, marked, secretKey, userKey, deriveKey },
    bytes: ({ offset, length }) => Buffer.from(slab.slice(offset, offset + length)),
    readAllocate() {
      const reader = new MessageReader();
      if (reader.parse(view, allocate.offset, allocate.length) !== undefined) throw new Error('it is no message');
      return reader;
    },
  };
}
