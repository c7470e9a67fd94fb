import Type from 'typebox';

import type { ErrorCode } from '../kernel/errors.ts';
import { IDENTITY_PATTERN } from '../rooms/ids.ts';
import type { RouteDescription } from './route.ts';

const JOINING: readonly ErrorCode[] = [
  'malformed-sdp',
  'invalid-media',
  'unsupported-codec',
  'forbidden',
  'room-not-found',
  'room-full',
  'room-closed',
  'replaced',
  'kicked',
  'limit-reached',
  'media-unavailable',
  'draining',
];
const RESOURCE: readonly ErrorCode[] = ['not-found', 'forbidden'];

const SDP = { body: Type.String(), bodyTypes: ['application/sdp'] };
const FRAGMENT = { body: Type.String(), bodyTypes: ['application/trickle-ice-sdpfrag'] };

/** WHIP and WHEP, as the OpenAPI document has them. They are served by whip/, which does not know of it. */
export const WHIP_OPERATIONS: readonly RouteDescription[] = [
  {
    method: 'POST',
    path: '/whip/:room',
    operationId: 'publishOverWhip',
    summary: 'Publish into a room: an SDP offer in, an SDP answer out (RFC 9725).',
    scope: 'join-token',
    ...SDP,
    success: { status: 201, contentType: 'application/sdp' },
    errors: [...JOINING, 'source-in-use'],
  },
  {
    method: 'POST',
    path: '/whep/:room',
    operationId: 'playOverWhep',
    summary: 'Play tracks of a room: an SDP offer in, an SDP answer out (draft-ietf-wish-whep-03).',
    scope: 'join-token',
    ...SDP,
    query: Type.Object({ participant: Type.Optional(Type.String({ pattern: IDENTITY_PATTERN })) }),
    success: { status: 201, contentType: 'application/sdp' },
    errors: [...JOINING, 'nothing-to-play'],
  },
  ...both('GET', '', 'find', {
    summary: 'Whether there is an endpoint: 200 and no body.',
    scope: 'anyone',
    success: { status: 200, contentType: 'application/sdp' },
    errors: [],
  }),
  ...both('PATCH', '/:session', 'restart', {
    summary: 'Trickle ICE candidates (204), or restart ICE (200, with the new ETag), under If-Match.',
    scope: 'join-token',
    ...FRAGMENT,
    success: { status: 200, contentType: 'application/trickle-ice-sdpfrag' },
    errors: [...RESOURCE, 'malformed-sdp', 'precondition-required', 'precondition-failed', 'media-unavailable'],
  }),
  ...both('GET', '/:session', 'check', {
    summary: 'Whether the session lives: 204.',
    scope: 'join-token',
    success: { status: 204 },
    errors: RESOURCE,
  }),
  ...both('DELETE', '/:session', 'end', {
    summary: 'End the session.',
    scope: 'join-token',
    success: { status: 200 },
    errors: RESOURCE,
  }),
];

function both(
  method: RouteDescription['method'],
  path: string,
  verb: string,
  rest: Omit<RouteDescription, 'method' | 'path' | 'operationId'>,
): RouteDescription[] {
  const what = path === '' ? 'Endpoint' : 'Session';
  return [
    { ...rest, method, path: `/whip/:room${path}`, operationId: `${verb}Whip${what}` },
    { ...rest, method, path: `/whep/:room${path}`, operationId: `${verb}Whep${what}` },
  ];
}
