/** Asks the server over REST with the API key. */
import type { Problem } from '../../../src/kernel/errors.ts';

/** Why there is no answer: what the server refused with, `unreachable`, or `unreadable` for what no server of ours says. */
export class AskError extends Error {
  readonly code: string;
  readonly retryAfter: number;

  constructor(code: string, message: string, retryAfter = 0) {
    super(message);
    this.name = 'AskError';
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

export type Client = {
  /** The JSON at `path`. Throws `AskError`, and what `signal` aborts with. */
  get<Answer>(path: string, query?: Query, signal?: AbortSignal): Promise<Answer>;
  /** The body at `path`, as it comes. Throws as `get` does. */
  stream(path: string, query: Query, signal: AbortSignal): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
};

/** `onRefused` is called when the server does not take the key (any more). */
export function createClient(key: string, onRefused: () => void = () => undefined): Client {
  async function ask(path: string, query: Query, signal: AbortSignal | undefined): Promise<Response> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, `${value}`);
    let response: Response;
    try {
      response = await fetch(search.size === 0 ? path : `${path}?${search}`, {
        headers: { authorization: `Bearer ${key}` },
        cache: 'no-store',
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new AskError('unreachable', 'The server cannot be reached.');
    }
    if (response.ok) return response;
    const failure = await failureOf(response);
    if (failure.code === 'unauthorized') onRefused();
    throw failure;
  }

  return {
    async get<Answer>(path: string, query: Query = {}, signal?: AbortSignal) {
      const response = await ask(path, query, signal);
      try {
        return (await response.json()) as Answer;
      } catch (error) {
        if (signal?.aborted) throw error;
        throw new AskError('unreadable', 'The answer was cut off, or something other than the server answered.');
      }
    },
    async stream(path, query, signal) {
      const { body } = await ask(path, query, signal);
      if (body === null) throw new AskError('unreadable', 'The stream has no body.');
      return body;
    },
  };
}

/** Whether this key is one: a header can hold nothing else, and `fetch` would throw. */
export function couldBeKey(text: string): boolean {
  return /^[\x21-\x7e]+$/u.test(text);
}

async function failureOf(response: Response): Promise<AskError> {
  const retryAfter = Number(response.headers.get('retry-after') ?? 0) || 0;
  try {
    const { code, title, detail } = (await response.json()) as Partial<Problem>;
    if (typeof code === 'string') return new AskError(code, detail ?? title ?? code, retryAfter);
  } catch {
    // Not ours: a proxy's page, for example.
  }
  if (response.status === 401) return new AskError('unauthorized', 'A valid API key is required.', retryAfter);
  return new AskError('unreadable', `The answer was HTTP status ${response.status}.`, retryAfter);
}
