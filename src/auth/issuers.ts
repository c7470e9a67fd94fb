import {
  type CryptoKey,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
} from 'jose';

/** A foreign issuer of join tokens. */
export type IssuerOptions = {
  /** The tokens' `iss`. */
  readonly issuer: string;
  /** Its public keys: fetched when they are needed, or given. */
  readonly jwks: { readonly url: string } | { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** Required in the tokens' `aud`, where given. */
  readonly audience?: string;
  /** Accepted algorithms, at least one. */
  readonly algorithms: readonly ('RS256' | 'ES256' | 'EdDSA')[];
};

/** Finds the public key that verifies a token, by its header. */
export type KeyFinder = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

/** The keys of an issuer could not be fetched: not the token's fault. */
export class IssuerUnavailable extends Error {
  constructor(cause: unknown) {
    super("the issuer's keys cannot be fetched", { cause });
    this.name = 'IssuerUnavailable';
  }
}

/** Times in milliseconds. */
export type JwksTimes = {
  /** For one fetch. */
  readonly timeout: number;
  /** After a fetch that succeeded, before an unknown key id causes another. */
  readonly cooldown: number;
  /** After a fetch that failed, before the next: while it lasts, tokens of the issuer are refused at once. */
  readonly retryAfter: number;
  /** For which fetched keys are used without asking again. */
  readonly maxAge: number;
};

export const JWKS_TIMES: JwksTimes = { timeout: 5000, cooldown: 30_000, retryAfter: 5000, maxAge: 600_000 };

/** The keys of an issuer's key set. Throws where a given set is not one. */
export function createKeyFinder(jwks: IssuerOptions['jwks'], times: JwksTimes = JWKS_TIMES): KeyFinder {
  // jose checks the form itself, and throws.
  if ('keys' in jwks) return createLocalJWKSet({ keys: [...jwks.keys] as JSONWebKeySet['keys'] });

  let failedAt = -Infinity;
  let failure: unknown;
  const remote = createRemoteJWKSet(new URL(jwks.url), {
    timeoutDuration: times.timeout,
    cooldownDuration: times.cooldown,
    cacheMaxAge: times.maxAge,
    // Forged tokens must not turn an issuer's outage into a stream of requests to it.
    [customFetch]: async (url, options) => {
      if (performance.now() - failedAt < times.retryAfter) throw new IssuerUnavailable(failure);
      try {
        const response = await fetch(url, options);
        if (response.status !== 200) throw new Error(`the key set's server answered ${response.status}`);
        // Read here, so that a body that stalls or is no key set counts as a failure too.
        const keySet = (await response.json()) as JSONWebKeySet;
        createLocalJWKSet(keySet);
        return Response.json(keySet);
      } catch (error) {
        failedAt = performance.now();
        failure = error;
        throw new IssuerUnavailable(error);
      }
    },
  });
  return remote;
}
