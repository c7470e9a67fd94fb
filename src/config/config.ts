/** The configuration as the rest of the server sees it: complete, checked, frozen. */
import type { RateLimit } from '../kernel/token-bucket.ts';
import type { Settings } from './schema.ts';

/** Everything that can be set. Durations are in milliseconds, sizes in bytes, bit rates in bits per second. */
export type Config = DeepReadonly<
  Omit<Settings, 'mode' | 'auth' | 'limits' | 'rooms' | 'media' | 'turn'> & {
    /** `NODE_ENV=production` makes it `production` where nothing sets it. */
    mode: 'development' | 'production';
    auth: Omit<Settings['auth'], 'issuers'> & { issuers: Issuer[] };
    limits: Record<keyof Settings['limits'], RateLimit>;
    rooms: Omit<Settings['rooms'], 'createOnJoin'> & {
      /** Whether a token for a room that is not open opens it. */
      createOnJoin: boolean;
    };
    media: Omit<Settings['media'], 'workers' | 'listen' | 'announced'> & {
      /** Worker processes; `auto` has become the number of cores. */
      workers: number;
      /** Where each worker listens and what clients are told instead; never empty, never an unannounced wildcard. */
      listen: { ip: string; announced?: string }[];
    };
    turn: Omit<Settings['turn'], 'threads' | 'listen' | 'announced' | 'relay' | 'tls' | 'mobility' | 'tcpRelay'> & {
      threads: number;
      /** Where clients are taken, and what they are told instead. Wildcards stand here as the machine's addresses. */
      listen: { ip: string; announced?: string }[];
      /** Where relayed traffic leaves, and what peers see instead: at most one of each family. */
      relay: { ip: string; announced?: string }[];
      /** `server`: the certificate of HTTP. */
      tls: 'off' | 'server' | { cert: string; key: string };
      mobility: boolean;
      tcpRelay: boolean;
    };
  }
>;

/** A foreign issuer of join tokens. */
export type Issuer = {
  /** The tokens' `iss`. */
  issuer: string;
  /** Its keys: fetched from `url` when they are needed, or given. */
  jwks: { url: string } | { keys: Record<string, unknown>[] };
  /** Required in the tokens' `aud`, where given. */
  audience?: string;
  /** Accepted algorithms. */
  algorithms: ('RS256' | 'ES256' | 'EdDSA')[];
};

/** `T`, read-only to its depth. */
export type DeepReadonly<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };

/**
 * The URL at which clients reach the server: `publicUrl`, else what `host`, `tls` and `port` make of it.
 *
 * @param port The port that the server listens on, where `config.port` is 0.
 */
export function publicUrl(config: Config, port: number = config.port): string {
  if (config.publicUrl !== null) return config.publicUrl;
  const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  const scheme = config.tls === 'off' ? 'http' : 'https';
  return new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`).origin;
}

/** What a person should know who starts a server with this configuration, and can go on without minding. */
export function warnings(config: Pick<Config, 'host' | 'tls' | 'publicUrl'>): string[] {
  if (isLocal(config) || config.tls !== 'off' || config.publicUrl !== null) return [];
  return [
    'Browsers give no camera or microphone to pages over plain http from another host. Set tls (--tls self-signed ' +
      'for a try), or put a proxy with TLS in front and set publicUrl.',
  ];
}

/** Whether the server listens only to this machine itself. */
export function isLocal(config: Pick<Config, 'host'>): boolean {
  return config.host === 'localhost' || config.host === '::1' || config.host.startsWith('127.');
}
