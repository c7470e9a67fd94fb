/**
 * What it costs to decide who is asking: authentication and rate limit of one request, for API keys and join tokens.
 * Target: p99 under 0.1 ms for what is asked again and again, which is all but the first sight of a join token: that is
 * checked on libuv's threads through WebCrypto, once per token, and its time is that of waking a thread.
 *
 *     node loadtest/auth.ts
 */
import { generateApiKey, createApiKeys } from '../src/auth/api-keys.ts';
import { createAuthenticator } from '../src/auth/authenticate.ts';
import { type Door, createDoors } from '../src/auth/doors.ts';
import { createJoinTokens } from '../src/auth/join-token.ts';
import { createRevocations } from '../src/auth/revocation.ts';
import { systemClock } from '../src/kernel/clock.ts';
import type { RateLimit } from '../src/kernel/token-bucket.ts';
import { parseIdentity, parseRoomName } from '../src/rooms/ids.ts';

const ROUNDS = 20_000;
const WARM_UP = 5_000;
const TARGET_MICROSECONDS = 100;
/** Happens once per token. */
const ONCE: ReadonlySet<string> = new Set(['join token, new (HS256)', 'join token, signed']);

const key = generateApiKey();
const wide: RateLimit = { rate: 1e9, burst: 1e9 };
const limits: Record<Door, RateLimit> = {
  apiKey: wide,
  anonymous: wide,
  failedAuth: wide,
  joinAddress: wide,
  joinIdentity: wide,
  control: wide,
  messages: wide,
  beacons: wide,
  beaconAddress: wide,
};
const keys = createApiKeys([generateApiKey(), key]);
const revocations = createRevocations({ grace: 5000 });
const settings = {
  keys,
  issuers: [],
  revocations,
  clock: systemClock,
  leeway: 5000,
  ttl: { default: 3_600_000, limit: 86_400_000 },
  metadataLimit: 4096,
};
const tokens = createJoinTokens(settings);
// What this one signs, the other has never seen: as from an application that signs for itself.
const application = createJoinTokens(settings);
const authenticator = createAuthenticator({ keys, tokens, doors: createDoors(limits, systemClock) });

const room = parseRoomName('standup')!;
const signed: string[] = [];
for (let n = 0; n < ROUNDS + WARM_UP; n += 1) {
  const identity = parseIdentity(`participant-${n}@example.com`)!;
  signed.push(
    (await application.sign({ room, identity, name: `Participant ${n}`, metadata: { team: 'red', seat: n } })).token,
  );
}
for (let n = 0; n < 10_000; n += 1) tokens.revoke(`revoked-${n}`);

const address = (n: number) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
const rows = [
  await measure('API key, known address', () => authenticator.api(`Bearer ${key}`, '127.0.0.1')),
  await measure('API key, new address each', (n) => authenticator.api(`Bearer ${key}`, address(n))),
  await measure('API key, new IPv6 /64 each', (n) =>
    authenticator.api(`Bearer ${key}`, `2001:db8:${n.toString(16)}::1`),
  ),
  await measure('API key, wrong', () => refused(() => authenticator.api(`Bearer ${key}x`, '127.0.0.2'))),
  await measure('join token, new (HS256)', (n) => authenticator.join(signed[n]!, '127.0.0.1')),
  await measure('join token, known', (n) => authenticator.join(signed.at(-1 - (n % 1000))!, '127.0.0.1')),
  await measure('join token, signed', (n) =>
    tokens.sign({ room, identity: parseIdentity(`participant-${n}`)!, metadata: { team: 'red' } }),
  ),
];
console.table(Object.fromEntries(rows.map(({ name, ...numbers }) => [name, numbers])));
const repeated = rows.filter(({ name }) => !ONCE.has(name));
process.exitCode = repeated.every(({ 'p99 µs': p99 }) => p99 < TARGET_MICROSECONDS) ? 0 : 1;

/** Runs `action` one at a time, as requests come, after a warm-up; a promise counts until it is settled. */
async function measure(name: string, action: (n: number) => unknown) {
  const times = new Float64Array(ROUNDS);
  let before = process.cpuUsage();
  for (let n = 0; n < ROUNDS + WARM_UP; n += 1) {
    if (n === WARM_UP) before = process.cpuUsage();
    const start = performance.now();
    const outcome = action(n);
    if (outcome instanceof Promise) await outcome;
    if (n >= WARM_UP) times[n - WARM_UP] = (performance.now() - start) * 1000;
  }
  const { user, system } = process.cpuUsage(before);
  times.sort();
  const quantile = (share: number) => Number(times[Math.floor(share * (ROUNDS - 1))]!.toFixed(1));
  const cpu = Number(((user + system) / ROUNDS).toFixed(1));
  return { name, 'CPU µs': cpu, 'p50 µs': quantile(0.5), 'p99 µs': quantile(0.99), 'p99.9 µs': quantile(0.999) };
}

function refused(action: () => unknown): void {
  try {
    action();
  } catch {
    return;
  }
  throw new Error('a wrong key was accepted');
}
