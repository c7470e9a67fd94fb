import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';
import { CompactSign, decodeJwt, decodeProtectedHeader } from 'jose';

import type { TokenRequest } from '../../src/auth/join-token.ts';
import { type ErrorCode, SluiceError } from '../../src/kernel/errors.ts';
import { DEFAULT_GRANTS, SOURCES } from '../../src/rooms/grants.ts';
import { IDENTITY_PATTERN } from '../../src/rooms/ids.ts';
import { ALICE, LEEWAY, SECRET_1, type Setup, TTL_LIMIT, setUp } from './support.ts';

test('a token says what was asked for', async () => {
  const { tokens, elsewhere, time } = setUp();
  const grants = {
    publish: ['camera'],
    subscribe: false,
    data: false,
    hidden: true,
    admin: true,
    profile: true,
  } as const;
  const signed = await elsewhere.sign({
    ...ALICE,
    name: 'Alice',
    metadata: { seat: 1 },
    attributes: { team: 'red' },
    grants,
    ttl: 60_000,
  });
  assert.equal(signed.expiresAt, time.now + 60_000);
  assert.deepEqual(await tokens.verify(signed.token), {
    room: 'standup',
    identity: 'alice',
    name: 'Alice',
    metadata: { seat: 1 },
    attributes: { team: 'red' },
    grants,
    tokenId: signed.tokenId,
    keyId: 'k1',
    expiresAt: signed.expiresAt,
  });
});

test('what a token leaves out is as the defaults have it', async () => {
  const { tokens, elsewhere } = setUp();
  const claims = await tokens.verify((await elsewhere.sign(ALICE)).token);
  assert.deepEqual(claims.grants, DEFAULT_GRANTS);
  assert.equal(claims.name, 'alice');
  assert.deepEqual(claims.metadata, {});
});

test('a token is a JWT as documented', async () => {
  const { elsewhere, time } = setUp();
  const { token, tokenId } = await elsewhere.sign({ ...ALICE, grants: { publish: [] } }, 'k2');
  assert.deepEqual(decodeProtectedHeader(token), { alg: 'HS256', typ: 'JWT', kid: 'k2' });
  const { jti, ...claims } = decodeJwt(token);
  const iat = time.now / 1000;
  assert.deepEqual(claims, { iss: 'k2', sub: 'alice', room: 'standup', publish: [], iat, nbf: iat, exp: iat + 3600 });
  assert.equal(tokenId, `k2/${jti}`);
});

test('each of two keys signs and verifies, and a key that is gone no longer does', async () => {
  const { tokens, elsewhere } = setUp();
  for (const keyId of ['k1', 'k2']) {
    assert.equal((await tokens.verify((await elsewhere.sign(ALICE, keyId)).token)).keyId, keyId);
  }
  await refuses('unauthorized', elsewhere.sign(ALICE, 'k3'));
  await refuses('unauthorized', elsewhere.sign(ALICE, '__proto__'));
});

test('a backend may sign its own tokens, with sources as true or false', async () => {
  const setup = setUp();
  const publishing = async (publish: unknown) =>
    (await setup.tokens.verify(await own(setup, { publish }))).grants.publish;
  assert.deepEqual(await publishing(true), SOURCES);
  assert.deepEqual(await publishing(false), []);
  assert.deepEqual(await publishing(['camera', 'camera', 'screen']), ['camera', 'screen']);
});

test('a known token is verified at once, and its claims cannot be changed', async () => {
  const { tokens, elsewhere } = setUp();
  const { token } = await elsewhere.sign({ ...ALICE, metadata: { deep: { er: [1] } } });
  const cold = tokens.verify(token);
  assert.ok(cold instanceof Promise);
  const claims = await cold;
  assert.equal(tokens.verify(token), claims);
  assert.throws(() => Object.assign(claims.metadata, { x: 1 }), TypeError);
  assert.throws(() => (claims.metadata['deep'] as { er: number[] }).er.push(2), TypeError);
});

test('a token that was signed here is known here, as a check elsewhere would read it', async () => {
  const { tokens, elsewhere, time } = setUp();
  const { token, tokenId } = await tokens.sign({ ...ALICE, metadata: { seat: -0 }, ttl: 60_000 });
  const claims = tokens.verify(token);
  assert.ok(!(claims instanceof Promise));
  assert.deepEqual(claims, await elsewhere.verify(token));
  tokens.revoke(tokenId);
  assert.equal(await codeOf(tokens, token), 'token-revoked');
  const short = await tokens.sign({ ...ALICE, ttl: 60_000 });
  time.advance(60_000 + LEEWAY);
  assert.equal(await codeOf(tokens, short.token), 'token-expired');
});

