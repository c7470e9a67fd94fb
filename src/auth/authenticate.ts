import { SluiceError, toSluiceError } from '../kernel/errors.ts';
import { addressKey } from './address.ts';
import type { ApiKeys, KeyId } from './api-keys.ts';
import type { Doors } from './doors.ts';
import type { JoinClaims, JoinTokens } from './join-token.ts';

/** Who makes a REST request. */
export type ApiPrincipal = { readonly keyId: KeyId };

/** Decides who is asking, and how often they may. Nothing that it throws holds a credential. */
export type Authenticator = {
  /**
   * The API key of a request, counted against the key's rate.
   *
   * @param authorization The value of the Authorization header.
   * @param address The client's IP address, behind trusted proxies.
   * @throws `unauthorized`, `rate-limited`
   */
  api(authorization: string | undefined, address: string): ApiPrincipal;
  /**
   * What a join token allows, counted as an attempt to join against the address and against the identity.
   * Synchronous where the token was verified before.
   *
   * @throws `token-*`, `rate-limited`, `issuer-unavailable`
   */
  join(token: string, address: string): JoinClaims | Promise<JoinClaims>;
  /**
   * Whose join token comes with a beacon of quality, counted against that participant. One that was good at the join stays so
   * for as long as it is remembered. Synchronous where it was verified before.
   *
   * @throws `token-*`, `rate-limited`, `issuer-unavailable`
   */
  beacon(token: string, address: string): JoinClaims | Promise<JoinClaims>;
  /**
   * The API key of a request, or the join token that stands in its place.
   *
   * @throws what `api` and `join` throw
   */
  apiOrJoin(authorization: string | undefined, address: string): ApiPrincipal | JoinClaims | Promise<JoinClaims>;
};

/** What an authenticator decides with. */
export type AuthenticatorOptions = { readonly keys: ApiKeys; readonly tokens: JoinTokens; readonly doors: Doors };

/** Pairs of address and key that are remembered for having been right. */
const MAX_PROVEN = 10_000;

/** An authenticator over these keys, tokens and doors. */
export function createAuthenticator({ keys, tokens, doors }: AuthenticatorOptions): Authenticator {
  // Where guesses from an address have used up its failures, credentials from there are refused, right or wrong, unless
  // that key was right from there before: a guesser is slowed, and a server beside it behind one NAT goes on.
  const proven = new Map<KeyId, Set<string>>();
  let pairs = 0;

  function prove(keyId: KeyId, address: string): void {
    if (pairs >= MAX_PROVEN) {
      proven.clear();
      pairs = 0;
    }
    const addresses = proven.get(keyId);
    if (addresses === undefined) proven.set(keyId, new Set([address]));
    else addresses.add(address);
    pairs += 1;
  }

  /** Counts a refused credential; `rate-limited` where there were too many, else `error`. */
  function failed(address: string, error: SluiceError): SluiceError {
    try {
      doors.admit('failedAuth', address);
      return error;
    } catch (limit) {
      return toSluiceError(limit);
    }
  }

  async function joinCold(address: string, cold: Promise<JoinClaims>): Promise<JoinClaims> {
    try {
      return admitted(await cold);
    } catch (error) {
      throw isForged(error) ? failed(address, error) : error;
    }
  }

  function admitted(claims: JoinClaims): JoinClaims {
    doors.admit('joinIdentity', `${claims.room}/${claims.identity}`);
    return claims;
  }

  async function beaconCold(token: string, address: string): Promise<JoinClaims> {
    try {
      const claims = await tokens.verify(token);
      doors.admit('beacons', `${claims.room}/${claims.identity}`);
      return claims;
    } catch (error) {
      throw isForged(error) ? failed(address, error) : error;
    }
  }

  /** Whether a credential is of the form of a JWT (RFC 7515 §7.1), and no API key that looks like one. */
  function isToken(credential: string): boolean {
    return /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/u.test(credential) && keys.secretOf(idIn(credential)) === undefined;
  }

  const authenticator: Authenticator = {
    api(authorization, address) {
      const from = addressKey(address);
      const credential = bearer(authorization);
      if (credential === undefined) {
        doors.admit('anonymous', from);
        throw new SluiceError('unauthorized');
      }
      const keyId = keys.authenticate(credential);
      if (keyId === undefined || proven.get(keyId)?.has(from) !== true) {
        // Thrown for a right guess as for a wrong one.
        doors.check('failedAuth', from);
        if (keyId === undefined) throw failed(from, new SluiceError('unauthorized'));
        prove(keyId, from);
      }
      doors.admit('apiKey', keyId);
      return { keyId };
    },
    join(token, address) {
      const from = addressKey(address);
      doors.admit('joinAddress', from);
      const claims = tokens.verify(token);
      return claims instanceof Promise ? joinCold(from, claims) : admitted(claims);
    },
    beacon(token, address) {
      const known = tokens.recall(token);
      if (known !== undefined) {
        doors.admit('beacons', `${known.room}/${known.identity}`);
        return known;
      }
      const from = addressKey(address);
      // Those who are in a call are known already: a guesser beside them behind one NAT slows nobody else.
      doors.check('failedAuth', from);
      doors.admit('beaconAddress', from);
      return beaconCold(token, from);
    },
    apiOrJoin(authorization, address) {
      const credential = bearer(authorization);
      return credential !== undefined && isToken(credential)
        ? authenticator.join(credential, address)
        : authenticator.api(authorization, address);
    },
  };
  return authenticator;
}

/** What stands before the first dot. */
function idIn(credential: string): string {
  return credential.slice(0, Math.max(0, credential.indexOf('.')));
}

/** The Bearer credential in an Authorization value (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1). */
export function bearer(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  // As nearly everybody writes it: this takes a fraction of what the whole grammar does.
  if (/^Bearer [^\s,]+$/u.test(authorization)) return authorization.slice('Bearer '.length);
  return /^bearer +([^\s,]+) *$/iu.exec(authorization)?.[1];
}

/** Whether a refused token says something of who sent it: expired and revoked ones were honest once. */
function isForged(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.code === 'token-invalid';
}
