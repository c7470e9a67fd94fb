import { ERRORS, toProblem } from '../kernel/errors.ts';
import type { SluiceError } from '../kernel/errors.ts';
import type { EventStreamResponse } from './event-stream.ts';

/** The methods that a route can be for. HEAD is answered by the GET route, preflights by the server. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** A request as a handler sees it. Everything on it stays readable for as long as the handler keeps it. */
export type HttpRequest = {
  /** Upper case; `HEAD` where a GET route answers a HEAD request. */
  readonly method: string;
  /** The pattern of the route, such as `/v1/rooms/:room`: the only form of a path that may be a metric label. */
  readonly route: string;
  /** The path as it came, still percent-encoded, without the query. */
  readonly path: string;
  /** The pattern's `:names`, percent-decoded. Reading throws `invalid-request` where the encoding is broken. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The client's address as text: IPv4 dotted, IPv6 as RFC 5952 has it; behind a trusted proxy, what the proxy saw. */
  readonly address: string;
  /** A header by its lower-case name; `undefined` where it is missing or empty. Repeated ones are joined by `, `. */
  header(name: string): string | undefined;
  /** The whole body; empty where none came, or where the route declares none. */
  readonly body: Uint8Array;
  /** The body as UTF-8. Throws `invalid-request` where it is not. */
  text(): string;
  /** The body as JSON. Throws `malformed-json` where it is not, `invalid-request` where a key is `__proto__`. */
  json(): unknown;
  /** True once the client is gone, and the answer will be read by nobody. */
  readonly aborted: boolean;
  /** Aborts when the client goes before it has its answer. */
  readonly signal: AbortSignal;
};

/** A complete answer. Header names and values that could split the response are refused (`internal`). */
export type HttpResponse = {
  readonly status: number;
  /** A list makes a line of each of its values. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
};

/** What a handler may return. */
export type HttpAnswer = HttpResponse | EventStreamResponse;

/**
 * Answers a request. What it throws becomes problem+json: a `SluiceError` as the table has it, anything else
 * `internal`, reported through `onFault`. A handler that returns no promise is answered without leaving the
 * event that delivered the request.
 */
export type HttpHandler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

// Answers to API calls carry tokens and state: no cache may keep them (RFC 9111 §5.2.2.5).
const JSON_HEADERS = Object.freeze({ 'content-type': 'application/json', 'cache-control': 'no-store' });

/** `value` as a JSON answer. `headers` come on top of content-type and cache-control. */
export function json(value: unknown, status = 200, headers?: Readonly<Record<string, string>>): HttpResponse {
  return {
    status,
    headers: headers === undefined ? JSON_HEADERS : { ...JSON_HEADERS, ...headers },
    body: JSON.stringify(value),
  };
}

/** Seconds after which to ask again where the server cannot serve and does not know for how long. */
const UNAVAILABLE_FOR = 5;

/** `error` as problem+json (RFC 9457), with Retry-After where the error says how long to wait, and with every 503. */
export function problem(error: SluiceError, headers?: Readonly<Record<string, string>>): HttpResponse {
  const { status } = ERRORS[error.code];
  const wait = error.retryAfter ?? (status === 503 ? UNAVAILABLE_FOR : undefined);
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(wait === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(wait))) }),
      ...headers,
    },
    body: JSON.stringify(toProblem(error)),
  };
}

/** 204: done, and nothing to say. */
export function noContent(headers?: Readonly<Record<string, string>>): HttpResponse {
  return headers === undefined ? { status: 204 } : { status: 204, headers };
}
