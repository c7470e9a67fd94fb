import type { JoinTokens } from '../auth/join-token.ts';
import { type HttpResponse, json, noContent } from '../http/message.ts';
import { SluiceError } from '../kernel/errors.ts';
import { type Identity, parseIdentity, parseRoomName, type ParticipantId, type RoomName } from '../rooms/ids.ts';
import type { Target } from '../rooms/moderation.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { checkMetadata, etag, find, mustMatch, type RoomLimits } from './room-routes.ts';
import { type Route, route } from './route.ts';
import {
  CreateTokenBody,
  KickQuery,
  MoveBody,
  MuteBody,
  MutedResource,
  ParticipantList,
  ParticipantQuery,
  ParticipantResource,
  TokenResource,
  UnmuteRequestBody,
  UpdateParticipantBody,
} from './schemas.ts';

/** Who may come, and who is there: tokens and participants. */
export function participantRoutes(
  rooms: Rooms,
  tokens: Pick<JoinTokens, 'sign'>,
  publicUrl: () => string,
  limits: RoomLimits,
): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/rooms/:room/tokens',
      operationId: 'createToken',
      summary: 'Make a join token for one participant of a room, which need not be open yet.',
      scope: 'api-key',
      body: CreateTokenBody,
      success: { status: 201, schema: TokenResource },
      errors: [],
      async handle({ params, body, principal }) {
        const room = parseRoomName(params['room'] ?? '');
        if (room === undefined) {
          throw new SluiceError('invalid-request', { detail: 'The path does not hold a valid room name.' });
        }
        checkMetadata(body.metadata, limits.metadata);
        const { name, metadata, attributes, grants, ttl } = body;
        const { token, expiresAt } = await tokens.sign(
          {
            room,
            identity: body.identity as Identity,
            name,
            metadata,
            attributes,
            grants,
            ttl: ttl === undefined ? undefined : ttl * 1000,
          },
          principal?.keyId,
        );
        const joinUrl = `${publicUrl()}/meet/${room}#${token}`;
        return json({ token, joinUrl, expiresAt: new Date(expiresAt).toISOString() }, 201);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/rooms/:room/participants',
      operationId: 'listParticipants',
      summary: 'List who is in a room, hidden participants included.',
      scope: 'api-key',
      success: { status: 200, schema: ParticipantList },
      errors: ['room-not-found'],
      handle: ({ params }) => json({ participants: find(rooms, params).participants().map(resource) }),
    }),
    ...oneParticipant(rooms),
  ];
}

const ONE = '/v1/rooms/:room/participants/:identity';
const ABSENT = ['room-not-found', 'participant-not-found'] as const;

/** One participant: who it is, what it may do, and whether it stays. */
function oneParticipant(rooms: Rooms): Route[] {
  return [
    route({
      method: 'GET',
      path: ONE,
      operationId: 'readParticipant',
      summary: 'Read one participant.',
      scope: 'api-key',
      query: ParticipantQuery,
      success: { status: 200, schema: ParticipantResource },
      errors: ABSENT,
      handle({ params, query }) {
        const [participant] = find(rooms, params).control.find(target(params, query));
        return answer(participant);
      },
    }),
    route({
      method: 'PATCH',
      path: ONE,
      operationId: 'updateParticipant',
      summary: 'Change name, metadata, attributes and grants, at once. With If-Match only if none of them has changed.',
      scope: 'api-key',
      query: ParticipantQuery,
      body: UpdateParticipantBody,
      success: { status: 200, schema: ParticipantResource },
      errors: [...ABSENT, 'precondition-failed'],
      handle({ params, query, body, ifMatch }) {
        const { control } = find(rooms, params);
        const meant = target(params, query);
        mustMatch(control.find(meant)[0], ifMatch);
        const [participant] = control.update(meant, body);
        return answer(participant);
      },
    }),
    route({
      method: 'DELETE',
      path: ONE,
      operationId: 'kickParticipant',
      summary: 'Put a participant out and refuse its token from now on.',
      scope: 'api-key',
      query: KickQuery,
      success: { status: 204 },
      errors: [...ABSENT, 'precondition-failed'],
      handle({ params, query: { reason, ...query }, ifMatch }) {
        const { control } = find(rooms, params);
        const meant = target(params, query);
        if (ifMatch !== undefined) mustMatch(control.find(meant)[0], ifMatch);
        control.kick(meant, reason);
        return noContent();
      },
    }),
    ...commands(rooms),
  ];
}

/** What is done to a participant rather than changed of it. */
function commands(rooms: Rooms): Route[] {
  return [
    route({
      method: 'POST',
      path: `${ONE}/mute`,
      operationId: 'muteParticipant',
      summary: 'Mute what it publishes, or these sources, until it unmutes them itself.',
      scope: 'api-key',
      query: ParticipantQuery,
      body: MuteBody,
      success: { status: 200, schema: MutedResource },
      errors: [...ABSENT, 'producer-not-found', 'media-unavailable'],
      handle: async ({ params, query, body: { sources } }) =>
        json({ muted: await find(rooms, params).control.mute(target(params, query), sources) }),
    }),
    route({
      method: 'POST',
      path: `${ONE}/unmute-request`,
      operationId: 'askToUnmute',
      summary: 'Ask a participant to unmute a source, or to switch it on. It does so itself, or does not.',
      scope: 'api-key',
      query: ParticipantQuery,
      body: UnmuteRequestBody,
      success: { status: 204 },
      errors: [...ABSENT, 'forbidden'],
      handle({ params, query, body: { source } }) {
        find(rooms, params).control.askToUnmute(target(params, query), source);
        return noContent();
      },
    }),
    route({
      method: 'POST',
      path: `${ONE}/move`,
      operationId: 'moveParticipant',
      summary: 'Move a participant to another room, where it goes on without joining anew.',
      scope: 'api-key',
      query: ParticipantQuery,
      body: MoveBody,
      success: { status: 200, schema: ParticipantResource },
      errors: [
        ...ABSENT,
        ...(['room-full', 'identity-in-use', 'room-closed', 'forbidden'] as const),
        ...(['limit-reached', 'media-unavailable', 'draining'] as const),
      ],
      async handle({ params, query, body: { room } }) {
        return answer(await find(rooms, params).control.move(target(params, query), room as RoomName));
      },
    }),
  ];
}

function target(params: Readonly<Record<string, string>>, query: { participant?: string }): Target {
  const identity = parseIdentity(params['identity'] ?? '');
  if (identity === undefined) throw new SluiceError('participant-not-found');
  return { identity, participantId: query.participant as ParticipantId | undefined };
}

function answer(participant: Participant): HttpResponse {
  return json(resource(participant), 200, { etag: etag(participant) });
}

function resource(participant: Participant) {
  const { id, identity, name, metadata, attributes, joinedAt, producers } = participant.info;
  const { connected, hidden } = participant;
  const { grants } = participant.profile;
  const at = new Date(joinedAt).toISOString();
  return { id, identity, name, metadata, attributes, joinedAt: at, connected, hidden, grants, producers };
}
