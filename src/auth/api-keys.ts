import { createSecretKey, type KeyObject, randomBytes, timingSafeEqual, type webcrypto } from 'node:crypto';

import type { Brand } from '../kernel/brand.ts';

/** The public part of an API key; `kid` and `iss` of the join tokens that it signs. */
export type KeyId = Brand<string, 'KeyId'>;

/**
 * An API key as it is written: `id.secret`. The secret has 32 characters or more (RFC 7518 §3.2 asks HS256 keys for
 * 256 bits), all of them of RFC 6750's b64token, so that the whole is its own Bearer value.
 */
export const API_KEY_PATTERN = '^[A-Za-z0-9_-]{1,64}\\.[A-Za-z0-9._~+/-]{31,255}[A-Za-z0-9._~+/=-]$';

const pattern = new RegExp(API_KEY_PATTERN, 'u');

/** The id of the API key `key`, or undefined where it is not one. */
export function keyIdOf(key: string): KeyId | undefined {
  return pattern.test(key) ? (key.slice(0, key.indexOf('.')) as KeyId) : undefined;
}

/** A new API key with 256 random bits. */
export function generateApiKey(): string {
  return `key_${randomBytes(6).toString('hex')}.${randomBytes(32).toString('base64url')}`;
}

/** The API keys that this server accepts. */
export type ApiKeys = {
  /** The key that signs new tokens: the first of the configuration. Undefined where there is none. */
  readonly current: KeyId | undefined;
  /** The id of the key that `credential` (`id.secret`) is, in time that does not tell how much of it is right. */
  authenticate(credential: string): KeyId | undefined;
  /** The secret of a key, for HS256. */
  secretOf(id: string): ApiSecret | undefined;
};

/** A secret in the forms that its users work with: any other would be turned into these for each token. */
export type ApiSecret = {
  /** For node:crypto. */
  readonly keyObject: KeyObject;
  /** For jose. */
  readonly cryptoKey: webcrypto.CryptoKey;
};

/** No secret has more bytes: what they are compared in. */
const MOST_BYTES = 256;

type Known = { readonly id: KeyId; readonly length: number; readonly padded: Buffer; readonly secret: ApiSecret };

/** The keys of `keys`, each an `id.secret`. Throws `RangeError` (without the key) on one that is malformed or twice there. */
export function createApiKeys(keys: readonly string[]): ApiKeys {
  const known = new Map<string, Known>();
  for (const [index, key] of keys.entries()) {
    const id = keyIdOf(key);
    if (id === undefined) throw new RangeError(`API key ${index + 1} is not of the form id.secret`);
    if (known.has(id)) throw new RangeError(`two API keys have the id ${id}`);
    const secret = key.slice(id.length + 1);
    const padded = pad(secret, Buffer.alloc(MOST_BYTES));
    known.set(id, { id, length: secret.length, padded, secret: hmacSecret(secret) });
  }
  // What an unknown id is compared with, so that it costs what a known one costs.
  const nobody = randomBytes(MOST_BYTES);
  const given = Buffer.alloc(MOST_BYTES);

  return {
    current: known.values().next().value?.id,
    authenticate(credential) {
      const dot = credential.indexOf('.');
      const entry = dot === -1 ? undefined : known.get(credential.slice(0, dot));
      const secret = credential.slice(dot + 1);
      // All bytes are compared whatever the lengths are, and without the hash that would make them alike: it costs more
      // than all else here. A secret is ASCII: what has its length and its bytes, cut off at the end or not, is it.
      const right = timingSafeEqual(pad(secret, given), entry?.padded ?? nobody);
      return right && secret.length === entry?.length ? entry.id : undefined;
    },
    secretOf: (id) => known.get(id)?.secret,
  };
}

function hmacSecret(secret: string): ApiSecret {
  const keyObject = createSecretKey(Buffer.from(secret));
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return { keyObject, cryptoKey: keyObject.toCryptoKey(algorithm, false, ['sign', 'verify']) };
}

/** `secret` at the beginning of `into`, and zeros behind it. */
function pad(secret: string, into: Buffer): Buffer {
  into.fill(0);
  into.write(secret, 'utf8');
  return into;
}
