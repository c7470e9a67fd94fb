import { createSecretKey, hash, randomBytes, timingSafeEqual, type webcrypto } from 'node:crypto';

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
  secretOf(id: string): webcrypto.CryptoKey | undefined;
};

/** The keys of `keys`, each an `id.secret`. Throws `RangeError` (without the key) on one that is malformed or twice there. */
export function createApiKeys(keys: readonly string[]): ApiKeys {
  const known = new Map<string, { id: KeyId; digest: Buffer; secret: webcrypto.CryptoKey }>();
  for (const [index, key] of keys.entries()) {
    const id = keyIdOf(key);
    if (id === undefined) throw new RangeError(`API key ${index + 1} is not of the form id.secret`);
    if (known.has(id)) throw new RangeError(`two API keys have the id ${id}`);
    const secret = key.slice(id.length + 1);
    known.set(id, { id, digest: digestOf(secret), secret: hmacKey(secret) });
  }
  // What an unknown id is compared with, so that it costs what a known one costs.
  const nobody = randomBytes(32);

  return {
    current: known.values().next().value?.id,
    authenticate(credential) {
      const dot = credential.indexOf('.');
      const entry = dot === -1 ? undefined : known.get(credential.slice(0, dot));
      const right = timingSafeEqual(digestOf(credential.slice(dot + 1)), entry?.digest ?? nobody);
      return right ? entry?.id : undefined;
    },
    secretOf: (id) => known.get(id)?.secret,
  };
}

/** In the form that jose works with: any other it would turn into this one for each token. */
function hmacKey(secret: string): webcrypto.CryptoKey {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return createSecretKey(Buffer.from(secret)).toCryptoKey(algorithm, false, ['sign', 'verify']);
}

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
