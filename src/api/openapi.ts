import type { TSchema } from 'typebox';

import { ERRORS, type ErrorCode } from '../kernel/errors.ts';
import type { RouteDescription, Scope } from './route.ts';
import { COMPONENTS } from './schemas.ts';

/** What any route may refuse with. */
const COMMON: readonly ErrorCode[] = ['rate-limited', 'internal'];
const WITH_KEY: readonly ErrorCode[] = ['unauthorized'];
const WITH_TOKEN: readonly ErrorCode[] = [
  'token-invalid',
  'token-expired',
  'token-not-yet-valid',
  'token-revoked',
  'issuer-unavailable',
];
/** Any of these schemes opens the route; none: anyone may come. */
const SECURITY = {
  'api-key': [{ apiKey: [] }],
  'api-key-or-token': [{ apiKey: [] }, { joinToken: [] }],
  'join-token': [{ joinToken: [] }],
  anyone: undefined,
} as const satisfies Record<Scope, unknown>;
const WITH_TEXT: readonly ErrorCode[] = ['body-too-large', 'unsupported-media-type', 'request-timeout'];
const WITH_BODY: readonly ErrorCode[] = ['malformed-json', 'invalid-request', ...WITH_TEXT];

/** The routes as an OpenAPI 3.1 document. */
export function openApiDocument(
  routes: readonly RouteDescription[],
  { version, url }: { version: string; url: string },
) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/gu, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url }],
    paths,
    components: {
      schemas: COMPONENTS,
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `id.secret`.' },
        joinToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A join token.' },
      },
    },
  };
}

function operation(route: RouteDescription) {
  const { operationId, summary, scope, body, bodyTypes = ['application/json'], query, success } = route;
  return {
    operationId,
    summary,
    ...(SECURITY[scope] === undefined ? {} : { security: SECURITY[scope] }),
    parameters: [...pathParameters(route.path), ...queryParameters(query), ...ifMatch(route)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(bodyTypes.map((type) => [type, { schema: reference(body) }])),
          },
        }),
    responses: {
      [success.status]: {
        description: summary,
        ...(success.schema === undefined
          ? {}
          : { content: { 'application/json': { schema: reference(success.schema) } } }),
        ...(success.contentType === undefined ? {} : { content: { [success.contentType]: {} } }),
      },
      ...problems(route),
    },
  };
}

/** A reference to the component that `schema` is, else the schema itself. */
function reference(schema: TSchema): unknown {
  const name = Object.entries(COMPONENTS).find(([, component]) => component === schema)?.[0];
  return name === undefined ? schema : { $ref: `#/components/schemas/${name}` };
}

function pathParameters(path: string) {
  return [...path.matchAll(/:(\w+)/gu)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: TSchema | undefined) {
  const properties = propertiesOf(query);
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

/** The properties of an object schema; none where there is no schema. */
function propertiesOf(schema: (TSchema & { properties?: Record<string, unknown> }) | undefined) {
  return schema?.properties ?? {};
}

function ifMatch(route: RouteDescription) {
  if (!route.errors.includes('precondition-failed')) return [];
  return [{ name: 'If-Match', in: 'header', required: false, schema: { type: 'string' } }];
}

/** One response for each status, naming its codes. */
function problems({ scope, body, bodyTypes, query, errors }: RouteDescription) {
  const withBody = bodyTypes?.every((type) => !type.endsWith('json')) === true ? WITH_TEXT : WITH_BODY;
  const codes = new Set<ErrorCode>([
    ...(scope === 'anyone' ? [] : WITH_KEY),
    ...(scope === 'api-key-or-token' || scope === 'join-token' ? WITH_TOKEN : []),
    ...(body === undefined ? [] : withBody),
    ...(query === undefined ? [] : (['invalid-request'] as const)),
    ...errors,
    ...COMMON,
  ]);
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join(' '),
        content: { 'application/problem+json': { schema: reference(COMPONENTS.Problem) } },
      },
    ]),
  );
}
