import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startServer, type TestServer } from '../support/server.ts';
import { publish, send, type Sent, type SendOptions } from './over-http.ts';
import { offerText } from './support.ts';

const OFFER = offerText('libdatachannel');
const PLAY = offerText('chromium-play');

let server: TestServer;
before(async () => {
  server = await startServer(['--rooms.maxParticipants', '3']);
});
after(() => server.close());

const offer = (path: string, token: string | undefined, body = OFFER, more: SendOptions = {}) =>
  send(server, 'POST', path, { token, body, ...more });

/** Each is problem+json, and says what the table says. */
async function refused(answer: Promise<Sent>, status: number, code: string): Promise<Sent> {
  const sent = await answer;
  assert.deepEqual([sent.status, sent.code], [status, code], sent.text);
  const { title, type } = JSON.parse(sent.text) as Record<string, string>;
  assert.ok(title !== undefined && type === `urn:sluice:error:${code}`);
  return sent;
}

test('who has no token, or not the right one, gets 401, and the reason', async () => {
  for (const path of ['/whip/lab', '/whep/lab']) {
    await refused(offer(path, undefined), 401, 'unauthorized');
    await refused(offer(path, 'not.a.token'), 401, 'token-invalid');
  }
  const { token, session } = await publish(server, 'kicked');
  assert.equal((await server.call('DELETE', '/v1/rooms/kicked/participants/studio')).status, 204);
  await refused(offer('/whip/kicked', token), 401, 'token-revoked');
  await refused(send(server, 'GET', session, { token }), 404, 'not-found');
});

test('a token is good for its room, its grants and its own session, else 403', async () => {
  const token = await server.token('lab', 'studio');
  await refused(offer('/whip/other', token), 403, 'forbidden');
  const publishing = (publishes: unknown, more = {}) =>
    server.token('lab', 'x', { grants: { publish: publishes, ...more } });
  await refused(offer('/whip/lab', await publishing(['microphone'])), 403, 'forbidden');
  await refused(offer('/whip/lab', await publishing([])), 403, 'forbidden');
  await refused(offer('/whip/lab', await publishing(['camera', 'microphone'], { hidden: true })), 403, 'forbidden');
  await refused(offer('/whep/lab', await publishing([], { subscribe: false }), PLAY), 403, 'forbidden');
  for (const room of ['lab', 'other']) assert.equal((await server.call('GET', `/v1/rooms/${room}`)).status, 404, room);

  const { session } = await publish(server, 'own');
  const another = await server.token('own', 'somebody-else');
  for (const method of ['GET', 'DELETE']) {
    await refused(send(server, method, session, { token: another }), 403, 'forbidden');
    await refused(send(server, method, session), 401, 'unauthorized');
  }
  const newer = await server.token('own', 'studio');
  assert.equal((await send(server, 'DELETE', session, { token: newer })).status, 200, 'the same identity may');
});

test('bodies that are no offer: 400, 413, 415; offers that cannot be taken: 422', async () => {
  const token = await server.token('bodies', 'studio');
  await refused(offer('/whip/bodies', token, 'hello'), 400, 'malformed-sdp');
  await refused(offer('/whip/bodies', token, ''), 400, 'malformed-sdp');
  await refused(offer('/whip/bodies', token, OFFER + 'a=x:y\r\n'.repeat(40_000)), 413, 'body-too-large');
  const typed = await refused(
    offer('/whip/bodies', token, '{}', { type: 'application/json' }),
    415,
    'unsupported-media-type',
  );
  assert.equal(typed.headers.get('accept-post'), 'application/sdp');
  await refused(offer('/whip/bodies', token, PLAY), 422, 'invalid-media');
  await refused(offer('/whip/bodies', token, OFFER.replaceAll('H264/90000', 'H265/90000')), 422, 'unsupported-codec');
  await refused(offer('/whip/bodies', token, OFFER.replaceAll('a=rtcp-mux', 'a=x')), 422, 'invalid-media');
  await refused(offer('/whep/bodies?participant=a%00b', token, PLAY), 400, 'invalid-request');
  assert.equal((await server.call('GET', '/v1/rooms/bodies')).status, 404, 'no room was opened for them');
});

test('a full room is 409; so is one where nothing is to be played, with the time after which to ask again', async () => {
  await server.call('POST', '/v1/rooms', { name: 'full', maxParticipants: 1 });
  assert.equal((await publish(server, 'full', 'first')).status, 201);
  const { status, code } = await publish(server, 'full', 'second');
  assert.deepEqual([status, code], [409, 'room-full']);

  const token = await server.token('silent', 'viewer');
  const silent = await refused(offer('/whep/silent', token, PLAY), 409, 'nothing-to-play');
  assert.match(silent.headers.get('retry-after') ?? '', /^[1-9]\d*$/u);
  assert.equal((await server.call('GET', '/v1/rooms/silent')).status, 404, 'nobody came');
});

test('who asks too often gets 429, and when to come back', async () => {
  const token = await server.token('often', 'studio');
  let last: Sent;
  let left = 100;
  do {
    last = await offer('/whip/often', token, 'hello');
    left -= 1;
  } while (last.status === 400 && left > 0);
  assert.deepEqual([last.status, last.code], [429, 'rate-limited']);
  assert.match(last.headers.get('retry-after') ?? '', /^[1-9]\d*$/u);
});

test('a server that is going away takes no more offers: 503, and when to come back', async (t) => {
  const leaving = await startServer(['--drain.timeout', '1s']);
  t.after(() => leaving.close());
  const token = await leaving.token('lab', 'studio');
  const draining = leaving.drain();
  const { status, code, headers } = await send(leaving, 'POST', '/whip/lab', { token, body: OFFER });
  assert.deepEqual([status, code], [503, 'draining']);
  assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/u);
  await draining;
});

test('without rooms that open by themselves, one that nobody made is 404', async (t) => {
  const strict = await startServer(['--rooms.createOnJoin', 'false']);
  t.after(() => strict.close());
  await strict.call('POST', '/v1/rooms', { name: 'made' });
  assert.equal((await publish(strict, 'made')).status, 201);
  const token = await strict.token('made', 'viewer').catch(() => '');
  assert.notEqual(token, '');
  await strict.call('DELETE', '/v1/rooms/made');
  const { status, code } = await send(strict, 'POST', '/whep/made', { token, body: PLAY });
  assert.deepEqual([status, code], [409, 'nothing-to-play']);
  const publisher = await send(strict, 'POST', '/whip/made', { token, body: OFFER });
  assert.deepEqual([publisher.status, publisher.code], [404, 'room-not-found']);
});
