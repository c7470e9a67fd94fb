import { type Clock, type Millis, later } from '../../src/kernel/clock.ts';
import { type ApiKeys, createApiKeys } from '../../src/auth/api-keys.ts';
import type { IssuerOptions, JwksTimes } from '../../src/auth/issuers.ts';
import { type JoinTokens, createJoinTokens } from '../../src/auth/join-token.ts';
import { type Revocations, createRevocations } from '../../src/auth/revocation.ts';
import { type Identity, type RoomName } from '../../src/rooms/ids.ts';

export const SECRET_1 = 'one-'.repeat(8);
export const SECRET_2 = 'two-'.repeat(8);
export const LEEWAY = 5000;
export const TTL_LIMIT = 86_400_000;

/** A request for a token with the grants that a token has by default. */
export const ALICE = { room: 'standup' as RoomName, identity: 'alice' as Identity };

/** `elsewhere`: the same keys in another process, so that what it signs has never been seen by `tokens`. */
export type Setup = {
  tokens: JoinTokens;
  elsewhere: JoinTokens;
  keys: ApiKeys;
  revocations: Revocations;
  time: TestClock;
};

/** A clock that moves when the test says so. It starts at a whole second. */
export class TestClock {
  now: Millis = 1_800_000_000_000 as Millis;
  readonly read: Clock = () => this.now;
  advance(milliseconds: number): void {
    this.now = later(this.now, milliseconds);
  }
}

/** Join tokens over the keys `k1` and `k2`, and these issuers. */
export function setUp(options: { issuers?: IssuerOptions[]; jwksTimes?: JwksTimes; cacheLimit?: number } = {}): Setup {
  const time = new TestClock();
  const keys = createApiKeys([`k1.${SECRET_1}`, `k2.${SECRET_2}`]);
  const revocations = createRevocations({ grace: LEEWAY });
  const settings = {
    keys,
    issuers: [],
    revocations,
    clock: time.read,
    leeway: LEEWAY,
    ttl: { default: 3_600_000, limit: TTL_LIMIT },
    metadataLimit: 1024,
    ...options,
  };
  const [tokens, elsewhere] = [createJoinTokens(settings), createJoinTokens(settings)];
  return { tokens, elsewhere, keys, revocations, time };
}
