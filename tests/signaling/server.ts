import type { TestContext } from 'node:test';

import * as uWS from 'uWebSockets.js';

import { createAuthenticator } from '../../src/auth/authenticate.ts';
import { createApiKeys, generateApiKey } from '../../src/auth/api-keys.ts';
import { type Door, createDoors } from '../../src/auth/doors.ts';
import { createJoinTokens, type TokenRequest } from '../../src/auth/join-token.ts';
import { signOnward } from '../../src/auth/onward-token.ts';
import { createRevocations } from '../../src/auth/revocation.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { RateLimit } from '../../src/kernel/token-bucket.ts';
import type { RoomSettings } from '../../src/rooms/room-context.ts';
import { Rooms } from '../../src/rooms/rooms.ts';
import type { SignalingFact } from '../../src/signaling/facts.ts';
import { createSignaling, type Signaling, type SignalingSettings } from '../../src/signaling/signaling.ts';
import { createMemoryMediaEngine, type MemoryMediaEngine } from '../support/memory-media-engine.ts';
import { identity, ROOM_SETTINGS, roomName } from '../support/rooms.ts';

export type TestServerOptions = {
  settings?: Partial<SignalingSettings>;
  limits?: Partial<Record<Door, RateLimit>>;
  rooms?: Partial<RoomSettings>;
  origins?: readonly string[];
};

/** Signaling on a real socket, over real rooms, tokens and rate limits; only the media is held in memory. */
export type TestServer = {
  readonly port: number;
  readonly url: string;
  readonly rooms: Rooms;
  readonly engine: MemoryMediaEngine;
  readonly signaling: Signaling;
  readonly facts: SignalingFact[];
  readonly faults: object[];
  /** Calls `stop` when the test ends, before the server stops. */
  atEnd(stop: () => void): void;
  token(who: string, request?: Partial<Omit<TokenRequest, 'room' | 'identity'>> & { room?: string }): Promise<string>;
};

const SETTINGS: SignalingSettings = {
  resumeWithin: 20_000,
  joinTimeout: 5000,
  pingInterval: 10_000,
  pingTimeout: 10_000,
  maxMessage: 64 * 1024,
  maxBackpressure: 1024 * 1024,
  replayEvents: 1000,
  replayBytes: 256 * 1024,
  connectionsPerAddress: 1000,
};
const GENEROUS: RateLimit = { rate: 10_000, burst: 10_000 };

/** Starts a server that stops with the test. */
export async function startServer(t: TestContext, options: TestServerOptions = {}): Promise<TestServer> {
  const settings = { ...SETTINGS, ...options.settings };
  const engine = createMemoryMediaEngine();
  const facts: SignalingFact[] = [];
  const faults: object[] = [];
  let lastId = 0;
  const rooms = new Rooms({
    engine,
    now: systemClock,
    newId: () => `id-${(lastId += 1)}`,
    iceServers: () => [],
    onFact: () => undefined,
    profileLimit: 4096,
    onKicked: (_room, _identity, { tokenIds }) => tokenIds.forEach((tokenId) => tokens.revoke(tokenId)),
    tokenFor: (room, profile) => signOnward(profile, room, { tokens, keys }),
    defaults: { ...ROOM_SETTINGS, emptyTimeout: 60_000, departureTimeout: 60_000, ...options.rooms },
    createOnJoin: true,
    maxRooms: 1000,
    data: { maxSize: 32_768, messages: { rate: 1e6, burst: 1e6 }, bytes: { rate: 1e9, burst: 1e9 } },
    resumeWithin: settings.resumeWithin,
  });
  const keys = createApiKeys([generateApiKey()]);
  const tokens = createJoinTokens({
    keys,
    issuers: [],
    revocations: createRevocations({ grace: 1000 }),
    clock: systemClock,
    leeway: 0,
    ttl: { default: 60_000, limit: 3_600_000 },
    metadataLimit: 4096,
  });
  const limits: Record<Door, RateLimit> = {
    apiKey: GENEROUS,
    anonymous: GENEROUS,
    failedAuth: GENEROUS,
    joinAddress: GENEROUS,
    joinIdentity: GENEROUS,
    messages: GENEROUS,
    beacons: GENEROUS,
    beaconAddress: GENEROUS,
    control: GENEROUS,
    view: GENEROUS,
    ...options.limits,
  };
  const doors = createDoors(limits, systemClock);
  const app = uWS.App();
  const signaling = createSignaling({
    app,
    rooms,
    authenticator: createAuthenticator({ keys, tokens, doors }),
    doors,
    clock: systemClock,
    settings,
    beacons: true,
    origins: options.origins ?? [],
    log: { debug: () => undefined, error: (fault) => faults.push(fault) },
    onFact: (fact) => facts.push(fact),
  });
  // What the shell does 20 times a second.
  const tick = setInterval(() => {
    rooms.advance();
    rooms.takeTicks((room, frame) => signaling.publishTick(room.id, frame));
  }, 50);
  const stops: (() => void)[] = [];
  t.after(async () => {
    for (const stop of stops) stop();
    clearInterval(tick);
    await signaling.close();
    app.close();
  });
  const port = await listen(app);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    rooms,
    engine,
    signaling,
    facts,
    faults,
    async token(who, { room = 'lobby', ...request } = {}) {
      const signed = await tokens.sign({ ...request, room: roomName(room), identity: identity(who) });
      return signed.token;
    },
    atEnd: (stop) => stops.push(stop),
  };
}

function listen(app: uWS.TemplatedApp): Promise<number> {
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket === false) reject(new Error('cannot listen'));
      else resolve(uWS.us_socket_local_port(socket));
    });
  });
}

/** Waits for `condition`, 5 seconds at most. */
export async function eventually(condition: () => boolean): Promise<void> {
  for (let left = 500; !condition(); left -= 1) {
    if (left === 0) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
