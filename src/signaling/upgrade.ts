/**
 * Stands between Engine.IO and the µWS app. Engine.IO answers plain HTTP requests in its own format, knows neither of
 * limits nor of µWS' close on back-pressure, and touches the response after an `await`; all of that is mended here.
 */
import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  WebSocket,
  WebSocketBehavior,
  us_socket_context_t,
} from 'uWebSockets.js';

import { type ErrorCode, SluiceError, toProblem } from '../kernel/errors.ts';
import { STATUS_TEXT } from '../kernel/status-text.ts';
import { Connection, type ConnectionLimits } from './connection.ts';
import type { Clock } from '../kernel/clock.ts';
import type { SignalingObserver } from './facts.ts';

export type GateOptions = {
  readonly clock: Clock;
  /** Origins whose pages may connect, besides those of the server's own host; `*` for every origin. */
  readonly origins: readonly string[];
  /** The client's address, as limits count it. */
  readonly addressOf: (peer: string, forwardedFor: string) => string;
  /** Sockets that one address may hold open. */
  readonly connectionsPerAddress: number;
  readonly connection: ConnectionLimits;
  readonly onFact: SignalingObserver;
};

/** What Engine.IO keeps with each WebSocket; its transport is how Socket.IO's side and ours find each other. */
type EngineData = { readonly transport: { onClose(): void } };
type EngineBehavior = WebSocketBehavior<EngineData>;

export type Gate = {
  /** For `io.attachApp`. */
  readonly app: Pick<TemplatedApp, 'any' | 'ws' | 'publish'>;
  /** Sockets that are open. */
  readonly sockets: number;
  /** The connection behind an Engine.IO transport. */
  connectionOf(transport: object): Connection | undefined;
};

/** `app` as Engine.IO should see it. */
export function createGate(app: TemplatedApp, options: GateOptions): Gate {
  const { onFact } = options;
  const connections = new WeakMap<object, Connection>();
  const perAddress = new Map<string, number>();
  let sockets = 0;

  const connectionOf = (ws: WebSocket<EngineData>) => connections.get(ws.getUserData().transport);

  const opened = (connection: Connection, ws: WebSocket<EngineData>) => {
    sockets += 1;
    perAddress.set(connection.address, (perAddress.get(connection.address) ?? 0) + 1);
    connection.opened(ws);
    onFact({ type: 'socket-opened' });
  };
  const closed = (connection: Connection) => {
    sockets -= 1;
    const left = (perAddress.get(connection.address) ?? 1) - 1;
    if (left === 0) perAddress.delete(connection.address);
    else perAddress.set(connection.address, left);
    connection.closed();
    onFact({ type: 'socket-closed' });
  };

  const refuse = (response: HttpResponse, error: SluiceError) => {
    onFact({ type: 'upgrade-refused', code: error.code });
    writeProblem(response, error);
  };
  const upgrade = (engine: EngineBehavior) => (response: HttpResponse, request: HttpRequest, context: Context) => {
    const peer = Buffer.from(response.getRemoteAddressAsText()).toString();
    const address = options.addressOf(peer, request.getHeader('x-forwarded-for'));
    const error = refusal(request, options.origins);
    if (error !== undefined) return refuse(response, error);
    if ((perAddress.get(address) ?? 0) >= options.connectionsPerAddress) {
      return refuse(response, new SluiceError('too-many-connections', { retryAfter: 5 }));
    }
    const guarded = guard(response, address, (data) => {
      connections.set(
        data.transport,
        new Connection(address, options.connection, options.clock, (code) => onFact({ type: 'misbehaviour', code })),
      );
    });
    return engine.upgrade?.(guarded, withoutHeaders(request), context);
  };

  const behavior = (engine: EngineBehavior): EngineBehavior => ({
    ...engine,
    closeOnBackpressureLimit: true,
    // Engine.IO pings, and closes what does not answer.
    sendPingsAutomatically: false,
    upgrade: upgrade(engine),
    open(ws) {
      const connection = connectionOf(ws);
      if (connection !== undefined) opened(connection, ws);
      void engine.open?.(ws);
    },
    message(ws, message, isBinary) {
      if (connectionOf(ws)?.admitFrame(isBinary) === true) void engine.message?.(ws, message, isBinary);
    },
    dropped(ws) {
      connectionOf(ws)?.overflowed();
    },
    close(ws, code, message) {
      const connection = connectionOf(ws);
      // First, so that nothing that Engine.IO sets off can touch the closed socket.
      if (connection !== undefined) closed(connection);
      engine.close?.(ws, code, message);
    },
  });

  const facade: Gate['app'] = {
    any(pattern) {
      app.any(pattern, (response) => {
        response.onAborted(() => undefined);
        refuse(response, new SluiceError('upgrade-required'));
      });
      return facade as TemplatedApp;
    },
    ws(pattern, engine) {
      // Engine.IO is the one caller, with its own user data.
      app.ws(pattern, behavior(engine as EngineBehavior));
      return facade as TemplatedApp;
    },
    publish: (topic, message, isBinary, compress) => app.publish(topic, message, isBinary, compress),
  };
  return {
    app: facade,
    get sockets() {
      return sockets;
    },
    connectionOf: (transport) => connections.get(transport),
  };
}

