import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { ResponseRecord } from '../../src/http/exchange.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { HttpServer, HttpServerOptions } from '../../src/http/server.ts';

export type Running = { server: HttpServer; port: number; faults: unknown[]; records: ResponseRecord[] };

/** Much for a machine that has other things to do, and less than µWS gives an idle connection. */
const PATIENCE = 9_000;

/** A server on 127.0.0.1 that stops with the test. */
export async function startServer(
  t: TestContext,
  options: HttpServerOptions,
  routes: (server: HttpServer) => void,
): Promise<Running> {
  const faults: unknown[] = [];
  const records: ResponseRecord[] = [];
  const server = createHttpServer({
    ...options,
    limits: { closeGraceMs: 200, ...options.limits },
    onFault: (error) => faults.push(error),
    onResponse: (record) => records.push(record),
  });
  t.after(() => server.close());
  routes(server);
  const port = await server.listen('127.0.0.1', 0);
  return { server, port, faults, records };
}

export type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer; text: string; json: unknown };

/** One request on a connection of its own. */
export async function ask(
  port: number,
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const request = httpRequest({ host: '127.0.0.1', port, method, path, headers: options.headers ?? {}, agent: false });
  request.end(options.body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const text = body.toString();
  const isJson = /json/.test(response.headers['content-type'] ?? '');
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

/** JSON in a body. */
export const jsonBody = (text: string) => ({ headers: { 'content-type': 'application/json' }, body: text });

/** A bare connection, for what no client library would send. */
export class Wire {
  readonly socket: Socket;
  received = '';
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data) => {
      this.received += data.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static async open(t: TestContext, port: number): Promise<Wire> {
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    const wire = new Wire(socket);
    await once(socket, 'connect');
    return wire;
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits until what was received matches. */
  async until(pattern: RegExp | 'closed', milliseconds = PATIENCE): Promise<string> {
    await eventually(
      () => (pattern === 'closed' ? this.closed : pattern.test(this.received)),
      milliseconds,
      () => `waiting for ${String(pattern)}; received ${JSON.stringify(this.received.slice(0, 500))}`,
    );
    return this.received;
  }
}

/** Waits for a condition; fails when it does not come. */
export async function eventually(condition: () => boolean, milliseconds = PATIENCE, what = () => ''): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`This did not happen within ${milliseconds} ms. ${what()}`);
    // oxlint-disable-next-line no-await-in-loop -- polling is the point
    await pause(5);
  }
}

export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
