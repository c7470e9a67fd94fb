import type { Static, TSchema } from 'typebox';

import type { ApiPrincipal } from '../auth/authenticate.ts';
import type { JoinClaims } from '../auth/join-token.ts';
import type { HttpAnswer, HttpMethod } from '../http/message.ts';
import type { ErrorCode } from '../kernel/errors.ts';

/** Who may call a route: holders of an API key, they and holders of a join token, the latter alone, or anyone. */
export type Scope = 'api-key' | 'api-key-or-token' | 'join-token' | 'anyone';

/** A request whose every part has been checked. */
export type Call<Body = unknown, Query = unknown> = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly ifMatch: string | undefined;
  /** A header by its lower-case name; undefined where it is missing. */
  readonly headers: (name: string) => string | undefined;
  readonly principal: ApiPrincipal | undefined;
  /** What the join token says with which the request came, where it came with one. */
  readonly claims: JoinClaims | undefined;
};

/** What the OpenAPI document says of an operation of the REST API. */
export type RouteDescription<Body extends TSchema = TSchema, Query extends TSchema = TSchema> = {
  readonly method: HttpMethod;
  /** With `:name` for parameters. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly body?: Body | undefined;
  /** Media types of the body; `application/json`, where it is left out. */
  readonly bodyTypes?: readonly string[];
  readonly query?: Query | undefined;
  /** What it answers on success: a schema of COMPONENTS, or undefined where there is no body. */
  readonly success: { readonly status: number; readonly schema?: TSchema | undefined; readonly contentType?: string };
  /** What it refuses with, beside what every route may. */
  readonly errors: readonly ErrorCode[];
};

/** One operation of the REST API. The table of these is served and is also the OpenAPI document. */
export type Route<Body extends TSchema = TSchema, Query extends TSchema = TSchema> = RouteDescription<Body, Query> & {
  readonly scope: Exclude<Scope, 'join-token'>;
  handle(call: Call<Static<Body>, Static<Query>>): HttpAnswer | Promise<HttpAnswer>;
};

/** `route`, with the types of its handler taken from its schemas. */
export function route<Body extends TSchema, Query extends TSchema>(definition: Route<Body, Query>): Route {
  return definition;
}
