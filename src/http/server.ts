import * as uWS from 'uWebSockets.js';
import { systemClock } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import { addressText, createAddressResolver } from './address.ts';
import type { AddressResolver } from './address.ts';
import { bodyRule } from './body.ts';
import type { BodyRule } from './body.ts';
import { createConnectionLimit } from './connection-limit.ts';
import { createCors } from './cors.ts';
import type { CorsOptions } from './cors.ts';
import type { ExchangeContext, ResponseRecord } from './exchange.ts';
import { headerBlock } from './headers.ts';
import { listenOn } from './listen.ts';
import type { HttpHandler, HttpMethod, HttpRequest } from './message.ts';
import { createRouteTable } from './route-table.ts';
import { createTlsApp } from './tls.ts';
import type { TlsOptions } from './tls.ts';

/** How the server behaves. Nothing is required. */
export type HttpServerOptions = {
  /** Certificate chain and private key: file names, or PEM text. */
  tls?: TlsOptions;
  /** Whose pages may call this server. Default: nobody's but its own. */
  cors?: CorsOptions;
  /** CIDRs or addresses of the proxies whose X-Forwarded-For is believed. Default none. */
  trustProxy?: readonly string[];
  limits?: {
    /**
     * Connections that one address may open within 12 s, the time in which µWS closes one that stays idle: so also
     * the idle ones that it can hold. More are closed at once. Trusted proxies are exempt. 0: no limit. Default 2,000.
     */
    connectionsPerAddress?: number;
    /** Milliseconds that `close()` gives to running answers. Default 5,000. */
    closeGraceMs?: number;
  };
  /** Told of every fault: what a handler threw that was not a `SluiceError`, and refusals that this folder made itself. */
  onFault?: (error: unknown) => void;
  /** Told of every answer when its last byte was handed over. Keep it cheap. */
  onResponse?: (record: ResponseRecord) => void;
};

/** What a route can ask for. */
export type RouteOptions = {
  /** The route takes a body. Without this, a body that comes is read and thrown away. */
  body?: BodyRule;
  /** Runs when the headers are there, before the body is read: throw here what needs no body (who is asking, too often). */
  admit?: (request: HttpRequest) => void;
  /** Headers of every answer of the route, errors included; a response's own headers win. */
  headers?: Readonly<Record<string, string>>;
};

/** An HTTP server on uWebSockets.js. */
export type HttpServer = {
  /** For what attaches itself to the same port (`io.attachApp(app)`), before or after the routes. */
  readonly app: uWS.TemplatedApp;
  /**
   * Adds a route. `path` is a µWS pattern: static segments, `:name`, and `*` as the last segment. Static segments win
   * over names, names over `*`. A GET route answers HEAD too. The pattern `/*` gets what nothing else took, and
   * takes nothing from what is attached to `app`. Throws when method and path are taken.
   */
  route(method: HttpMethod, path: string, handler: HttpHandler, options?: RouteOptions): void;
  /**
   * Listens, and resolves with the port (the chosen one for port 0). `localhost` means 127.0.0.1 and, where the machine
   * has it, ::1. Rejects when the port is taken.
   */
  listen(host: string, port: number): Promise<number>;
  /** Connections that were closed at once because their address had opened too many. */
  readonly connectionsRefused: number;
  /** Stops listening, ends event streams, lets running answers finish within `closeGraceMs`, closes every connection. */
  close(): Promise<void>;
};

/** A server with no routes that does not listen yet. Throws where TLS, CORS or proxies are configured wrongly. */
export function createHttpServer(options: HttpServerOptions = {}): HttpServer {
  const { limits = {} } = options;
  const addresses = createAddressResolver(options.trustProxy);
  let idle: (() => void) | undefined;
  const context: ExchangeContext = {
    addresses,
    cors: createCors(options.cors),
    onFault: options.onFault ?? (() => undefined),
    onResponse: options.onResponse,
    pending: new Set(),
    onIdle: () => idle?.(),
    closing: false,
  };
  silenceServerHeader();
  const app = options.tls === undefined ? uWS.App() : createTlsApp(options.tls);
  const refusals = limitConnections(app, addresses, limits.connectionsPerAddress ?? 2_000);
  const table = createRouteTable(app, context);
  const listening: (() => void)[] = [];

  const close = async () => {
    context.closing = true;
    for (const stop of listening.splice(0)) stop();
    // A set may lose members while it is walked.
    for (const exchange of context.pending) exchange.endStream();
    if (context.pending.size > 0) {
      await new Promise<void>((resolve) => {
        const bound = setTimeout(resolve, limits.closeGraceMs ?? 5_000);
        idle = () => {
          clearTimeout(bound);
          resolve();
        };
      });
    }
    // Not from within a callback of µWS, and after it has written what was answered last.
    await new Promise((resolve) => setImmediate(resolve));
    app.close();
  };
  let closed: Promise<void> | undefined;

  return {
    app,
    route(method, path, handler, { body, admit, headers } = {}) {
      const names = path.split('/').flatMap((segment) => (segment.startsWith(':') ? [segment.slice(1)] : []));
      const rule = body === undefined ? undefined : bodyRule(body);
      table.add(method, { path, names, handler, body: rule, admit, block: headerBlock(headers) });
    },
    async listen(host, port) {
      if (context.closing) throw new SluiceError('draining');
      const socket = listenOn(app, host, port);
      listening.push(socket.close);
      return socket.port;
    },
    get connectionsRefused() {
      return refusals();
    },
    close: () => (closed ??= close()),
  };
}

function limitConnections(app: uWS.TemplatedApp, addresses: AddressResolver, perAddress: number): () => number {
  let refused = 0;
  if (perAddress > 0) {
    const limit = createConnectionLimit(perAddress);
    app.filter((res, count) => {
      // A closing connection has no address any more; those without a request come back through onAborted.
      if (count < 0) return;
      const peer = addressText(res.getRemoteAddress());
      if (addresses.isProxy(peer)) return;
      const release = limit.open(peer, systemClock());
      if (release !== undefined) {
        // The first request replaces this handler; from then on the connection counts until the window has passed.
        res.onAborted(release);
        return;
      }
      refused += 1;
      res.close();
    });
  }
  return () => refused;
}

// µWS names itself in every answer unless told not to by a setting that its typings leave out.
function silenceServerHeader(): void {
  // oxlint-disable-next-line no-underscore-dangle -- the name is µWS's
  (uWS as unknown as { _cfg(setting: string): void })._cfg('silent');
}
