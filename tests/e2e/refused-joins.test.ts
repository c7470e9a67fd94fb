import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { SignJWT, UnsecuredJWT } from 'jose';

import { API_KEYS } from '../support/server.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();
const [keyId = '', secret = ''] = API_KEYS[0].split('.');
const ANOTHER_SECRET = 'f'.repeat(secret.length);

test('a room that is full takes nobody else, until somebody leaves', async (t) => {
  await stage.server.call('POST', '/v1/rooms', { name: 'small', maxParticipants: 2 });
  const { ada } = await stage.call(t, 'small', 'ada', 'bob');
  const token = await stage.server.token('small', 'eve');
  await isRefused(t, 'small', token, 'room-full', 'The room is full');

  await ada.leave();
  const eve = await stage.guest(t, 'eve');
  await eve.join(token);
  await eve.sees('bob');
});

test('an expired token does not admit', async (t) => {
  await isRefused(t, 'open', await tokenOf({ validFor: -60 }), 'token-expired', 'This link has expired');
});

test('a token of before its time does not admit', async (t) => {
  const token = await tokenOf({ validFrom: 3600, validFor: 7200 });
  await isRefused(t, 'open', token, 'token-not-yet-valid', 'It is too early for this link');
});

test('a token that nobody signed who may does not admit', async (t) => {
  const good = await tokenOf({});
  const unsigned = new UnsecuredJWT(claims()).setIssuer(keyId).setExpirationTime('1h').encode();
  const forged: Record<string, string> = {
    'signed with another secret': await tokenOf({ secret: ANOTHER_SECRET }),
    'not signed': unsigned,
    'with the signature of another': good.replace(/[^.]+$/, '') + (await tokenOf({ identity: 'bob' })).split('.')[2],
    'no token': 'hello',
  };
  const guest = await stage.guest(t, 'ada');
  for (const [what, token] of Object.entries(forged)) {
    assert.equal(await guest.tryToJoin(token), 'token-invalid', what);
  }
  assert.equal(await guest.tryToJoin(good), null, 'what is well signed admits');
  await isRefused(t, 'open', forged['not signed']!, 'token-invalid', 'This link is not valid');
});

test('a link without a token says that it is not complete', async (t) => {
  const page = await stage.open(t, '/meet/open');
  await page.getByRole('heading', { name: 'This link is not complete' }).waitFor();
});

/** The SDK gives the code, and the meeting page the sentence. */
async function isRefused(t: TestContext, room: string, token: string, code: string, sentence: string): Promise<void> {
  const guest = await stage.guest(t, 'refused');
  assert.equal(await guest.tryToJoin(token), code);

  const page = await stage.open(t, `/meet/${room}#${token}`);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.getByRole('heading', { name: sentence }).waitFor();
}

function claims(identity = 'ada') {
  return { room: 'open', sub: identity };
}

/** As an application's backend makes it: for room `open`, valid from and for these seconds. */
function tokenOf(options: {
  identity?: string;
  validFrom?: number;
  validFor?: number;
  secret?: string;
}): Promise<string> {
  const { identity, validFrom, validFor = 3600, secret: signedWith = secret } = options;
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT(claims(identity)).setProtectedHeader({ alg: 'HS256', kid: keyId }).setIssuer(keyId);
  token.setExpirationTime(now + validFor);
  if (validFrom !== undefined) token.setNotBefore(now + validFrom);
  return token.sign(Buffer.from(signedWith));
}
