/** One attempt: a POST that is bounded in time and in what it reads, follows nothing, and trusts no address but the right ones. */
import http from 'node:http';
import https from 'node:https';

import { type AddressRule, checkLiteral, guardedLookup } from './target.ts';

export type Attempt =
  /** An answer's status; `retryAfter` in ms, where it says so. */
  | { readonly status: number; readonly retryAfter: number | undefined }
  /** There was none: what went wrong, in a word. */
  | { readonly error: string };

export type PosterOptions = {
  readonly url: string;
  readonly isAllowed: AddressRule;
  /** For the whole attempt, ms. */
  readonly timeout: number;
  /** Connections at once. */
  readonly concurrency: number;
};

export type Poster = {
  post(headers: Readonly<Record<string, string>>, body: string): Promise<Attempt>;
  close(): void;
};

const MAX_HEADERS = 16 * 1024;
/** What is read of an answer's body, so that its connection can be used again; one that goes on ends with it. */
const MAX_BODY = 16 * 1024;
const BODY_WITHIN_MS = 2000;
const MAX_RETRY_AFTER_S = 3600;

/** Posts to one URL. */
export function createPoster({ url: text, isAllowed, timeout, concurrency }: PosterOptions): Poster {
  const url = new URL(text);
  const { Agent, request } = url.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency, maxFreeSockets: 1, timeout });
  const lookup = guardedLookup(isAllowed);
  return {
    post: (headers, body) =>
      new Promise((resolve) => {
        try {
          checkLiteral(url, isAllowed);
        } catch {
          resolve({ error: 'target-refused' });
          return;
        }
        const limit = AbortSignal.timeout(timeout);
        const sent = request(url, {
          ...{ agent, lookup, method: 'POST', signal: limit, maxHeaderSize: MAX_HEADERS },
          headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        });
        sent.on('response', (answer) => {
          finish(answer);
          resolve({ status: answer.statusCode ?? 0, retryAfter: retryAfterOf(answer.headers['retry-after']) });
        });
        sent.on('error', (error) => resolve({ error: limit.aborted ? 'timeout' : codeOf(error) }));
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** The status says it all: the body is read as far as it is short, and cut off otherwise. */
function finish(answer: http.IncomingMessage): void {
  let bytes = 0;
  const timer = setTimeout(() => answer.destroy(), BODY_WITHIN_MS);
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY) answer.destroy();
  });
  answer.on('error', () => undefined);
  answer.once('close', () => clearTimeout(timer));
}

function retryAfterOf(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,9}$/u.test(header)) return undefined;
  return Math.min(MAX_RETRY_AFTER_S, Number(header)) * 1000;
}

/** `ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`, `target-refused` and their like. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'failed';
}
