import type * as uWS from 'uWebSockets.js';
import { STATUS_TEXT } from '../kernel/status-text.ts';
import { assertHeader, linesOf, writeHeaders } from './headers.ts';
import type { HeaderBlock } from './headers.ts';
import type { HttpResponse } from './message.ts';

/** How an answer goes out. */
export type WriteOptions = {
  /** HEAD: headers as for GET, and no body. */
  head: boolean;
  /** Lines of the route. */
  block: HeaderBlock;
  /** Lines that CORS adds. */
  cors: Readonly<Record<string, string>> | undefined;
  /** Close the connection after this answer. */
  close: boolean;
};

/** Bodies above this go out piece by piece as the client reads, so that a slow reader holds no copy in memory. */
const STREAM_ABOVE = 64 * 1024;

// Headers that were checked before. Answers mostly share a few frozen objects.
const checked = new WeakSet<object>();

/** Throws where `response` could not be sent as it is. Must pass before anything is written. */
export function assertResponse(response: HttpResponse): void {
  if (!STATUS_LINES.has(response.status))
    throw new TypeError(`${response.status} is not an HTTP status to answer with.`);
  const { headers } = response;
  if (headers === undefined || checked.has(headers)) return;
  for (const name in headers) for (const value of linesOf(headers[name])) assertHeader(name, value);
  if (Object.isFrozen(headers)) checked.add(headers);
}

/** Whether the body goes out piece by piece. Then the caller must have set `onAborted` before it writes. */
export function isStreamed({ body }: HttpResponse): boolean {
  return body !== undefined && body.length > STREAM_ABOVE;
}

/**
 * Writes a whole answer. Call it corked. Returns false where the rest follows as the client reads; then `written` is called
 * with the last byte.
 */
export function writeResponse(
  res: uWS.HttpResponse,
  response: HttpResponse,
  options: WriteOptions,
  written: () => void,
): boolean {
  const { body } = response;
  // µWS writes "200 OK" by itself with the first header.
  if (response.status !== 200) res.writeStatus(STATUS_LINES.get(response.status) ?? '500 Internal Server Error');
  writeHeaders(res, options.block, response.headers, options.cors);

  if (response.status === 204 || response.status === 304) {
    // Neither has a body, and 204 must not name a length (RFC 9110 §8.6).
    endBare(res, options.close);
    return true;
  }
  if (options.head) {
    // Told the length, endWithoutBody() waits for a body that never comes: the line is written by hand.
    res.writeHeader('Content-Length', String(body === undefined ? 0 : Buffer.byteLength(body)));
    endBare(res, options.close);
    return true;
  }
  if (body === undefined || !isStreamed(response)) {
    if (options.close) res.end(body ?? '', true);
    else res.end(body ?? '');
    return true;
  }
  return streamBody(res, typeof body === 'string' ? Buffer.from(body) : body, written);
}

/** Only status and headers of an answer whose body follows in chunks. Call it corked. */
export function writeHead(
  res: uWS.HttpResponse,
  headers: Readonly<Record<string, string>>,
  options: WriteOptions,
): void {
  writeHeaders(res, options.block, headers, options.cors);
}

function endBare(res: uWS.HttpResponse, close: boolean): void {
  if (close) res.writeHeader('Connection', 'close');
  res.endWithoutBody();
}

function streamBody(res: uWS.HttpResponse, body: Uint8Array, written: () => void): boolean {
  res.onWritable((offset) => {
    let through = true;
    res.cork(() => {
      let over: boolean;
      [through, over] = res.tryEnd(body.subarray(offset), body.byteLength);
      if (over) written();
    });
    return through;
  });
  return res.tryEnd(body, body.byteLength)[1];
}

const STATUS_LINES = new Map(
  Object.entries(STATUS_TEXT)
    .filter(([status]) => Number(status) >= 200)
    .map(([status, text]) => [Number(status), `${status} ${text}`]),
);
