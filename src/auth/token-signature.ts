import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';

import type { Millis } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { ApiKeys } from './api-keys.ts';
import { type IssuerOptions, IssuerUnavailable, type JwksTimes, createKeyFinder } from './issuers.ts';
import { type Claims, claimErrors, isClaims } from './join-claims.ts';

/** The longest token that is looked at; as in the signaling schema. */
export const MAX_TOKEN_LENGTH = 8192;
/** RFC 7515 §7.1: three parts of base64url without padding. */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/u;

/** A token whose signature is right, and whose claims have the right shape. */
export type SignedClaims = {
  readonly claims: Claims;
  /** The API key, or the issuer, that signed it. */
  readonly signer: string;
};

/** Checks signatures, and what RFC 7519 says of `iss`, `aud`, `exp` and `nbf`. */
export type SignatureCheck = (token: string, now: Millis) => Promise<SignedClaims>;

type Issuer = { readonly key: JWTVerifyGetKey; readonly algorithms: string[]; readonly audience?: string };

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
  const foreign = new Map<string, Issuer>();
  for (const { issuer, jwks, algorithms, audience } of issuers) {
    const key = createKeyFinder(jwks, times);
    foreign.set(issuer, { key, algorithms: [...algorithms], ...(audience === undefined ? {} : { audience }) });
  }

  return async (token, now) => {
    try {
      const parts = inCompactForm(token);
      const payload = decoded(parts.payload);
      const signer = typeof payload.iss === 'string' ? payload.iss : '';
      const time = { now, leeway };
      const secret = keys.secretOf(signer);
      if (secret !== undefined) {
        requireSignature(token, parts, secret.keyObject, signer);
        return { claims: timely(fitting(payload), time), signer };
      }
      const issuer = foreign.get(signer);
      if (issuer === undefined) throw tokenInvalid('Its issuer is not known here.');
      return { claims: await verifiedByJose(token, issuer, time), signer };
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

/** When it is, and by how much other clocks may differ, in milliseconds. */
type Time = { readonly now: Millis; readonly leeway: number };

/**
 * Throws where an API key has not signed the token. The HMAC is computed here: jose would have WebCrypto do that, which
 * hands each token to another thread and back for many times what the HMAC itself takes.
 */
function requireSignature(token: string, parts: Parts, key: KeyObject, keyId: string): void {
  const header = decoded(parts.header);
  if (header.alg !== 'HS256') throw tokenInvalid('Its algorithm is not accepted from its issuer.');
  // RFC 7515 §4.1.11: what is critical must be understood, and nothing is; nor a payload that is not encoded (RFC 7797 §3).
  if (header.crit !== undefined) throw tokenInvalid('It cannot be read.');
  const right = createHmac('sha256', key)
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest();
  const given = parts.signature;
  if (given.length !== right.length || !timingSafeEqual(given, right)) {
    throw tokenInvalid('Its signature does not match.');
  }
  if (header.kid !== undefined && header.kid !== keyId) {
    throw tokenInvalid('Its header names another key than its issuer.');
  }
  requireType(header.typ);
}

async function verifiedByJose(token: string, issuer: Issuer, { now, leeway }: Time): Promise<Claims> {
  const { key, ...pinned } = issuer;
  const options = { ...pinned, currentDate: new Date(now), clockTolerance: leeway / 1000 };
  const { payload, protectedHeader } = await jwtVerify(token, key, options);
  requireType(protectedHeader.typ);
  return fitting(payload);
}

/** RFC 8725 §3.11: a token that says that it is of another kind was not made for this. */
function requireType(typ: unknown): void {
  if (typ !== undefined && (typeof typ !== 'string' || typ.toUpperCase() !== 'JWT')) {
    throw tokenInvalid('Its type is not JWT.');
  }
}

function fitting(payload: unknown): Claims {
  if (!isClaims(payload)) throw tokenInvalid('Its claims do not fit.', { errors: claimErrors(payload) });
  return payload;
}

/** RFC 7519 §4.1.4, §4.1.5. */
function timely(claims: Claims, { now, leeway }: Time): Claims {
  if ((claims.nbf ?? 0) * 1000 > now + leeway) throw new SluiceError('token-not-yet-valid');
  if (claims.exp * 1000 <= now - leeway) throw new SluiceError('token-expired');
  return claims;
}

/** A token taken apart: two parts in base64url, and the bytes of the third. */
type Parts = { readonly header: string; readonly payload: string; readonly signature: Buffer };

function inCompactForm(token: string): Parts {
  if (token.length > MAX_TOKEN_LENGTH) throw tokenInvalid(`It is longer than ${MAX_TOKEN_LENGTH} characters.`);
  const [, header = '', payload = '', text = ''] = COMPACT.exec(token) ?? [];
  const signature = Buffer.from(text, 'base64url');
  // Base64url has unused bits at its end: without this, one signature could be written in several ways (RFC 4648 §3.5).
  if (text === '' || signature.toString('base64url') !== text) throw tokenInvalid('It is not a JWT in compact form.');
  return { header, payload, signature };
}

/** The JSON object that a part holds (RFC 7519 §7.2). */
function decoded(part: string): Partial<Record<'iss' | 'alg' | 'crit' | 'kid' | 'typ', unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    throw tokenInvalid('It cannot be read.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw tokenInvalid('It cannot be read.');
  return value;
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
