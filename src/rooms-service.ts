/** Rooms as a part of this server: from the configuration to rooms that media, relay and tokens follow. */
import { randomUUID } from 'node:crypto';

import type { ApiKeys } from './auth/api-keys.ts';
import type { JoinTokens } from './auth/join-token.ts';
import { signOnward } from './auth/onward-token.ts';
import type { Config } from './config/config.ts';
import { systemClock } from './kernel/clock.ts';
import type { RunningMediaEngine } from './media/engine.ts';
import { Rooms, type RoomsOptions } from './rooms/rooms.ts';
import type { TurnService } from './turn-service.ts';

export type RoomsServiceOptions = Required<Pick<RoomsOptions, 'requireOpen'>> &
  Pick<RoomsOptions, 'onFact' | 'onUsed' | 'observer' | 'onTickDue'> & {
    readonly config: Config;
    readonly engine: RunningMediaEngine;
    readonly turn: TurnService | undefined;
    readonly auth: { readonly keys: ApiKeys; readonly tokens: JoinTokens };
  };

/** Rooms, and what their facts mean for tokens and the relay: who is kicked or may no longer send has no use of them. */
export function createRooms({ config, engine, turn, auth, onFact, ...parts }: RoomsServiceOptions): Rooms {
  const { createOnJoin, max, maxParticipantsLimit: _, metadataLimit, ...defaults } = config.rooms;
  return new Rooms({
    engine,
    now: systemClock,
    newId: randomUUID,
    iceServers: (room, profile, presence) => [
      ...(turn?.iceServers(room, profile, presence) ?? []),
      ...config.iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
    ],
    onFact(fact) {
      onFact(fact);
      // Who may neither send nor receive has no use of the relay.
      const idle = fact.type === 'grants-changed' && !fact.grants.subscribe && fact.grants.publish.length === 0;
      if (!idle) return;
      for (const presence of [undefined, fact.participantId]) {
        turn?.revoke(fact.room, fact.identity, 'grants-changed', presence);
      }
    },
    ...parts,
    onKicked(room, identity, { tokenIds, presences, all }) {
      for (const tokenId of tokenIds) auth.tokens.revoke(tokenId);
      for (const presence of presences) turn?.revoke(room, identity, 'kicked', presence);
      if (all) turn?.revoke(room, identity, 'kicked');
    },
    profileLimit: metadataLimit,
    tokenFor: (room, profile) => signOnward(profile, room, auth),
    defaults: { ...defaults, moveTo: [], metadata: {} },
    createOnJoin,
    maxRooms: max,
    resumeWithin: config.signaling.resumeWithin,
    data: { maxSize: config.rooms.dataLimit, messages: config.limits.data, bytes: config.limits.dataBytes },
  });
}
