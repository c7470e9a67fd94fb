import { hash, randomUUID } from 'node:crypto';

import { decodeJwt, SignJWT } from 'jose';

import { type Clock, type Millis, later } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import { deepFreeze } from '../kernel/freeze.ts';
import { jsonSize } from '../kernel/json-size.ts';
import type { Attributes, Metadata } from '../rooms/events.ts';
import type { Grants } from '../rooms/grants.ts';
import { type Identity, type RoomName, parseIdentity, parseRoomName } from '../rooms/ids.ts';
import type { ApiKeys } from './api-keys.ts';
import type { IssuerOptions, JwksTimes } from './issuers.ts';
import { type Claims, claimErrors, grantsOf, isClaims } from './join-claims.ts';
import type { Revocations } from './revocation.ts';
import { createTokenCache } from './token-cache.ts';
import { type SignedClaims, createSignatureCheck, tokenInvalid } from './token-signature.ts';

/** What a join token says, once it is verified. Frozen: the same object may be given out many times. */
export type JoinClaims = {
  readonly room: RoomName;
  readonly identity: Identity;
  /** For people to read; the identity where the token gives none. */
  readonly name: string;
  readonly metadata: Metadata;
  readonly attributes: Attributes;
  readonly grants: Grants;
  /** Names the token among all issuers' tokens; what `revoke` takes. */
  readonly tokenId: string;
  /** The API key, or the foreign issuer, that signed it. */
  readonly keyId: string;
  readonly expiresAt: Millis;
};

/** What a new token is to say. */
export type TokenRequest = {
  readonly room: RoomName;
  readonly identity: Identity;
  /** At most 128 characters. */
  readonly name?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly attributes?: Attributes | undefined;
  /** What is left out is as in `DEFAULT_GRANTS`. */
  readonly grants?: Partial<Grants> | undefined;
  /** Milliseconds for which it is valid; 1 s to the configured limit. */
  readonly ttl?: number | undefined;
  /** Not valid before this time. */
  readonly notBefore?: Millis | undefined;
};

/** A token as it is handed out. */
export type SignedToken = { readonly token: string; readonly tokenId: string; readonly expiresAt: Millis };

/** Signs and verifies join tokens. */
export type JoinTokens = {
  /** A token of this server, signed with `keyId`'s secret (the current key by default). Throws `invalid-request`. */
  sign(request: TokenRequest, keyId?: string): Promise<SignedToken>;
  /**
   * What the token says. Synchronous where it was verified before. Throws, or rejects with, `token-invalid`,
   * `token-expired`, `token-not-yet-valid`, `token-revoked`, `issuer-unavailable`.
   */
  verify(token: string): JoinClaims | Promise<JoinClaims>;
  /**
   * What a token said that was verified before, though it may have expired since; undefined where it was not. For what goes on
   * after a join: a call outlives the token that began it. Throws `token-revoked`.
   */
  recall(token: string): JoinClaims | undefined;
  /** Refuses the token from now on, however long it would have been valid. */
  revoke(tokenId: string): void;
};

export type JoinTokenOptions = {
  readonly keys: ApiKeys;
  readonly issuers: readonly IssuerOptions[];
  readonly revocations: Revocations;
  readonly clock: Clock;
  /** Milliseconds by which other machines' clocks may differ. */
  readonly leeway: number;
  /** Milliseconds: what a new token gets, and what no token may exceed, whoever signed it. */
  readonly ttl: { readonly default: number; readonly limit: number };
  /** Bytes of metadata, and of attributes, as JSON. */
  readonly metadataLimit: number;
  /** Characters of verified tokens that are remembered. Default 16 Mi. */
  readonly cacheLimit?: number;
  readonly jwksTimes?: JwksTimes;
};

/** Join tokens for these keys and issuers. Throws where an issuer's given key set is not one. */
export function createJoinTokens(options: JoinTokenOptions): JoinTokens {
  const { clock, leeway, revocations, ttl } = options;
  const cache = createTokenCache(options.cacheLimit ?? 16 * 1024 * 1024);
  const checkSignature = createSignatureCheck(options.keys, options.issuers, leeway, options.jwksTimes);

  async function verifyCold(token: string): Promise<JoinClaims> {
    const signed = await checkSignature(token, clock());
    const now = clock();
    const { exp, iat, nbf } = signed.claims;
    // So that a revocation need never be kept for longer than the limit.
    if (exp * 1000 > Math.min((iat ?? Infinity) * 1000, now) + ttl.limit + leeway) {
      throw tokenInvalid('It is valid for longer than this server allows.');
    }
    for (const what of ['metadata', 'attributes'] as const) {
      if (jsonSize(signed.claims[what] ?? {}) > options.metadataLimit) {
        throw tokenInvalid(`Its ${what} are larger than ${options.metadataLimit} bytes.`);
      }
    }
    const verified = { claims: joinClaims(signed, token), notBefore: (nbf ?? 0) * 1000 };
    const accepted = current(verified, now);
    cache.set(token, verified);
    return accepted;
  }

  /** What changes with time: held against a token from the cache as against one that was just verified. */
  function current({ claims, notBefore }: { claims: JoinClaims; notBefore: number }, now: Millis): JoinClaims {
    if (claims.expiresAt <= now - leeway) throw new SluiceError('token-expired');
    if (notBefore > now + leeway) throw new SluiceError('token-not-yet-valid');
    if (revocations.isRevoked(claims.tokenId, now)) throw new SluiceError('token-revoked');
    return claims;
  }

  return {
    async sign(request, keyId = options.keys.current) {
      const { token, signed } = await sign(request, keyId, options);
      const claims = joinClaims(signed, token);
      // Who asks for a token joins with it a moment later: a signature made here need not be checked here.
      cache.set(token, { claims, notBefore: (signed.claims.nbf ?? 0) * 1000 });
      return { token, tokenId: claims.tokenId, expiresAt: claims.expiresAt };
    },
    verify(token) {
      const verified = cache.get(token);
      return verified === undefined ? verifyCold(token) : current(verified, clock());
    },
    recall(token) {
      const claims = cache.get(token)?.claims;
      if (claims !== undefined && revocations.isRevoked(claims.tokenId, clock()))
        throw new SluiceError('token-revoked');
      return claims;
    },
    revoke(tokenId) {
      const now = clock();
      revocations.revoke(tokenId, later(now, ttl.limit + leeway), now);
    },
  };
}

