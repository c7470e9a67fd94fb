import type { TSchema } from 'typebox';

import type { ApiPrincipal, Authenticator } from '../auth/authenticate.ts';
import type { Doors } from '../auth/doors.ts';
import type { JoinClaims } from '../auth/join-token.ts';
import { addressKey } from '../auth/address.ts';
import type { HttpHandler, HttpRequest } from '../http/message.ts';
import type { HttpServer } from '../http/server.ts';
import { createParser } from '../kernel/schema.ts';
import { openApiDocument } from './openapi.ts';
import type { Call, Route, RouteDescription } from './route.ts';

export type ApiOptions = {
  readonly authenticator: Authenticator;
  readonly doors: Doors;
  readonly version: string;
  readonly publicUrl: () => string;
  readonly body: { readonly maxBytes: number; readonly timeoutMs: number };
  /** Operations that are served by themselves. */
  readonly others: readonly RouteDescription[];
};

const JSON_ALONE = ['application/json'] as const;

/** Serves the routes, and the document that describes them at /openapi.json. */
export function serveApi(server: HttpServer, routes: readonly Route[], options: ApiOptions): void {
  for (const route of routes) mount(server, route, options);
  let document: string | undefined;
  server.route('GET', '/openapi.json', () => {
    document ??= JSON.stringify(
      openApiDocument([...routes, ...options.others], { version: options.version, url: options.publicUrl() }),
    );
    return { status: 200, headers: { 'content-type': 'application/json' }, body: document };
  });
}

function mount(server: HttpServer, route: Route, { authenticator, doors, body: rule }: ApiOptions): void {
  const parseBody = route.body && createParser(route.body, 'The body');
  const parseQuery = route.query && createParser(route.query, 'The query');
  const asking = new WeakMap<HttpRequest, Caller | Promise<Caller>>();

  const authenticate = (request: HttpRequest): Caller | Promise<Caller> => {
    const authorization = route.scope === 'anyone' ? undefined : request.header('authorization');
    switch (route.scope) {
      case 'api-key':
        return { principal: authenticator.api(authorization, request.address) };
      case 'api-key-or-token':
        return asCaller(authenticator.apiOrJoin(authorization, request.address));
      case 'anyone':
        doors.admit('anonymous', addressKey(request.address));
        return {};
    }
  };
  const handle: HttpHandler = (request) => {
    const caller = (parseBody === undefined ? undefined : asking.get(request)) ?? authenticate(request);
    const { params } = request;
    const query = parseQuery?.(queryValues(request.query, route.query));
    const body = parseBody?.(request.json());
    if (!(caller instanceof Promise)) return route.handle(new CheckedCall(request, params, query, body, caller));
    return caller.then((known) => route.handle(new CheckedCall(request, params, query, body, known)));
  };
  if (parseBody === undefined) {
    server.route(route.method, route.path, handle);
    return;
  }
  // Nobody's body is read before it is known who asks.
  const admit = (request: HttpRequest) => {
    const caller = authenticate(request);
    asking.set(request, caller);
    // A token that is refused is so when its request is handled, unless its body is refused first.
    if (caller instanceof Promise) caller.catch(() => undefined);
  };
  const types = route.bodyTypes ?? JSON_ALONE;
  server.route(route.method, route.path, handle, { body: { ...rule, types }, admit });
}

/** Reads headers when an operation looks at them: each is a call into native code. */
class CheckedCall implements Call {
  readonly params: Call['params'];
  readonly query: unknown;
  readonly body: unknown;
  readonly principal: ApiPrincipal | undefined;
  readonly claims: JoinClaims | undefined;
  readonly #request: HttpRequest;

  constructor(request: HttpRequest, params: Call['params'], query: unknown, body: unknown, caller: Caller) {
    this.#request = request;
    this.params = params;
    this.query = query;
    this.body = body;
    this.principal = caller.principal;
    this.claims = caller.claims;
  }

  get ifMatch(): string | undefined {
    return this.#request.header('if-match');
  }

  get headers(): Call['headers'] {
    return (name) => this.#request.header(name);
  }
}

type Caller = { readonly principal?: ApiPrincipal; readonly claims?: JoinClaims };

function asCaller(found: ApiPrincipal | JoinClaims | Promise<JoinClaims>): Caller | Promise<Caller> {
  if (found instanceof Promise) return found.then((claims) => ({ claims }));
  return 'grants' in found ? { claims: found } : { principal: found };
}

function propertyTypes(schema: (TSchema & { properties?: Record<string, { type?: string }> }) | undefined) {
  return schema?.properties ?? {};
}

/** The query as the values that its schema means: numbers where it has integers. Repeated names: the last one. */
function queryValues(query: URLSearchParams, schema: TSchema | undefined): Record<string, unknown> {
  const properties = propertyTypes(schema);
  return Object.fromEntries(
    [...query].map(([name, text]) => [
      name,
      properties[name]?.type === 'integer' && /^-?\d{1,15}$/u.test(text) ? Number(text) : text,
    ]),
  );
}
