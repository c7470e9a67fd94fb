import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';

import { joinRoom } from '../support/participant.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test('the token of somebody who was put out opens no door: no join, no relay, no WHIP, no WHEP, no beacon', async (t) => {
  const token = await server.token('den', 'mallory');
  await join(t, token);
  assert.equal((await turn(token)).status, 200);
  assert.equal((await server.call('DELETE', '/v1/rooms/den/participants/mallory')).status, 204);

  const credentials = await turn(token);
  assert.deepEqual([credentials.status, credentials.body['code']], [401, 'token-revoked']);
  assert.equal(credentials.body['username'], undefined);
  await assert.rejects(joinRoom(server.url, token), (error: { data?: { code: string } }) => {
    assert.equal(error.data?.code, 'token-revoked');
    return true;
  });
  const authorization = `Bearer ${token}`;
  for (const way of ['whip', 'whep']) {
    const headers = { authorization, 'content-type': 'application/sdp' };
    const answer = await fetch(`${server.url}/${way}/den`, { method: 'POST', headers, body: 'v=0\r\n' });
    assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [401, 'token-revoked']);
  }
  const beacon = await server.call('POST', '/v1/qoe/beacons', {}, { authorization });
  assert.equal(beacon.status, 401);
  // Another token of the same identity is the application's word that it may come again.
  assert.equal((await turn(await server.token('den', 'mallory'))).status, 200);
});

test('an ETag of a room, or of a presence, that is gone matches nothing of the same name that comes after it', async (t) => {
  const first = await server.call('POST', '/v1/rooms', { name: 'reborn' });
  const guest = await join(t, await server.token('reborn', 'ada'));
  const presence = await server.call('GET', '/v1/rooms/reborn/participants/ada');
  await guest.leave();
  await server.call('DELETE', '/v1/rooms/reborn');
  const second = await server.call('POST', '/v1/rooms', { name: 'reborn' });
  await join(t, await server.token('reborn', 'ada'));
  for (const [path, etag, change] of [
    ['/v1/rooms/reborn', first.headers.get('etag')!, { maxParticipants: 1 }],
    ['/v1/rooms/reborn/participants/ada', presence.headers.get('etag')!, { name: 'Eve' }],
  ] as const) {
    for (const [method, body] of [
      ['PATCH', change],
      ['DELETE', undefined],
    ] as const) {
      const stale = await server.call(method, path, body, { 'if-match': etag });
      assert.deepEqual([stale.status, stale.body['code']], [412, 'precondition-failed'], `${method} ${path}`);
    }
  }
  const now = await server.call('GET', '/v1/rooms/reborn');
  assert.deepEqual([now.body['id'], now.body['participants']], [second.body['id'], 1]);
});

test('nobody is called by a name that a path cannot hold: what is asked of it would be asked of the room', async () => {
  await server.call('POST', '/v1/rooms', { name: 'kept' });
  for (const identity of ['.', '..']) {
    const { status, body } = await server.call('POST', '/v1/rooms/kept/tokens', { identity });
    assert.deepEqual([status, body['code']], [400, 'invalid-request']);
  }
  assert.equal((await server.call('POST', '/v1/rooms/kept/tokens', { identity: '...' })).status, 201);
});

async function join(t: TestContext, token: string) {
  const participant = await joinRoom(server.url, token);
  t.after(() => participant.close());
  return participant;
}

function turn(token: string) {
  return server.call('POST', '/v1/turn/credentials', {}, { authorization: `Bearer ${token}` });
}
