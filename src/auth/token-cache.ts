import { hash } from 'node:crypto';

import type { JoinClaims } from './join-token.ts';

/** What a verified token said, with the time before which it is not valid. */
export type VerifiedToken = { readonly claims: JoinClaims; readonly notBefore: number };

/** Tokens whose signature need not be checked again. What they hold is still held against the clock and revocation. */
export type TokenCache = {
  get(token: string): VerifiedToken | undefined;
  set(token: string, verified: VerifiedToken): void;
  delete(token: string): void;
  /** Tokens held. */
  readonly size: number;
};

/**
 * A cache of verified tokens, by the SHA-256 of the token; the least lately used go first.
 *
 * @param limit Characters of all tokens together, which bounds the memory: claims are no larger than their token.
 */
export function createTokenCache(limit: number): TokenCache {
  const entries = new Map<string, { verified: VerifiedToken; weight: number }>();
  // One iterator for good, always at the oldest entry: a new one would walk over every hole that deletes have left.
  let oldest = entries.keys();
  let weight = 0;

  function remove(digest: string): void {
    weight -= entries.get(digest)?.weight ?? 0;
    entries.delete(digest);
  }

  return {
    get(token) {
      const digest = digestOf(token);
      const entry = entries.get(digest);
      if (entry === undefined) return undefined;
      entries.delete(digest);
      entries.set(digest, entry);
      return entry.verified;
    },
    set(token, verified) {
      const digest = digestOf(token);
      remove(digest);
      entries.set(digest, { verified, weight: token.length });
      weight += token.length;
      while (weight > limit && entries.size > 0) {
        const next = oldest.next();
        if (next.done) oldest = entries.keys();
        else remove(next.value);
      }
    },
    delete(token) {
      remove(digestOf(token));
    },
    get size() {
      return entries.size;
    },
  };
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64url');
}
