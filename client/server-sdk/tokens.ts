import { SignJWT } from 'jose';

import { localError } from './errors.ts';
import type { CallOptions, Http } from './http.ts';
import { segment } from './http.ts';
import type { Token, TokenRequest } from './types.ts';

/** Join tokens: made here, which costs no request, or by the server. */
export type Tokens = {
  /** Asks the server, whose limits and defaults hold and whose answer has a link to the meeting page. */
  create(room: string, request: TokenRequest, options?: CallOptions): Promise<Token>;
  /**
   * Signs one here with the API key. What does not fit (a name that is too long, a `ttl` over `auth.tokenTtlLimit`) is
   * found when somebody joins with it, as `token-invalid`.
   */
  sign(room: string, request: TokenRequest): Promise<SignedToken>;
};

/** `expiresAt`: RFC 3339. */
export type SignedToken = { token: string; expiresAt: string };

const HOUR = 3600;

export function createTokens({ request }: Pick<Http, 'request'>, apiKey: string): Tokens {
  return {
    async create(room, wanted, { signal } = {}) {
      return (await request<Token>('POST', `/v1/rooms/${segment(room)}/tokens`, { body: wanted, signal })).value;
    },
    sign: (room, wanted) => signToken(apiKey, room, wanted),
  };
}

/** A join token: a JWT (RFC 7519) with the claims of docs/api.md, HS256 by the key's secret, named by the key's id. */
async function signToken(
  apiKey: string,
  room: string,
  { identity, name, metadata, attributes, grants, ttl = HOUR }: TokenRequest,
): Promise<SignedToken> {
  const dot = apiKey.indexOf('.');
  if (dot < 1) throw localError('invalid-options', 'The API key is not of the form id.secret.');
  if (!(ttl >= 1)) throw localError('invalid-options', '`ttl` is 1 second or more.');
  const [keyId, secret] = [apiKey.slice(0, dot), apiKey.slice(dot + 1)];
  const issuedAt = Math.floor(Date.now() / 1000);
  const expires = issuedAt + Math.floor(ttl);
  const more = Object.entries({ name, metadata, attributes }).filter(([, value]) => value !== undefined);
  const token = await new SignJWT({ ...Object.fromEntries(more), ...grants, room })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: keyId })
    .setIssuer(keyId)
    .setSubject(identity)
    .setJti(crypto.randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret));
  return { token, expiresAt: new Date(expires * 1000).toISOString() };
}
