import { randomBytes } from 'node:crypto';

import { type Clock, later, type Millis } from '../kernel/clock.ts';
import { createCredentials } from '../turn/credentials.ts';

/** What a client is given to come to the relay with: the JSON of draft-uberti-behave-turn-rest-00 §2.2. */
export type TurnCredentials = {
  readonly username: string;
  readonly password: string;
  /** Seconds. */
  readonly ttl: number;
  readonly uris: readonly string[];
};

/** Gives out time-limited credentials, and knows up to when those of an identity have been taken back. */
export type CredentialDesk = {
  /** @param ttl Seconds, `maxTtl` at most; that is the default. */
  issue(identity: string, ttl?: number): TurnCredentials;
  /** For somebody who has no name: nobody else is given the same one. */
  issueNameless(owner: string, ttl?: number): TurnCredentials;
  /**
   * Takes back all that `identity` was given. Returns the time that none of it outlasts: the `issuedUntil` of a
   * revocation. What is issued from now on lasts longer, if only by a second.
   */
  takeBack(identity: string): Millis;
  /** Seconds that credentials are good for at most. */
  readonly maxTtl: number;
};

export type CredentialDeskOptions = {
  /** The first one signs. */
  readonly secrets: readonly string[];
  /** Seconds. */
  readonly maxTtl: number;
  readonly clock: Clock;
  readonly uris: () => readonly string[];
};

/** Identities whose credentials were taken back that are remembered; those that end first go first. */
const MAX_TAKEN_BACK = 100_000;

export function createCredentialDesk({ secrets, maxTtl, clock, uris }: CredentialDeskOptions): CredentialDesk {
  /** By identity, in the order of time: when the last of what was taken back ends, in seconds since the epoch. */
  const takenBack = new Map<string, number>();
  const make = (ttl: number) => createCredentials({ secrets, ttl });
  const usual = make(maxTtl);

  function issue(identity: string, ttl = maxTtl): TurnCredentials {
    const now = clock();
    const least = (takenBack.get(identity) ?? 0) + 1 - Math.ceil(now / 1000);
    const wanted = Math.min(ttl, maxTtl);
    const given = Math.max(wanted, least);
    const { username, password } = (given === maxTtl ? usual : make(given)).issue(identity, now);
    return { username, password, ttl: given, uris: uris() };
  }

  function forgetWhatHasEnded(now: number): void {
    for (const [identity, until] of takenBack) {
      if (until > now && takenBack.size < MAX_TAKEN_BACK) return;
      takenBack.delete(identity);
    }
  }

  return {
    maxTtl,
    issue,
    issueNameless: (owner, ttl) => issue(`${owner}:${randomBytes(9).toString('base64url')}`, ttl),
    takeBack(identity) {
      const now = Math.ceil(clock() / 1000);
      forgetWhatHasEnded(now);
      // One that was raised above the usual by an earlier call lasts a second longer than that call's.
      const until = Math.max(now + maxTtl, (takenBack.get(identity) ?? 0) + 1);
      takenBack.delete(identity);
      takenBack.set(identity, until);
      return later(0 as Millis, until * 1000);
    },
  };
}
