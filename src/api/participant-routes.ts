import type { JoinTokens } from '../auth/join-token.ts';
import { json, noContent } from '../http/message.ts';
import { SluiceError } from '../kernel/errors.ts';
import { type Identity, parseIdentity, parseRoomName, type RoomName } from '../rooms/ids.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { checkMetadata, find, type RoomLimits } from './room-routes.ts';
import { type Route, route } from './route.ts';
import { CreateTokenBody, ParticipantList, ParticipantResource, TokenResource } from './schemas.ts';

/** Somebody has been put out: what its tokens were good for is over. */
export type Kicked = (room: RoomName, identity: Identity, tokenIds: readonly string[]) => void;

/** Who may come, and who is there: tokens and participants. */
export function participantRoutes(
  rooms: Rooms,
  tokens: Pick<JoinTokens, 'sign'>,
  kicked: Kicked,
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
        const { name, metadata, grants, ttl } = body;
        const { token, expiresAt } = await tokens.sign(
          {
            room,
            identity: body.identity as Identity,
            name,
            metadata,
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
    route({
      method: 'GET',
      path: '/v1/rooms/:room/participants/:identity',
      operationId: 'readParticipant',
      summary: 'Read one participant.',
      scope: 'api-key',
      success: { status: 200, schema: ParticipantResource },
      errors: ['room-not-found', 'participant-not-found'],
      handle({ params }) {
        const [participant] = find(rooms, params).presences(identityOf(params));
        if (participant === undefined) throw new SluiceError('participant-not-found');
        return json(resource(participant));
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/rooms/:room/participants/:identity',
      operationId: 'kickParticipant',
      summary: 'Put a participant out and refuse its token from now on.',
      scope: 'api-key',
      success: { status: 204 },
      errors: ['room-not-found', 'participant-not-found'],
      handle({ params }) {
        const [room, identity] = [find(rooms, params), identityOf(params)];
        kicked(room.name, identity, room.kick(identity));
        return noContent();
      },
    }),
  ];
}

function identityOf(params: Readonly<Record<string, string>>): Identity {
  const identity = parseIdentity(params['identity'] ?? '');
  if (identity === undefined) throw new SluiceError('participant-not-found');
  return identity;
}

function resource(participant: Participant) {
  const { id, identity, name, metadata, joinedAt, producers } = participant.info;
  const { connected, hidden } = participant;
  return { id, identity, name, metadata, joinedAt: new Date(joinedAt).toISOString(), connected, hidden, producers };
}