test('a token is valid from nbf to exp and the leeway around them, known or not', async () => {
  const { tokens, elsewhere, time } = setUp();
  const start = time.now;
  const { token } = await elsewhere.sign({ ...ALICE, ttl: 60_000, notBefore: (start + 30_000) as typeof start });
  const outcome = async (at: number) => {
    time.now = at as typeof start;
    return codeOf(tokens, token);
  };
  assert.equal(await outcome(start + 30_000 - LEEWAY - 1), 'token-not-yet-valid');
  assert.equal(await outcome(start + 30_000 - LEEWAY), 'ok');
  assert.equal(await outcome(start + 60_000 + LEEWAY - 1), 'ok');
  assert.equal(await outcome(start + 60_000 + LEEWAY), 'token-expired', 'from the cache');
  assert.equal(await outcome(start), 'token-not-yet-valid', 'from the cache, with a clock that went back');
  const fresh = setUp();
  fresh.time.now = (start + 60_000 + LEEWAY) as typeof start;
  assert.equal(await codeOf(fresh.tokens, token), 'token-expired', 'not from the cache');
});

test('a revoked token is refused until it has expired, leeway included', async () => {
  const { tokens, elsewhere, time, revocations } = setUp();
  const { token, tokenId } = await elsewhere.sign({ ...ALICE, ttl: 60_000 });
  const other = await elsewhere.sign({ ...ALICE, ttl: 60_000 });
  assert.equal(await codeOf(tokens, token), 'ok');
  tokens.revoke(tokenId);
  for (const milliseconds of [0, 60_000, LEEWAY - 1]) {
    time.advance(milliseconds);
    assert.equal(await codeOf(tokens, token), 'token-revoked', 'replayed');
    assert.equal(await codeOf(tokens, other.token), 'ok');
  }
  time.advance(1);
  assert.equal(await codeOf(tokens, token), 'token-expired');
  time.advance(TTL_LIMIT + LEEWAY * 2);
  tokens.revoke('another');
  assert.equal(revocations.size, 1, 'the entry of the expired token is gone');
});

test('a token that was revoked before it was ever used is refused', async () => {
  const { tokens, elsewhere } = setUp();
  const { token, tokenId } = await elsewhere.sign(ALICE);
  tokens.revoke(tokenId);
  assert.equal(await codeOf(tokens, token), 'token-revoked');
});

test('a token without jti can be revoked all the same', async () => {
  const setup = setUp();
  const token = await own(setup, { jti: undefined });
  const { tokenId } = await setup.tokens.verify(token);
  setup.tokens.revoke(tokenId);
  assert.equal(await codeOf(setup.tokens, token), 'token-revoked');
  assert.equal(await codeOf(setup.tokens, await own(setup, { jti: undefined, sub: 'bob' })), 'ok');
});

test('no token is valid for longer than the limit, whoever signed it', async () => {
  const setup = setUp();
  const now = setup.time.now / 1000;
  const lifetime = async (claims: object) => codeOf(setup.tokens, await own(setup, claims));
  assert.equal(await lifetime({ iat: now, exp: now + TTL_LIMIT / 1000 }), 'ok');
  assert.equal(await lifetime({ iat: now, exp: now + TTL_LIMIT / 1000 + 6 }), 'token-invalid');
  assert.equal(await lifetime({ iat: undefined, exp: now + TTL_LIMIT / 1000 + 6 }), 'token-invalid');
  assert.equal(await lifetime({ iat: now + 9e6, exp: now + 9e6 }), 'token-invalid', 'said to be made in the future');
  assert.equal(await lifetime({ iat: now - 9e6, exp: now + 60 }), 'token-invalid', 'made long ago');
});

test('claims of the wrong form are refused', async () => {
  const setup = setUp();
  const wrong: object[] = [
    ...['', 'a/b', '../x', '.x', 'x'.repeat(129), 1, null, undefined, ['a']].map((room) => ({ room })),
    ...['', 'a\nb', '\u0000', 'x'.repeat(129), 1, undefined].map((sub) => ({ sub })),
    ...['', 'x'.repeat(129), 7].map((jti) => ({ jti })),
    ...['', 'a\u0007', 'x'.repeat(129), 5].map((name) => ({ name })),
    ...['text', [], 1, null, { big: 'x'.repeat(1024) }].map((metadata) => ({ metadata })),
    ...['camera', ['webcam'], [1], null, {}].map((publish) => ({ publish })),
    ...[1, 'true', null].flatMap((flag) => [{ subscribe: flag }, { data: flag }, { hidden: flag }, { admin: flag }]),
    ...[undefined, 'soon', 1e300, null].map((exp) => ({ exp })),
    ...['now', -1, null].flatMap((time) => [{ nbf: time }, { iat: time }]),
  ];
  for (const claims of wrong) {
    assert.equal(await codeOf(setup.tokens, await own(setup, claims)), 'token-invalid', JSON.stringify(claims));
  }
});

