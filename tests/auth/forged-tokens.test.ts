import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';
import { SignJWT, exportJWK } from 'jose';

import { type ErrorCode, SluiceError } from '../../src/kernel/errors.ts';
import { ALICE, SECRET_1, SECRET_2, TestClock, setUp } from './support.ts';

const ISSUER = 'https://issuer.example';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = {
  keys: [
    { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec', alg: 'ES256' },
  ],
};
const setup = setUp({ issuers: [{ issuer: ISSUER, jwks, algorithms: ['RS256', 'ES256'] }] });
const now = new TestClock().now / 1000;
const CLAIMS = { iss: 'k1', sub: 'alice', room: 'standup', jti: 'j', exp: now + 60 };
const FOREIGN = { ...CLAIMS, iss: ISSUER };

test('the tokens that the forgeries start from are valid', async () => {
  assert.equal(await codeOf(hmac({ alg: 'HS256' }, CLAIMS)), 'ok');
  assert.equal(await codeOf(hmac({ alg: 'HS256', kid: 'k1', typ: 'jwt' }, CLAIMS)), 'ok');
  assert.equal(
    await codeOf(await new SignJWT(FOREIGN).setProtectedHeader({ alg: 'RS256', kid: 'rsa' }).sign(rsa.privateKey)),
    'ok',
  );
});

const PEM = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const DER = rsa.publicKey.export({ type: 'spki', format: 'der' });
const FORGERIES: Record<string, string> = {
  'no algorithm': unsigned({ alg: 'none' }, CLAIMS),
  'no algorithm, with a signature': `${unsigned({ alg: 'none' }, CLAIMS)}AAAA`,
  'no algorithm, in other letters': `${unsigned({ alg: 'nOnE' }, CLAIMS)}AAAA`,
  'no algorithm, for an issuer': `${unsigned({ alg: 'none', kid: 'rsa' }, FOREIGN)}AAAA`,
  'no algorithm at all': hmac({}, CLAIMS),
  'HS256 with the public key of an issuer as PEM': hmac({ alg: 'HS256', kid: 'rsa' }, FOREIGN, PEM),
  'HS256 with the public key of an issuer as PEM, trimmed': hmac({ alg: 'HS256', kid: 'rsa' }, FOREIGN, PEM.trim()),
  'HS256 with the public key of an issuer as DER': hmac({ alg: 'HS256', kid: 'rsa' }, FOREIGN, DER),
  'HS256 with the modulus of an issuer': hmac({ alg: 'HS256', kid: 'rsa' }, FOREIGN, jwks.keys[0]!.n),
  'HS256 with an API key, in the name of an issuer': hmac({ alg: 'HS256', kid: 'k1' }, FOREIGN),
  'HS512 with the API key': hmac({ alg: 'HS512' }, CLAIMS, SECRET_1, 'sha512'),
  'HS256 with the secret of another key': hmac({ alg: 'HS256' }, CLAIMS, SECRET_2),
  'HS256 with the secret of another key, which it names': hmac({ alg: 'HS256', kid: 'k2' }, CLAIMS, SECRET_2),
  'a key id that is not the issuer': hmac({ alg: 'HS256', kid: 'k2' }, CLAIMS),
  'an unknown API key': hmac({ alg: 'HS256', kid: 'k9' }, { ...CLAIMS, iss: 'k9' }),
  'an issuer that is a property of every object': hmac({ alg: 'HS256' }, { ...CLAIMS, iss: '__proto__' }, ''),
  'an issuer that is a method of every object': hmac({ alg: 'HS256' }, { ...CLAIMS, iss: 'constructor' }, ''),
  'an empty secret': hmac({ alg: 'HS256' }, CLAIMS, ''),
  'no issuer': hmac({ alg: 'HS256', kid: 'k1' }, { ...CLAIMS, iss: undefined }),
  'an issuer that is a list': hmac({ alg: 'HS256', kid: 'k1' }, { ...CLAIMS, iss: ['k1'] }),
  'a key in its own header': hmac({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }, CLAIMS, Buffer.alloc(3)),
  'a token of another type': hmac({ alg: 'HS256', typ: 'logout+jwt' }, CLAIMS),
  'a critical extension': hmac({ alg: 'HS256', crit: ['x'], x: 1 }, CLAIMS),
  'a payload that is not encoded': hmac({ alg: 'HS256', crit: ['b64'], b64: false }, CLAIMS),
  'a payload that is a list': hmac({ alg: 'HS256' }, [CLAIMS]),
  'a payload that is no JSON': hmac({ alg: 'HS256' }, undefined),
  'too long a token': hmac({ alg: 'HS256' }, { ...CLAIMS, pad: 'x'.repeat(7000) }),
  'no token': '',
  'a word': 'token',
  dots: '..',
  'five parts': 'a.a.a.a.a',
  'a NUL': '\u0000.\u0000.\u0000',
  'a megabyte': 'a'.repeat(1_000_000),
};

for (const [name, token] of Object.entries(FORGERIES)) {
  test(`refused: ${name}`, async () => {
    assert.equal(await codeOf(token), 'token-invalid');
  });
}

test('an ES256 token is not taken from an issuer that only signs with RS256', async () => {
  const token = await new SignJWT(FOREIGN).setProtectedHeader({ alg: 'ES256', kid: 'ec' }).sign(ec.privateKey);
  assert.equal(await codeOf(token), 'ok');
  const strict = setUp({ issuers: [{ issuer: ISSUER, jwks, algorithms: ['RS256'] }] });
  assert.equal(await codeOf(token, strict), 'token-invalid');
});

test('no character of a token can be another one', async () => {
  const { token } = await setup.tokens.sign(ALICE);
  assert.equal(await codeOf(token), 'ok');
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= \n\u0000é';
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...Array.from(characters)), async (at, character) => {
      fc.pre(token[at] !== character);
      assert.equal(await codeOf(token.slice(0, at) + character + token.slice(at + 1)), 'token-invalid');
    }),
    { numRuns: 1000 },
  );
  // The last character holds unused bits, where a careless decoder takes several for one.
  for (const character of characters.replace(token.at(-1)!, '')) {
    assert.equal(await codeOf(token.slice(0, -1) + character), 'token-invalid');
  }
});

