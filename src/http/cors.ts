/** Whose pages may call the server (the Fetch standard's CORS protocol). */
export type CorsOptions = {
  /** Exact origins, such as `https://app.example`; or `*` for every page. `[]`: no page but the server's own. */
  origins: readonly string[] | '*';
  /** Seconds for which a browser may keep the answer to a preflight. Default 600. */
  maxAge?: number;
};

/** The rules as the server applies them. Cookies are never used, so credentials are never allowed. */
export type Cors = {
  /** False: there is nothing to add to any answer. */
  readonly active: boolean;
  /** The header lines for an answer to `origin`, which is '' where the request names none. */
  headersFor(origin: string): Readonly<Record<string, string>>;
  /** The header lines that answer a preflight, or undefined where the origin is not allowed. */
  preflight(origin: string, methods: string): Readonly<Record<string, string>> | undefined;
};

const ALLOWED_HEADERS = 'authorization, content-encoding, content-type, if-match, if-none-match, last-event-id';
const EXPOSED_HEADERS = 'etag, link, location, retry-after';

/** CORS from configuration. Throws where an origin is not one, since it would never match. */
export function createCors(options: CorsOptions = { origins: [] }): Cors {
  const { origins, maxAge = 600 } = options;
  for (const origin of origins === '*' ? [] : origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new Error(`"${origin}" is not an origin: write scheme://host or scheme://host:port, and nothing after it.`);
    }
  }
  const any = Object.freeze({ 'access-control-allow-origin': '*', 'access-control-expose-headers': EXPOSED_HEADERS });
  // A cache must not give one origin's answer to another, nor to those who name no origin.
  const denied = Object.freeze({ vary: 'Origin' });
  const allowed = new Map(
    (origins === '*' ? [] : origins).map((origin) => [
      origin,
      Object.freeze({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': EXPOSED_HEADERS,
        ...denied,
      }),
    ]),
  );
  const headersFor = (origin: string) => (origins === '*' ? any : (allowed.get(origin) ?? denied));

  return {
    active: origins === '*' || origins.length > 0,
    headersFor,
    preflight(origin, methods) {
      const headers = headersFor(origin);
      if (headers === denied) return undefined;
      return {
        ...headers,
        'access-control-allow-methods': methods,
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': String(maxAge),
      };
    },
  };
}