async function sign(
  request: TokenRequest,
  keyId: string | undefined,
  options: JoinTokenOptions,
): Promise<{ token: string; signed: SignedClaims }> {
  const secret = keyId === undefined ? undefined : options.keys.secretOf(keyId);
  if (keyId === undefined || secret === undefined) {
    throw new SluiceError('unauthorized', { detail: 'There is no such API key to sign the token with.' });
  }
  const now = options.clock();
  const iat = Math.floor(now / 1000);
  const lifetime = request.ttl ?? options.ttl.default;
  const payload = {
    iss: keyId,
    sub: request.identity,
    jti: randomUUID(),
    iat,
    nbf: request.notBefore === undefined ? iat : Math.floor(request.notBefore / 1000),
    exp: iat + Math.floor(lifetime / 1000),
    room: request.room,
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(request.metadata === undefined ? {} : { metadata: request.metadata }),
    ...(request.attributes === undefined ? {} : { attributes: request.attributes }),
    ...request.grants,
  };
  requireSignable(payload, lifetime, options);
  const token = await new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: keyId })
    .sign(secret.cryptoKey);
  // Read back, so that what is remembered is what was signed.
  return { token, signed: { claims: decodeJwt<Claims>(token), signer: keyId } };
}

type Signable = { nbf: number; exp: number; metadata?: Metadata; attributes?: Attributes };

/** Throws `invalid-request` for what `verify` would refuse, in the words of the request. */
function requireSignable(payload: Signable, lifetime: number, options: JoinTokenOptions): void {
  const errors = isClaims(payload) ? [] : claimErrors(payload).map(inWordsOfTheRequest);
  if (!(lifetime >= 1000 && lifetime <= options.ttl.limit)) {
    errors.push({ path: '/ttl', message: `must be from 1 to ${Math.floor(options.ttl.limit / 1000)} seconds` });
  }
  for (const what of ['metadata', 'attributes'] as const) {
    if (jsonSize(payload[what] ?? {}) <= options.metadataLimit) continue;
    errors.push({ path: `/${what}`, message: `must not be larger than ${options.metadataLimit} bytes` });
  }
  if (payload.nbf >= payload.exp) errors.push({ path: '/notBefore', message: 'must be before the token expires' });
  if (errors.length > 0) throw new SluiceError('invalid-request', { errors });
}

function inWordsOfTheRequest(error: { path: string; message: string }): { path: string; message: string } {
  const path = error.path
    .replace(/^\/sub$/u, '/identity')
    .replace(/^\/(publish|subscribe|data|hidden|admin|profile)\b/u, '/grants$&');
  return { ...error, path };
}

function joinClaims({ claims, signer }: SignedClaims, token: string): JoinClaims {
  const [room, identity] = [parseRoomName(claims.room), parseIdentity(claims.sub)];
  if (room === undefined || identity === undefined) throw tokenInvalid('Its room or its identity is not one.');
  return deepFreeze({
    room,
    identity,
    name: claims.name ?? identity,
    metadata: claims.metadata ?? {},
    attributes: claims.attributes ?? {},
    grants: grantsOf(claims),
    tokenId: tokenIdOf(signer, claims.jti ?? fingerprint(token)),
    keyId: signer,
    expiresAt: (claims.exp * 1000) as Millis,
  });
}

/** A `jti` is unique with its issuer only (RFC 7519 §4.1.7). */
function tokenIdOf(signer: string, jti: string): string {
  return `${signer}/${jti}`;
}

/**
 * What stands in for a missing `jti`: the signed part alone, because an ECDSA signature can be turned into another
 * valid one, and a revoked token must not come back that way.
 */
function fingerprint(token: string): string {
  return hash('sha256', token.slice(0, token.lastIndexOf('.')), 'base64url');
}
