import type { Millis } from '../kernel/clock.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import { verifyIntegrity, verifyIntegritySha256 } from '../stun/integrity.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import {
  PASSWORD_ALGORITHM,
  type PasswordAlgorithm,
  chosenPasswordAlgorithm,
  repeatsPasswordAlgorithms,
} from '../stun/password-algorithms.ts';
import { type Core, count } from './core.ts';
import { NONCE_FRESH } from './nonce.ts';
import { PASSWORD_ALGORITHMS } from './reply.ts';
import { type Authenticated, type Request, noncePort } from './request.ts';
import type { User, UserRefusal, VerifyKey } from './users.ts';

/**
 * The long-term credential mechanism (RFC 8489 §9.2.4), in its order of checks. Where the request does not pass, it has
 * been answered, and undefined is returned. Nothing is remembered of it.
 */
export function authenticate(core: Core, request: Request, now: Millis): Authenticated | undefined {
  const { reader, replies } = core;
  const sha256 = reader.has(ATTRIBUTE.MESSAGE_INTEGRITY_SHA256);
  if (!sha256 && !reader.has(ATTRIBUTE.MESSAGE_INTEGRITY)) {
    replies.challenge(request, 401, now);
    return undefined;
  }
  const hashed = reader.has(ATTRIBUTE.USERHASH);
  const named = hashed || reader.has(ATTRIBUTE.USERNAME);
  const algorithm = algorithmOf(reader);
  if (!named || !reader.has(ATTRIBUTE.REALM) || !reader.has(ATTRIBUTE.NONCE) || algorithm === undefined) {
    replies.refuse(request, 400, now);
    return undefined;
  }
  const user = findUser(core, hashed, algorithm, sha256, now);
  if (typeof user === 'number') {
    count(core, 'auth.refused');
    replies.challenge(request, 401, now);
    return undefined;
  }
  const { a, b, c, d } = request.address;
  const port = noncePort(request);
  const nonce = reader.at(ATTRIBUTE.NONCE);
  const verdict = core.options.nonces.check(nonce, reader.size(ATTRIBUTE.NONCE), a, b, c, d, port, now);
  if (verdict !== NONCE_FRESH) {
    count(core, 'nonce.stale');
    replies.challenge(request, 438, now);
    return undefined;
  }
  return { user, algorithm, sha256 };
}

/**
 * The algorithm that the client's key is made with; undefined where the request is a 400. The checks are made whether
 * the nonce says that there are algorithms or not: a nonce that we did not make is refused anyway.
 */
function algorithmOf(reader: MessageReader): PasswordAlgorithm | undefined {
  const { MD5 } = PASSWORD_ALGORITHM;
  if (!reader.has(ATTRIBUTE.PASSWORD_ALGORITHM) && !reader.has(ATTRIBUTE.PASSWORD_ALGORITHMS)) return MD5;
  return repeatsPasswordAlgorithms(reader, PASSWORD_ALGORITHMS) ? chosenPasswordAlgorithm(reader) : undefined;
}

function findUser(
  { reader, options: { users }, verify }: Core,
  hashed: boolean,
  algorithm: PasswordAlgorithm,
  sha256: boolean,
  now: Millis,
): User | UserRefusal {
  const verifyKey = sha256 ? verify.sha256 : verify.sha1;
  if (hashed) return users.authenticateHash(reader.at(ATTRIBUTE.USERHASH), algorithm, sha256, verifyKey);
  const name = reader.at(ATTRIBUTE.USERNAME);
  return users.authenticate(name, reader.size(ATTRIBUTE.USERNAME), algorithm, sha256, verifyKey, now);
}

/** Whether the request in the reader carries the MAC of a key: MESSAGE-INTEGRITY, or MESSAGE-INTEGRITY-SHA256. */
export function createVerifiers(reader: MessageReader): { readonly sha1: VerifyKey; readonly sha256: VerifyKey } {
  return {
    sha1: (keys) => verifyIntegrity(reader, keys, 0),
    sha256: (keys) => verifyIntegritySha256(reader, keys, 0),
  };
}
