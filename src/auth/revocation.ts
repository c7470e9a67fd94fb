import { type Millis, later } from '../kernel/clock.ts';
import { Deadlines } from '../kernel/deadlines.ts';

/** Tokens that are refused although they have not expired. */
export type Revocations = {
  /** Refuses the token from now on. `until`: when it expires; the entry goes some time after that. */
  revoke(tokenId: string, until: Millis, now: Millis): void;
  isRevoked(tokenId: string, now: Millis): boolean;
  /** Entries held. */
  readonly size: number;
};

/**
 * Revocations in memory, at most `limit` of them; above that, the one that expires soonest goes first.
 *
 * @param grace Milliseconds for which a token is accepted after its `exp` (the leeway); entries stay that much longer.
 */
export function createRevocations({ grace, limit = 100_000 }: { grace: number; limit?: number }): Revocations {
  const until = new Map<string, Millis>();
  const expiry = new Deadlines<string>();

  function forget(tokenId: string | undefined): boolean {
    return tokenId !== undefined && until.delete(tokenId);
  }

  return {
    revoke(tokenId, expiresAt, now) {
      while (forget(expiry.takeDue(now)));
      const end = later(expiresAt, grace);
      // A second revocation never shortens the first.
      if (end <= now || end <= (until.get(tokenId) ?? 0)) return;
      if (until.size >= limit && !until.has(tokenId)) forget(expiry.takeDue(expiry.next() ?? now));
      until.set(tokenId, end);
      expiry.set(tokenId, end);
    },
    isRevoked(tokenId, now) {
      const end = until.get(tokenId);
      return end !== undefined && end > now;
    },
    get size() {
      return until.size;
    },
  };
}
