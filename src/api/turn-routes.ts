import type { KeyId } from '../auth/api-keys.ts';
import type { JoinClaims } from '../auth/join-token.ts';
import { json } from '../http/message.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { Identity, RoomName } from '../rooms/ids.ts';
import { type Route, route } from './route.ts';
import { CreateTurnCredentialsBody, TurnCredentialsResource } from './schemas.ts';

/** What somebody is given to come to the relay with. `ttl` in seconds. */
export type TurnCredentials = {
  readonly username: string;
  readonly password: string;
  readonly ttl: number;
  readonly uris: readonly string[];
};

/** Where TURN credentials come from. `ttl`: seconds, cut to what the server allows. */
export type TurnDesk = {
  /** For a participant, whether it has joined or not. */
  participant(room: RoomName, of: Pick<JoinClaims, 'identity' | 'keyId'>, ttl: number | undefined): TurnCredentials;
  /** For whomever an application means by `identity`; undefined: somebody who has no name. */
  application(keyId: KeyId, identity: Identity | undefined, ttl: number | undefined): TurnCredentials;
};

/** Credentials of the relay, for this server's own clients and for other applications. `desk` is undefined: TURN is off. */
export function turnRoutes(desk: TurnDesk | undefined): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/turn/credentials',
      operationId: 'createTurnCredentials',
      summary: 'Make TURN credentials: for anybody with an API key, for oneself with a join token.',
      scope: 'api-key-or-token',
      body: CreateTurnCredentialsBody,
      success: { status: 200, schema: TurnCredentialsResource },
      errors: ['forbidden', 'not-found'],
      handle({ body: { identity, ttl }, principal, claims }) {
        if (desk === undefined) throw new SluiceError('not-found', { detail: 'TURN is switched off on this server.' });
        const named = identity as Identity | undefined;
        if (claims !== undefined) {
          requireGrant(claims, named);
          return answer(desk.participant(claims.room, claims, ttl));
        }
        if (principal === undefined) throw new SluiceError('unauthorized');
        return answer(desk.application(principal.keyId, named, ttl));
      },
    }),
  ];
}

/** A token is good for its own identity, and only where it lets media through. */
function requireGrant({ identity, grants }: JoinClaims, wanted: Identity | undefined): void {
  if (wanted !== undefined && wanted !== identity) {
    throw new SluiceError('forbidden', { detail: 'A join token gives credentials to its own identity only.' });
  }
  if (!grants.subscribe && grants.publish.length === 0) {
    throw new SluiceError('forbidden', { detail: 'The token grants neither publishing nor subscribing.' });
  }
}

/** RFC 9111 §5.2.2.5: credentials are for who asked, and stay nowhere else. */
function answer(credentials: TurnCredentials) {
  return json(credentials, 200, { 'cache-control': 'no-store' });
}