test('no part of a token is a token, and nor is more than it', async () => {
  const { token } = await setup.tokens.sign(ALICE);
  for (let length = 0; length < token.length; length += 7) {
    assert.equal(await codeOf(token.slice(0, length)), 'token-invalid');
    assert.equal(await codeOf(token.slice(length + 1)), 'token-invalid');
  }
  for (const more of ['.', '=', 'A', '.A', ' ', '\n']) {
    assert.equal(await codeOf(token + more), 'token-invalid');
    assert.equal(await codeOf(more + token), 'token-invalid');
  }
});

test('an ECDSA signature in its other form does not bring a revoked token back', async () => {
  const { jti: _, ...claims } = FOREIGN;
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'ec' }).sign(ec.privateKey);
  const twin = otherSignature(token);
  const { tokenId } = await setup.tokens.verify(twin);
  assert.notEqual(twin, token);
  setup.tokens.revoke(tokenId);
  assert.equal(await codeOf(twin), 'token-revoked');
  assert.equal(await codeOf(token), 'token-revoked');
});

test('random bytes are refused', async () => {
  for (let run = 0; run < 200; run += 1) {
    const part = () => randomBytes(run).toString('base64url');
    assert.equal(await codeOf(`${part()}.${part()}.${part()}`), 'token-invalid');
  }
});

async function codeOf(token: string, { tokens } = setup): Promise<ErrorCode | 'ok'> {
  try {
    await tokens.verify(token);
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof SluiceError, String(error));
    assert.ok(token.length < 20 || !error.message.includes(token.slice(0, 20)));
    return error.code;
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value) ?? 'no json').toString('base64url');
}

function unsigned(header: object, payload: object): string {
  return `${encode(header)}.${encode(payload)}.`;
}

function hmac(header: object, payload: unknown, key: string | Buffer = SECRET_1, algorithm = 'sha256'): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac(algorithm, key).update(input).digest('base64url')}`;
}

/** With (r, s), (r, n - s) is valid too. */
function otherSignature(token: string): string {
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const dot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  const s = n - BigInt(`0x${signature.subarray(32).toString('hex')}`);
  const other = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  return `${token.slice(0, dot)}.${other.toString('base64url')}`;
}
