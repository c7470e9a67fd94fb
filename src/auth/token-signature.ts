import { type CryptoKey, type JWTVerifyGetKey, type JWTVerifyOptions, decodeJwt, errors, jwtVerify } from 'jose';

import type { Millis } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { ApiKeys } from './api-keys.ts';
import { type IssuerOptions, IssuerUnavailable, type JwksTimes, createKeyFinder } from './issuers.ts';
import { type Claims, claimErrors, isClaims } from './join-claims.ts';

/** The longest token that is looked at; as in the signaling schema. */
export const MAX_TOKEN_LENGTH = 8192;
/** RFC 7515 §7.1: three parts of base64url without padding. */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)$/u;

/** A token whose signature is right, and whose claims have the right shape. */
export type SignedClaims = {
  readonly claims: Claims;
  /** The API key, or the issuer, that signed it. */
  readonly signer: string;
};

/** Checks signatures, and what RFC 7519 says of `iss`, `aud`, `exp` and `nbf`. */
export type SignatureCheck = (token: string, now: Millis) => Promise<SignedClaims>;

type Signer = {
  readonly key: CryptoKey | JWTVerifyGetKey;
  readonly algorithms: string[];
  readonly audience?: string;
  /** The only `kid` that a header may name, where the key is not looked up by it. */
  readonly kid?: string;
};

/**
 * A check against API keys (HS256, by `iss`) and foreign issuers (their algorithms, by `iss` and `kid`). `iss` alone
 * decides which keys and which algorithms count; the header's `alg` chooses among them and never adds to them
 * (RFC 8725 §3.1). Throws where an issuer's given key set is not one.
 *
 * The check rejects with `token-invalid`, `token-expired`, `token-not-yet-valid`, `issuer-unavailable`.
 */
export function createSignatureCheck(
  keys: ApiKeys,
  issuers: readonly IssuerOptions[],
  leeway: number,
  times?: JwksTimes,
): SignatureCheck {
  const foreign = new Map<string, Signer>();
  for (const { issuer, jwks, algorithms, audience } of issuers) {
    const key = createKeyFinder(jwks, times);
    foreign.set(issuer, { key, algorithms: [...algorithms], ...(audience === undefined ? {} : { audience }) });
  }

  function signerOf(iss: unknown): Signer | undefined {
    if (typeof iss !== 'string') return undefined;
    const secret = keys.secretOf(iss);
    return secret === undefined ? foreign.get(iss) : { key: secret, algorithms: ['HS256'], kid: iss };
  }

  return async (token, now) => {
    try {
      requireCompactForm(token);
      const { iss } = decodeJwt(token);
      const signer = signerOf(iss);
      if (signer === undefined) throw tokenInvalid('Its issuer is not known here.');
      const claims = await verified(token, signer, { currentDate: new Date(now), clockTolerance: leeway / 1000 });
      return { claims, signer: claims.iss };
    } catch (error) {
      throw refusal(error);
    }
  };
}

/** `token-invalid`, saying what is wrong with the token and nothing that it holds. */
export function tokenInvalid(
  detail: string,
  extra: { errors?: { path: string; message: string }[] } = {},
): SluiceError {
  return new SluiceError('token-invalid', { detail: `The join token is not valid. ${detail}`, ...extra });
}

async function verified(token: string, signer: Signer, options: JWTVerifyOptions): Promise<Claims> {
  const { key, algorithms, audience, kid } = signer;
  const pinned = { ...options, algorithms, ...(audience === undefined ? {} : { audience }) };
  // Two overloads of one function: keys are given to it, or found by it.
  const { payload, protectedHeader } =
    typeof key === 'function' ? await jwtVerify(token, key, pinned) : await jwtVerify(token, key, pinned);
  if (kid !== undefined && protectedHeader.kid !== undefined && protectedHeader.kid !== kid) {
    throw tokenInvalid('Its header names another key than its issuer.');
  }
  // RFC 8725 §3.11: a token that says that it is of another kind was not made for this.
  if (protectedHeader.typ !== undefined && protectedHeader.typ.toUpperCase() !== 'JWT') {
    throw tokenInvalid('Its type is not JWT.');
  }
  if (!isClaims(payload)) throw tokenInvalid('Its claims do not fit.', { errors: claimErrors(payload) });
  return payload;
}

function requireCompactForm(token: string): void {
  if (token.length > MAX_TOKEN_LENGTH) throw tokenInvalid(`It is longer than ${MAX_TOKEN_LENGTH} characters.`);
  const signature = COMPACT.exec(token)?.[1];
  // Base64url has unused bits at its end: without this, one signature could be written in several ways (RFC 4648 §3.5).
  if (signature === undefined || Buffer.from(signature, 'base64url').toString('base64url') !== signature) {
    throw tokenInvalid('It is not a JWT in compact form.');
  }
}

function refusal(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  if (error instanceof errors.JWTExpired) return new SluiceError('token-expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf' && error.reason === 'check_failed') return new SluiceError('token-not-yet-valid');
    return tokenInvalid(`Its claim ${error.claim} does not fit.`);
  }
  if (error instanceof IssuerUnavailable || error instanceof errors.JWKSTimeout) {
    return new SluiceError('issuer-unavailable', { cause: error, retryAfter: 5 });
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return tokenInvalid('Its algorithm is not accepted from its issuer.');
  if (error instanceof errors.JWKSNoMatchingKey) return tokenInvalid('Its issuer has no such key.');
  if (error instanceof errors.JWSSignatureVerificationFailed) return tokenInvalid('Its signature does not match.');
  // What is left is malformed in one of many ways; which one helps nobody but a forger.
  if (error instanceof errors.JOSEError || error instanceof TypeError) return tokenInvalid('It cannot be read.');
  return new SluiceError('internal', { cause: error });
}
