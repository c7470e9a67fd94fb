/** Requests to the REST API: what they carry, when they are tried again, and what their refusals become. */
import { localError, SluiceError, type SluiceErrorCode, type Violation } from './errors.ts';

export type SluiceOptions = {
  /** Where the server is, as `publicUrl` has it: `https://media.example.com`. */
  readonly url: string;
  /** An API key, `id.secret`. It belongs into your back end and nowhere else. */
  readonly apiKey: string;
  /** Milliseconds that one attempt may take. Default 10,000. */
  readonly timeout?: number;
  /** How often a request is tried again. Default 3; 0: never. */
  readonly retries?: number;
  /** The longest wait before the next attempt, in milliseconds; a longer `Retry-After` is an error at once. Default 10,000. */
  readonly maxRetryWait?: number;
  /** In the place of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
};

/** What every call takes besides. */
export type CallOptions = {
  /** Cancels the call, which fails with `aborted`. */
  readonly signal?: AbortSignal | undefined;
};

export type Query = Readonly<Record<string, string | number | undefined>>;

type RequestOptions = {
  readonly query?: Query;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Whether a 503 is an answer, too: it says what is not ready. */
  readonly unready?: boolean;
};

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** An answer with its entity tag, where it has one. */
export type Answer<Value> = {
  readonly value: Value;
  readonly etag: string | undefined;
  readonly date: Date | undefined;
};

export type Http = {
  /** The origin and path below which everything is; no slash at its end. */
  readonly base: string;
  readonly request: <Value>(method: Method, path: string, options?: RequestOptions) => Promise<Answer<Value>>;
  /** An event stream, once the server has begun to answer. One attempt, without a limit to how long it goes on. */
  open(path: string, options: RequestOptions): Promise<ReadableStream<Uint8Array>>;
};

const FIRST_WAIT = 250;

/** Throws `invalid-options`. */
export function createHttp(given: SluiceOptions): Http {
  const { apiKey, timeout = 10_000, retries = 3, maxRetryWait = 10_000 } = given;
  const send = given.fetch ?? globalThis.fetch;
  const base = baseOf(given.url);
  if (!/^[\x21-\x7e]+$/u.test(apiKey)) throw localError('invalid-options', '`apiKey` is not an API key.');

  async function once(method: Method, path: string, options: RequestOptions) {
    const { query = {}, body, headers = {}, signal, unready = false } = options;
    const all = Object.entries({ ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) });
    const response = await send(base + path + search(query), {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined)),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      // Somewhere else the key would be lost, or in the wrong hands.
      redirect: 'manual',
    });
    if (!response.ok && !(unready && isUnready(response))) throw await refusal(response);
    return response;
  }

  async function attempt<Value>(method: Method, path: string, options: RequestOptions): Promise<Answer<Value>> {
    const limit = AbortSignal.timeout(timeout);
    const signal = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]);
    try {
      const response = await once(method, path, { ...options, signal });
      const text = await response.text();
      const date = Date.parse(response.headers.get('date') ?? '');
      return {
        value: (text === '' ? undefined : parse(text)) as Value,
        etag: response.headers.get('etag') ?? undefined,
        date: Number.isNaN(date) ? undefined : new Date(date),
      };
    } catch (error) {
      throw failure(error, options.signal, limit);
    }
  }

  return {
    base,
    async request<Value>(method: Method, path: string, request: RequestOptions = {}) {
      for (let done = 0; ; done += 1) {
        try {
          return await attempt<Value>(method, path, request);
        } catch (error) {
          const wait = done < retries ? retryWait(error, method, done) : undefined;
          if (wait === undefined || wait > maxRetryWait) throw error;
          await sleep(wait, request.signal);
        }
      }
    },
    async open(path, request) {
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), timeout);
      const signal = request.signal === undefined ? late.signal : AbortSignal.any([request.signal, late.signal]);
      try {
        const accept = { accept: 'text/event-stream', ...request.headers };
        const { body, headers } = await once('GET', path, { ...request, headers: accept, signal });
        if (body !== null && headers.get('content-type')?.startsWith('text/event-stream') === true) return body;
        throw localError('bad-answer');
      } catch (error) {
        throw failure(error, request.signal, late.signal);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Waits `milliseconds`; rejects with `aborted`. */
export function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(localError('aborted', undefined, signal?.reason));
    };
    if (signal?.aborted === true) return reject(localError('aborted', undefined, signal.reason));
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
    return undefined;
  });
}

/** From `least` on twice as long each time, up to a minute, less by chance up to the half. */
export function backoff(failures: number, least = FIRST_WAIT): number {
  return Math.min(least * 2 ** failures, 60_000) * (0.5 + Math.random() / 2);
}

/** `text` as one segment of a path. */
export function segment(text: string): string {
  // A URL knows no way to write them (RFC 3986 §5.2.4): the request would be for something else.
  if (text === '.' || text === '..' || text === '') {
    throw localError('invalid-options', `"${text}" cannot stand in a path: REST knows nobody of this name.`);
  }
  return encodeURIComponent(text);
}

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') {
    throw localError('invalid-options', '`url` is not an http or https address.');
  }
  return parsed.origin + parsed.pathname.replace(/\/+$/u, '');
}

function search(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return params.size === 0 ? '' : `?${params}`;
}

/** Milliseconds until the next attempt, or undefined where there is to be none. */
function retryWait(error: unknown, method: Method, done: number): number | undefined {
  if (!(error instanceof SluiceError)) return undefined;
  const { code, status, retryAfter } = error;
  // Refused before anything was done: whatever it was may be asked again.
  if (status === 429 || status === 503) return retryAfter === undefined ? backoff(done) : retryAfter * 1000;
  // Nobody knows whether it was done.
  return method === 'GET' && (code === 'unreachable' || code === 'timeout') ? backoff(done) : undefined;
}

function isUnready({ status, headers }: Response): boolean {
  return status === 503 && headers.get('content-type')?.startsWith('application/json') === true;
}

type Problem = { code?: SluiceErrorCode; title?: string; detail?: string; errors?: Violation[] };

/** RFC 9457 problem details as the server sends them, or what a proxy in front of it has to say. */
async function refusal(response: Response): Promise<SluiceError> {
  const { status, headers } = response;
  const text = await response.text();
  const problem = headers.get('content-type')?.startsWith('application/problem+json') === true ? problemIn(text) : {};
  const { code, title, detail, errors } = problem;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
  if (code !== undefined) {
    const where = (errors ?? []).map(({ path, message }) => ` ${path === '' ? 'The whole' : path}: ${message}.`);
    return new SluiceError(code, (detail ?? title ?? code) + where.join(''), { status, retryAfter, errors });
  }
  const location = headers.get('location');
  const what = location === null ? `HTTP ${status}` : `HTTP ${status}, to ${location}: give that address as \`url\``;
  return new SluiceError('bad-answer', `The answer is not one of a Sluice server: ${what}.`, { status, retryAfter });
}

function problemIn(text: string): Problem {
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === 'object' && problem !== null ? problem : {};
  } catch {
    return {};
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw localError('bad-answer', undefined, error);
  }
}

function failure(error: unknown, wish: AbortSignal | undefined, limit: AbortSignal): SluiceError {
  if (error instanceof SluiceError) return error;
  if (wish?.aborted === true) return localError('aborted', undefined, wish.reason);
  if (limit.aborted) return localError('timeout', undefined, error);
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return localError('unreachable', `The server cannot be reached${cause}.`, error);
}
