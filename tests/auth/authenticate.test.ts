import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bearer, createAuthenticator } from '../../src/auth/authenticate.ts';
import { type Door, createDoors } from '../../src/auth/doors.ts';
import { SluiceError } from '../../src/kernel/errors.ts';
import type { RateLimit } from '../../src/kernel/token-bucket.ts';
import { ALICE, SECRET_1, SECRET_2, setUp } from './support.ts';

const KEY_1 = `Bearer k1.${SECRET_1}`;
const KEY_2 = `Bearer k2.${SECRET_2}`;
const WRONG = `Bearer k1.${SECRET_2}`;
const HOME = '192.0.2.1';
const AWAY = '192.0.2.2';

test('a request with a key is that key', () => {
  const { auth } = start();
  assert.deepEqual(auth.api(KEY_1, HOME), { keyId: 'k1' });
  assert.deepEqual(auth.api(KEY_2, HOME), { keyId: 'k2' });
});

test('the scheme may be written in any case, and is Bearer', () => {
  assert.equal(bearer('bearer abc'), 'abc');
  assert.equal(bearer('BEARER  abc '), 'abc');
  for (const other of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'abc',
    'Basic abc',
    'Bearer a b',
    'Bearer a,b',
    'xBearer abc',
  ]) {
    assert.equal(bearer(other), undefined, other);
  }
});

test('anything else is unauthorized, and is not repeated', () => {
  const { auth } = start();
  for (const header of [
    undefined,
    '',
    'Bearer',
    `Basic ${SECRET_1}`,
    WRONG,
    `Bearer nobody.${SECRET_1}`,
    `Bearer ${SECRET_1}`,
  ]) {
    const error = failure(() => auth.api(header, HOME));
    assert.equal(error.code, 'unauthorized', header);
    assert.ok(!`${error.stack} ${error.detail}`.includes('one-'));
  }
});

test("requests are counted against the key's rate, wherever they come from", () => {
  const { auth, time } = start({ apiKey: { rate: 1, burst: 2 } });
  auth.api(KEY_1, HOME);
  auth.api(KEY_1, AWAY);
  assert.deepEqual(
    limited(() => auth.api(KEY_1, HOME)),
    1,
  );
  auth.api(KEY_2, HOME);
  time.advance(1000);
  auth.api(KEY_1, HOME);
});

test('requests without credentials are counted against the address', () => {
  const { auth } = start({ anonymous: { rate: 1, burst: 2 } });
  for (let n = 0; n < 2; n += 1) assert.equal(failure(() => auth.api(undefined, HOME)).code, 'unauthorized');
  assert.equal(
    limited(() => auth.api(undefined, HOME)),
    1,
  );
  assert.equal(failure(() => auth.api(undefined, AWAY)).code, 'unauthorized');
  auth.api(KEY_1, HOME);
});

test('guessing is slowed: after too many failures even a right guess is not looked at', () => {
  const { auth, time } = start({ failedAuth: { rate: 0.1, burst: 3 } });
  for (let n = 0; n < 3; n += 1) assert.equal(failure(() => auth.api(WRONG, HOME)).code, 'unauthorized');
  assert.equal(
    limited(() => auth.api(WRONG, HOME)),
    10,
  );
  assert.equal(
    limited(() => auth.api(KEY_1, HOME)),
    10,
    'the guess is right and learns nothing',
  );
  auth.api(KEY_1, AWAY);
  time.advance(10_000);
  auth.api(KEY_1, HOME);
});

test('a guesser in the same /64 is the same guesser', () => {
  const { auth } = start({ failedAuth: { rate: 0.1, burst: 3 } });
  for (let n = 0; n < 3; n += 1) failure(() => auth.api(WRONG, `2001:db8::${n}`));
  assert.equal(
    limited(() => auth.api(WRONG, '2001:db8::ffff')),
    10,
  );
});

test('a key that was right from an address goes on behind the same NAT as a guesser', () => {
  const { auth } = start({ failedAuth: { rate: 0.1, burst: 3 } });
  auth.api(KEY_1, HOME);
  for (let n = 0; n < 3; n += 1) failure(() => auth.api(`Bearer k2.${SECRET_1}`, HOME));
  assert.deepEqual(auth.api(KEY_1, HOME), { keyId: 'k1' });
  limited(() => auth.api(KEY_2, HOME));
});

test('a join is its token, at once where the token is known', async () => {
  const { auth, elsewhere } = start();
  const { token } = await elsewhere.sign(ALICE);
  const cold = auth.join(token, HOME);
  assert.ok(cold instanceof Promise);
  const claims = await cold;
  assert.equal(claims.identity, 'alice');
  assert.equal(auth.join(token, HOME), claims);
});

test('joins are counted against the address and against the identity in its room', async () => {
  const { auth, elsewhere } = start({ joinAddress: { rate: 1, burst: 4 }, joinIdentity: { rate: 0.5, burst: 2 } });
  const { token } = await elsewhere.sign(ALICE);
  const bob = await elsewhere.sign({ ...ALICE, identity: 'bob' as typeof ALICE.identity });
  await auth.join(token, HOME);
  await auth.join(token, AWAY);
  assert.equal(
    limited(() => auth.join(token, HOME)),
    2,
    'alice, known',
  );
  await auth.join(bob.token, HOME);
  await auth.join(bob.token, HOME);
  assert.equal(
    limited(() => auth.join(bob.token, HOME)),
    1,
    'the address',
  );
});

test('forged tokens use up the failures of their address and nobody else is hindered', async () => {
  const { auth, elsewhere } = start({ failedAuth: { rate: 0.1, burst: 3 } });
  const { token } = await elsewhere.sign(ALICE);
  for (let n = 0; n < 3; n += 1) await rejects('token-invalid', auth.join('forged', HOME));
  await rejects('rate-limited', auth.join('forged', HOME));
  assert.equal((await auth.join(token, HOME)).identity, 'alice', 'a good user behind the same NAT');
});

test('an expired token is no forgery', async () => {
  const { auth, elsewhere, time } = start({ failedAuth: { rate: 0.1, burst: 1 } });
  const { token } = await elsewhere.sign({ ...ALICE, ttl: 1000 });
  time.advance(60_000);
  for (let n = 0; n < 3; n += 1) await rejects('token-expired', auth.join(token, HOME));
});

function start(limits: Partial<Record<Door, RateLimit>> = {}) {
  const setup = setUp();
  const wide = { rate: 1000, burst: 1000 };
  const doors = createDoors(
    {
      apiKey: wide,
      anonymous: wide,
      failedAuth: wide,
      joinAddress: wide,
      joinIdentity: wide,
      control: wide,
      view: wide,
      messages: wide,
      beacons: wide,
      beaconAddress: wide,
      ...limits,
    },
    setup.time.read,
  );
  return { ...setup, auth: createAuthenticator({ keys: setup.keys, tokens: setup.tokens, doors }) };
}

function failure(action: () => unknown): SluiceError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof SluiceError);
    return error;
  }
  return assert.fail('nothing was refused');
}

/** The `retryAfter` of the refusal. */
function limited(action: () => unknown): number | undefined {
  const error = failure(action);
  assert.equal(error.code, 'rate-limited');
  return error.retryAfter;
}

async function rejects(code: string, attempt: unknown): Promise<void> {
  await assert.rejects(Promise.resolve(attempt), (error: SluiceError) => error.code === code);
}