test('a refusal says what is wrong with the claims, not what they hold', async () => {
  const setup = setUp();
  const token = await own(setup, { room: 'a secret/room', exp: undefined });
  await assert.rejects(
    async () => setup.tokens.verify(token),
    (error: SluiceError) => {
      assert.deepEqual(error.errors?.map(({ path }) => path).toSorted(), ['/exp', '/room']);
      assert.ok(!JSON.stringify([error.message, error.errors]).includes('a secret'));
      return true;
    },
  );
});

test('what cannot be a token is not signed', async () => {
  const { elsewhere, time } = setUp();
  const paths = async (request: object): Promise<string[]> => {
    const error = await elsewhere.sign({ ...ALICE, ...request }).then(
      () => undefined,
      (refusal: unknown) => refusal,
    );
    assert.ok(error instanceof SluiceError && error.code === 'invalid-request');
    return error.errors!.map(({ path }) => path);
  };
  assert.deepEqual(await paths({ room: 'a b' }), ['/room']);
  assert.deepEqual(await paths({ identity: '' }), ['/identity']);
  assert.deepEqual(await paths({ name: '' }), ['/name']);
  assert.deepEqual(await paths({ metadata: { big: 'x'.repeat(1024) } }), ['/metadata']);
  assert.deepEqual(await paths({ grants: { admin: 'yes' } }), ['/grants/admin']);
  assert.ok((await paths({ grants: { publish: ['webcam'] } })).every((path) => path.startsWith('/grants/publish')));
  for (const ttl of [0, 999, -1, TTL_LIMIT + 1, NaN, Infinity])
    assert.ok((await paths({ ttl })).includes('/ttl'), `${ttl}`);
  assert.deepEqual(await paths({ notBefore: time.now + 3_600_000 }), ['/notBefore']);
});

test('every token that is signed is verified, with what was asked for', async () => {
  const { tokens, elsewhere } = setUp();
  const printable = fc.stringMatching(new RegExp(IDENTITY_PATTERN, 'u'));
  const request = fc.record(
    {
      room: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/u),
      identity: printable,
      name: printable,
      metadata: fc.dictionary(fc.string({ maxLength: 9 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
      grants: fc.record(
        {
          publish: fc.subarray([...SOURCES]),
          subscribe: fc.boolean(),
          data: fc.boolean(),
          hidden: fc.boolean(),
          admin: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
      ttl: fc.integer({ min: 1000, max: TTL_LIMIT }),
    },
    { requiredKeys: ['room', 'identity'] },
  );
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      fc.pre(JSON.stringify(asked.metadata ?? {}).length < 300);
      const claims = await tokens.verify((await elsewhere.sign(asked as unknown as TokenRequest)).token);
      assert.equal(claims.room, asked.room);
      assert.equal(claims.identity, asked.identity);
      assert.equal(claims.name, asked.name ?? asked.identity);
      assert.deepEqual(claims.grants, { ...DEFAULT_GRANTS, ...asked.grants });
      assert.deepEqual(claims.metadata, JSON.parse(JSON.stringify(asked.metadata ?? {})));
    }),
    { numRuns: 100 },
  );
});

test('verified tokens are forgotten, the least lately used first, before they take much memory', async () => {
  const signing = setUp();
  const made = await Promise.all([1, 2, 3, 4].map(() => signing.tokens.sign(ALICE)));
  const [first, second, third, fourth] = made.map(({ token }) => token) as [string, string, string, string];
  const { tokens } = setUp({ cacheLimit: first.length * 3 });
  for (const token of [first, second, third]) await tokens.verify(token);
  assert.ok(!(tokens.verify(first) instanceof Promise));
  await tokens.verify(fourth);
  assert.deepEqual(
    [first, third, fourth, second].map((token) => tokens.verify(token) instanceof Promise),
    [false, false, false, true],
  );
});

/** A token that a backend makes by itself with the key `k1`; a claim that is `undefined` is left out. */
async function own({ time }: Setup, claims: object): Promise<string> {
  const now = time.now / 1000;
  const payload = { iss: 'k1', sub: 'alice', room: 'standup', jti: 'j1', iat: now, nbf: now, exp: now + 60, ...claims };
  const header = { alg: 'HS256', kid: 'k1' };
  return new CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader(header).sign(Buffer.from(SECRET_1));
}

async function codeOf(tokens: Setup['tokens'], token: string): Promise<ErrorCode | 'ok'> {
  try {
    await tokens.verify(token);
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof SluiceError);
    return error.code;
  }
}

async function refuses(code: ErrorCode, attempt: Promise<unknown>): Promise<void> {
  await assert.rejects(attempt, (error: SluiceError) => error.code === code);
}
