import { generateApiKey, createApiKeys } from '../../../src/auth/api-keys.ts';
import { createAuthenticator } from '../../../src/auth/authenticate.ts';
import { type Door, createDoors, DOORS } from '../../../src/auth/doors.ts';
import { createJoinTokens } from '../../../src/auth/join-token.ts';
import { createRevocations } from '../../../src/auth/revocation.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { RateLimit } from '../../../src/kernel/token-bucket.ts';
import { parseIdentity, parseRoomName } from '../../../src/rooms/ids.ts';
import { figure } from '../figure.ts';
import type { Row } from '../row.ts';

const ROUNDS = 15;
const WARM_UP = 5;
const CALLS = 2000;
/** Revoked tokens that each check has to look for. */
const REVOKED = 10_000;
const WARM_MICROSECONDS = 10;
const COLD_MICROSECONDS = 100;

type Ask = (n: number) => unknown;

export const auth: Row = {
  about: 'who is asking, and may they ask yet: authentication and rate limit of one request',
  async measure() {
    const scene = await openScene();
    const { api, join, key, signed } = scene;
    const known = await averages((n) => join(signed[n % 1000]!, '127.0.0.1'));
    const cold = await averages((n) => join(signed[1000 + n]!, '127.0.0.1'));
    const apiKey = await averages(() => api(`Bearer ${key}`, '127.0.0.1'));
    const address = await averages((n) => api(`Bearer ${key}`, addressOf(n)));
    const wrong = await averages(() => refused(() => api(`Bearer ${key}x`, '127.0.0.2')));
    const unit = 'µs';
    return [
      figure({ metric: 'auth', unit, rounds: known, atMost: WARM_MICROSECONDS }),
      figure({ metric: 'auth.cold', unit, rounds: cold, atMost: COLD_MICROSECONDS }),
      figure({ metric: 'auth.api-key', unit, rounds: apiKey, atMost: WARM_MICROSECONDS }),
      figure({ metric: 'auth.api-key-new-address', unit, rounds: address, atMost: WARM_MICROSECONDS }),
      figure({ metric: 'auth.api-key-wrong', unit, rounds: wrong, atMost: COLD_MICROSECONDS }),
    ];
  },
};

const wide: RateLimit = { rate: 1e9, burst: 1e9 };
/** Join tokens that an application has signed, so that the server has not seen any of them. */
async function openScene() {
  const key = generateApiKey();
  const keys = createApiKeys([generateApiKey(), key]);
  const revocations = createRevocations({ grace: 5000 });
  const ttl = { default: 3_600_000, limit: 86_400_000 };
  const settings = { keys, issuers: [], revocations, clock: systemClock, leeway: 5000, ttl, metadataLimit: 4096 };
  const [tokens, application] = [createJoinTokens(settings), createJoinTokens(settings)];
  const limits = Object.fromEntries(Object.keys(DOORS).map((door) => [door, wide])) as Record<Door, RateLimit>;
  const authenticator = createAuthenticator({ keys, tokens, doors: createDoors(limits, systemClock) });
  for (let n = 0; n < REVOKED; n += 1) tokens.revoke(`revoked-${n}`);
  const room = parseRoomName('standup')!;
  const signed: string[] = [];
  for (let n = 0; n < 1000 + CALLS * (ROUNDS + WARM_UP); n += 1) {
    const identity = parseIdentity(`participant-${n}@example.com`)!;
    const claims = { room, identity, name: `Participant ${n}`, metadata: { team: 'red', seat: n } };
    signed.push((await application.sign(claims)).token);
  }
  return {
    ...{ key, signed },
    api: (header: string, from: string) => authenticator.api(header, from),
    join: (token: string, from: string) => authenticator.join(token, from),
  };
}

/** Microseconds of one request, asked one at a time; a promise counts until it is settled. */
async function averages(ask: Ask): Promise<number[]> {
  const result: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const start = process.hrtime.bigint();
    for (let call = 0; call < CALLS; call += 1) {
      const outcome = ask((round + WARM_UP) * CALLS + call);
      if (outcome instanceof Promise) await outcome;
    }
    if (round >= 0) result.push(Number(process.hrtime.bigint() - start) / 1000 / CALLS);
  }
  return result;
}

function addressOf(n: number): string {
  return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
}

function refused(action: () => unknown): void {
  try {
    action();
  } catch {
    return;
  }
  throw new Error('a wrong key was accepted');
}
