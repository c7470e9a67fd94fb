import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';

import { type CryptoKey, type JWK, SignJWT, exportJWK, generateKeyPair } from 'jose';

import type { IssuerOptions, JwksTimes } from '../../src/auth/issuers.ts';
import type { SluiceError } from '../../src/kernel/errors.ts';
import { TestClock, setUp } from './support.ts';

const ISSUER = 'https://issuer.example';
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
const TIMES: JwksTimes = { timeout: 5000, cooldown: 0, retryAfter: 0, maxAge: 600_000 };

for (const alg of ALGORITHMS) {
  test(`${alg}: a token is verified with the issuer's fetched key, and with a given one`, async (context) => {
    const key = await makeKey(alg, 'a');
    const server = await serveKeys(context, [key.jwk]);
    for (const jwks of [{ url: server.url }, { keys: [key.jwk] }]) {
      const { tokens } = withIssuer({ jwks });
      const token = await key.sign({ jti: 'x', publish: ['camera'], admin: true });
      const claims = await tokens.verify(token);
      assert.equal(claims.identity, 'alice');
      assert.equal(claims.keyId, ISSUER);
      assert.equal(claims.tokenId, `${ISSUER}/x`);
      assert.deepEqual(claims.grants.publish, ['camera']);
      assert.equal(tokens.verify(token), claims, 'known the second time');
    }
  });

  test(`${alg}: a token of somebody else with the same key id is refused`, async () => {
    const { tokens } = withIssuer({ jwks: { keys: [(await makeKey(alg, 'a')).jwk] } });
    const forger = await makeKey(alg, 'a');
    await refuses('token-invalid', tokens.verify(await forger.sign()));
  });
}

test("keys rotate: the new key is fetched when a token names it, and the old one goes with the issuer's set", async (context) => {
  const [old, next] = [await makeKey('ES256', 'old'), await makeKey('ES256', 'next')];
  const server = await serveKeys(context, [old.jwk]);
  const { tokens } = withIssuer({ jwks: { url: server.url } });
  await tokens.verify(await old.sign());
  await tokens.verify(await old.sign({ jti: 'second' }));
  assert.equal(server.requests, 1, 'the set is fetched once');
  server.keys = [old.jwk, next.jwk];
  await tokens.verify(await next.sign());
  await tokens.verify(await old.sign({ jti: 'third' }));
  assert.equal(server.requests, 2);
  server.keys = [next.jwk];
  await refuses('token-invalid', tokens.verify(await (await makeKey('ES256', 'other')).sign()));
  await refuses('token-invalid', tokens.verify(await old.sign({ jti: 'fourth' })));
});

test('unknown key ids do not become a stream of requests', async (context) => {
  const server = await serveKeys(context, [(await makeKey('ES256', 'a')).jwk]);
  const { tokens } = withIssuer({ jwks: { url: server.url } }, { ...TIMES, cooldown: 60_000 });
  const forger = await makeKey('ES256', 'b');
  for (let n = 0; n < 10; n += 1) await refuses('token-invalid', tokens.verify(await forger.sign({ jti: `${n}` })));
  assert.equal(server.requests, 1);
});

test('joins at the same time share one request', async (context) => {
  const key = await makeKey('EdDSA', 'a');
  const server = await serveKeys(context, [key.jwk]);
  const { tokens } = withIssuer({ jwks: { url: server.url } });
  const many = await Promise.all(Array.from({ length: 20 }, (_, n) => key.sign({ jti: `${n}` })));
  await Promise.all(many.map(async (token) => tokens.verify(token)));
  assert.equal(server.requests, 1);
});

test("an issuer's outage is no fault of the token, is asked about now and then, and ends", async (context) => {
  const key = await makeKey('ES256', 'a');
  const server = await serveKeys(context, [key.jwk]);
  server.status = 500;
  const { tokens } = withIssuer({ jwks: { url: server.url } }, { ...TIMES, retryAfter: 60_000 });
  const pass = movableTime(context);
  for (let n = 0; n < 5; n += 1) await refuses('issuer-unavailable', tokens.verify(await key.sign()));
  assert.equal(server.requests, 1);
  server.status = 200;
  pass(60_000);
  await tokens.verify(await key.sign());
  assert.equal(server.requests, 2);
});

