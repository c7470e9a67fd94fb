import type * as uWS from 'uWebSockets.js';
import { SluiceError } from '../kernel/errors.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeContext, ServedRoute } from './exchange.ts';
import { headerBlock } from './headers.ts';
import { noContent, problem } from './message.ts';
import type { HttpMethod, HttpResponse } from './message.ts';

/** The routes of a server, entered into µWS's router. */
export type RouteTable = {
  /** Throws when the method and the shape of the path are taken. */
  add(method: HttpMethod, route: ServedRoute): void;
};

type Resource = { path: string; routes: Map<HttpMethod, ServedRoute> };

const REGISTER = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'del' } as const;
const METHODS: ReadonlySet<string> = new Set(['HEAD', 'OPTIONS', ...Object.keys(REGISTER)]);
const DEFAULT_BLOCK = headerBlock();

/** A table whose answers to unknown paths and methods, and to preflights, stand ready. */
export function createRouteTable(app: uWS.TemplatedApp, context: ExchangeContext): RouteTable {
  const resources = new Map<string, Resource>();

  const serve = (route: ServedRoute, method: string, res: uWS.HttpResponse, req: uWS.HttpRequest) => {
    new Exchange(context, route, method, res, req).run(req);
  };

  /** Answers without a route of the table. */
  const reply = (
    path: string,
    res: uWS.HttpResponse,
    req: uWS.HttpRequest,
    answer: () => HttpResponse,
    block = DEFAULT_BLOCK,
  ) => {
    const route = { path, names: [], handler: answer, body: undefined, admit: undefined, block };
    serve(route, methodOf(req), res, req);
  };

  // What µWS's routes by method did not take: OPTIONS, HEAD of what has no GET, and methods that are not there.
  const serveOther = (resource: Resource, res: uWS.HttpResponse, req: uWS.HttpRequest) => {
    const allow = allowed(resource);
    if (methodOf(req) !== 'OPTIONS') {
      reply(resource.path, res, req, () => problem(new SluiceError('method-not-allowed'), { allow }));
      return;
    }
    const own = resource.routes.get('OPTIONS');
    if (req.getHeader('access-control-request-method') !== '') {
      reply(resource.path, res, req, () => preflight(req.getHeader('origin'), allow), own?.block);
    } else if (own !== undefined) serve(own, 'OPTIONS', res, req);
    else reply(resource.path, res, req, () => noContent({ allow }));
  };

  const preflight = (origin: string, allow: string): HttpResponse => {
    const headers = context.cors.preflight(origin, allow);
    if (headers === undefined) throw new SluiceError('origin-not-allowed');
    // The exchange adds the lines that every answer carries; these are the preflight's own.
    const own = Object.entries(headers).filter(([name]) => /^access-control-(?:allow-[mh]|max)/.test(name));
    return noContent(Object.fromEntries(own));
  };

  // `/*` stands in µWS's router only under "any method", which is tried last: so it swallows nothing that others attach.
  const fallback: Resource = { path: '/*', routes: new Map() };
  resources.set('/*', fallback);
  app.any('/*', (res, req) => {
    const method = methodOf(req);
    const route = fallback.routes.get(method === 'HEAD' ? 'GET' : (method as HttpMethod));
    if (route !== undefined && method !== 'OPTIONS') serve(route, method, res, req);
    else reply('unmatched', res, req, notFound);
  });

  return {
    add(method, route) {
      const shape = route.path.replace(/:[^/]*/g, ':');
      let resource = resources.get(shape);
      if (resource === undefined) {
        resource = { path: route.path, routes: new Map() };
        const added = resource;
        resources.set(shape, added);
        app.any(route.path, (res, req) => serveOther(added, res, req));
      }
      if (resource.routes.has(method)) throw new Error(`There is a route for ${method} ${route.path} already.`);
      resource.routes.set(method, route);
      if (resource === fallback || method === 'OPTIONS') return;
      app[REGISTER[method]](route.path, (res, req) => serve(route, method, res, req));
      if (method === 'GET') app.head(route.path, (res, req) => serve(route, 'HEAD', res, req));
    },
  };
}

function notFound(): never {
  throw new SluiceError('not-found');
}

function allowed({ routes }: Resource): string {
  const methods = [...routes.keys()].filter((method) => method !== 'OPTIONS');
  return [...methods, ...(routes.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

/** The method in upper case; `OTHER` for all that this server has never heard of, so that it can be a label. */
function methodOf(req: uWS.HttpRequest): string {
  const method = req.getCaseSensitiveMethod();
  return METHODS.has(method) ? method : 'OTHER';
}
