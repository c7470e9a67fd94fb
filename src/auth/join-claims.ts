import Type, { type Static } from 'typebox';
import { lazyValidator } from '../kernel/schema.ts';

import { AttributesSchema, DisplayNameSchema, SourceSchema } from '../rooms/profile-schema.ts';
import { DEFAULT_GRANTS, type Grants, SOURCES } from '../rooms/grants.ts';
import { IDENTITY_PATTERN, ROOM_NAME_PATTERN } from '../rooms/ids.ts';

/** The last second of the year 9999: what lies beyond is no time that anybody meant. */
const LAST_SECOND = 253_402_300_799;
const numericDate = Type.Number({ minimum: 0, maximum: LAST_SECOND });

/** The claims of a join token (RFC 7519 §4.1, and Sluice's own). An issuer may add others. */
export const ClaimsSchema = Type.Object({
  iss: Type.String({ minLength: 1 }),
  sub: Type.String({ pattern: IDENTITY_PATTERN }),
  jti: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  iat: Type.Optional(numericDate),
  nbf: Type.Optional(numericDate),
  exp: numericDate,
  room: Type.String({ pattern: ROOM_NAME_PATTERN }),
  name: Type.Optional(DisplayNameSchema),
  metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  attributes: Type.Optional(AttributesSchema),
  publish: Type.Optional(Type.Union([Type.Boolean(), Type.Array(SourceSchema, { maxItems: SOURCES.length })])),
  subscribe: Type.Optional(Type.Boolean()),
  data: Type.Optional(Type.Boolean()),
  hidden: Type.Optional(Type.Boolean()),
  admin: Type.Optional(Type.Boolean()),
  profile: Type.Optional(Type.Boolean()),
});
export type Claims = Static<typeof ClaimsSchema>;

const validator = lazyValidator(ClaimsSchema);

/** Whether `payload` has the claims of a join token. */
export function isClaims(payload: unknown): payload is Claims {
  return validator().Check(payload);
}

/** What keeps `payload` from being the claims of a join token: never the values. */
export function claimErrors(payload: unknown): { path: string; message: string }[] {
  return validator()
    .Errors(payload)
    .flatMap((error) =>
      error.keyword === 'required'
        ? error.params.requiredProperties.map((name) => ({ path: `/${name}`, message: 'is required' }))
        : [{ path: error.instancePath, message: error.message }],
    );
}

/** The grants that `claims` give; what they leave out is as in `DEFAULT_GRANTS`. */
export function grantsOf(claims: Claims): Grants {
  return {
    publish: publishOf(claims.publish),
    subscribe: claims.subscribe ?? DEFAULT_GRANTS.subscribe,
    data: claims.data ?? DEFAULT_GRANTS.data,
    hidden: claims.hidden ?? DEFAULT_GRANTS.hidden,
    admin: claims.admin ?? DEFAULT_GRANTS.admin,
    profile: claims.profile ?? DEFAULT_GRANTS.profile,
  };
}

function publishOf(publish: Claims['publish']): Grants['publish'] {
  if (publish === undefined) return DEFAULT_GRANTS.publish;
  if (typeof publish === 'boolean') return publish ? SOURCES : [];
  return [...new Set(publish)];
}