for (const [fault, body] of Object.entries({ 'no JSON': '<html>', 'no key set': '{"keys": 7}', silence: undefined })) {
  test(`a key set that is ${fault} is an outage`, async (context) => {
    const server = await serveKeys(context, []);
    server.answer = () => body;
    const { tokens } = withIssuer({ jwks: { url: server.url } }, { ...TIMES, timeout: 200 });
    await refuses('issuer-unavailable', tokens.verify(await (await makeKey('ES256', 'a')).sign()));
  });
}

test('nobody listens where the keys should be', async (context) => {
  const server = await serveKeys(context, []);
  await server.stop();
  const { tokens } = withIssuer({ jwks: { url: server.url } });
  await refuses('issuer-unavailable', tokens.verify(await (await makeKey('ES256', 'a')).sign()));
});

test('a redirect is not followed', async (context) => {
  const key = await makeKey('ES256', 'a');
  const [target, server] = [await serveKeys(context, [key.jwk]), await serveKeys(context, [])];
  server.status = 302;
  server.location = target.url;
  const { tokens } = withIssuer({ jwks: { url: server.url } });
  await refuses('issuer-unavailable', tokens.verify(await key.sign()));
  assert.equal(target.requests, 0);
});

test('an audience that is required is required', async () => {
  const key = await makeKey('ES256', 'a');
  const { tokens } = withIssuer({ jwks: { keys: [key.jwk] }, audience: 'sluice' });
  await tokens.verify(await key.sign({ aud: 'sluice' }));
  await tokens.verify(await key.sign({ aud: ['other', 'sluice'] }));
  await refuses('token-invalid', tokens.verify(await key.sign({ aud: 'other' })));
  await refuses('token-invalid', tokens.verify(await key.sign()));
});

test('a symmetric key in a key set verifies nothing', async () => {
  const secret = new Uint8Array(32).fill(7);
  const jwk = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'a', alg: 'HS256' };
  const { tokens } = withIssuer({ jwks: { keys: [jwk] } });
  const token = await new SignJWT(claimsOf({})).setProtectedHeader({ alg: 'HS256', kid: 'a' }).sign(secret);
  await refuses('token-invalid', tokens.verify(token));
});

test('a key set that is none stops the start', () => {
  assert.throws(() => withIssuer({ jwks: { keys: 'x' } as unknown as IssuerOptions['jwks'] }));
});

/** From here on the process's monotonic clock runs ahead by what `pass` was given. */
function movableTime({ mock }: TestContext): (milliseconds: number) => void {
  const now = performance.now.bind(performance);
  let ahead = 0;
  mock.method(performance, 'now', () => now() + ahead);
  return (milliseconds) => {
    ahead += milliseconds;
  };
}

function withIssuer(issuer: Pick<IssuerOptions, 'jwks' | 'audience'>, jwksTimes: JwksTimes = TIMES) {
  return setUp({ issuers: [{ issuer: ISSUER, algorithms: ALGORITHMS, ...issuer }], jwksTimes });
}

async function makeKey(alg: string, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid };
  return { jwk, sign: (claims: object = {}) => signWith(privateKey, alg, kid, claims) };
}

function signWith(key: CryptoKey, alg: string, kid: string, claims: object): Promise<string> {
  return new SignJWT(claimsOf(claims)).setProtectedHeader({ alg, kid }).sign(key);
}

function claimsOf(claims: object) {
  return { iss: ISSUER, sub: 'alice', room: 'standup', exp: new TestClock().now / 1000 + 60, ...claims };
}

async function refuses(code: string, attempt: unknown): Promise<void> {
  await assert.rejects(Promise.resolve(attempt), (error: SluiceError) => {
    assert.equal(error.code, code);
    return true;
  });
}

/** A server of key sets on loopback, stopped with the test. */
async function serveKeys(context: TestContext, keys: JWK[]) {
  const state = {
    keys,
    requests: 0,
    status: 200,
    location: '',
    /** Undefined: no answer at all. */
    answer: (): string | undefined => JSON.stringify({ keys: state.keys }),
    url: '',
    stop: () => stop(server),
  };
  const server = createServer((_request, response) => {
    state.requests += 1;
    const body = state.answer();
    if (body === undefined) return;
    response.writeHead(state.status, { 'content-type': 'application/json', location: state.location }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => stop(server));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  return state;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