type Context = us_socket_context_t;

/** Why this request may not become a WebSocket. */
function refusal(request: HttpRequest, origins: readonly string[]): SluiceError | undefined {
  const query = new URLSearchParams(request.getQuery());
  if (query.get('EIO') !== '4' || query.get('transport') !== 'websocket' || query.has('sid')) {
    return new SluiceError('invalid-request', { detail: 'Connect with ?EIO=4&transport=websocket, and no sid.' });
  }
  if (!originAllowed(request.getHeader('origin'), request.getHeader('host'), origins)) {
    return new SluiceError('origin-not-allowed');
  }
  return undefined;
}

/**
 * Whether a page of `origin` may connect to `host`. Programs send no origin (RFC 6455 §10.2). Tokens are what lets
 * somebody in; this keeps foreign pages from spending a visitor's.
 */
export function originAllowed(origin: string, host: string, origins: readonly string[]): boolean {
  if (origin === '' || origins.includes('*') || origins.includes(origin)) return true;
  // Behind a proxy that ends TLS the scheme differs, so hosts are compared.
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** `response` as Engine.IO may use it: after an abort it does nothing, and the transport is told. */
function guard(response: HttpResponse, address: string, accepted: (data: EngineData) => void): HttpResponse {
  let aborted = false;
  response.onAborted(() => {
    aborted = true;
  });
  const guarded: HttpResponse = Object.assign(Object.create(null) as HttpResponse, {
    getRemoteAddressAsText: () => Buffer.from(address),
    onAborted: () => guarded,
    cork(write: () => void) {
      if (aborted) write();
      else response.cork(write);
      return guarded;
    },
    writeStatus(status: string) {
      if (!aborted) response.writeStatus(status);
      return guarded;
    },
    writeHeader(name: string, value: string) {
      if (!aborted) response.writeHeader(name, value);
      return guarded;
    },
    end(body?: string) {
      if (!aborted) response.end(body, true);
      return guarded;
    },
    close() {
      if (!aborted) response.close();
      return guarded;
    },
    upgrade(data: EngineData, key: string, protocol: string, extensions: string, context: Context) {
      if (aborted) return data.transport.onClose();
      accepted(data);
      response.upgrade(data, key, protocol, extensions, context);
    },
  });
  return guarded;
}

/** `request` as Engine.IO may use it: nobody asks it for the headers, a copy of which it would keep with each socket. */
function withoutHeaders(request: HttpRequest): HttpRequest {
  const plain: HttpRequest = Object.assign(Object.create(null) as HttpRequest, {
    getMethod: () => request.getMethod(),
    getUrl: () => request.getUrl(),
    getQuery: () => request.getQuery(),
    getHeader: (name: string) => request.getHeader(name),
    forEach: () => undefined,
  });
  return plain;
}

function writeProblem(response: HttpResponse, error: SluiceError): void {
  const problem = toProblem(error);
  response.cork(() => {
    response.writeStatus(`${problem.status} ${STATUS_TEXT[problem.status] ?? 'Error'}`);
    response.writeHeader('content-type', 'application/problem+json');
    response.writeHeader('cache-control', 'no-store');
    const extra = EXTRA_HEADER[error.code];
    if (extra !== undefined) response.writeHeader(...extra);
    if (error.retryAfter !== undefined) response.writeHeader('retry-after', String(error.retryAfter));
    // Whatever the client still sends is not worth reading.
    response.end(JSON.stringify(problem), true);
  });
}

/** RFC 9110 §15.5.22: a 426 says what to upgrade to. */
const EXTRA_HEADER: Partial<Record<ErrorCode, [name: string, value: string]>> = {
  'upgrade-required': ['upgrade', 'websocket'],
};
