import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { API_KEYS, startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer([
    '--rooms.metadataLimit',
    '64B',
    '--rooms.maxParticipants',
    '20',
    '--rooms.maxParticipantsLimit',
    '50',
  ]);
});
after(() => server.close());

test('a room is created, read, listed, changed and closed', async () => {
  const created = await server.call('POST', '/v1/rooms', { name: 'lab', maxParticipants: 5, metadata: { topic: 'x' } });
  assert.equal(created.status, 201);
  assert.equal(created.headers.get('location'), '/v1/rooms/lab');
  assert.equal(created.body['maxParticipants'], 5);
  assert.equal(created.body['participants'], 0);

  const read = await server.call('GET', '/v1/rooms/lab');
  assert.deepEqual(read.body, created.body);
  assert.equal(read.headers.get('etag'), created.headers.get('etag'));

  const listed = await server.call('GET', '/v1/rooms');
  assert.deepEqual(listed.body, { rooms: [created.body] });

  const changed = await server.call('PATCH', '/v1/rooms/lab', { maxParticipants: 6 });
  assert.equal(changed.body['maxParticipants'], 6);
  assert.deepEqual(changed.body['metadata'], { topic: 'x' });

  assert.equal((await server.call('DELETE', '/v1/rooms/lab')).status, 204);
  assert.equal((await server.call('GET', '/v1/rooms/lab')).body['code'], 'room-not-found');
});

test('an update with an ETag that is out of date changes nothing', async () => {
  const created = await server.call('POST', '/v1/rooms', { name: 'tagged' });
  const asRead = { 'if-match': created.headers.get('etag')! };
  assert.equal((await server.call('PATCH', '/v1/rooms/tagged', { emptyTimeout: 60 }, asRead)).status, 200);
  const stale = await server.call('PATCH', '/v1/rooms/tagged', { emptyTimeout: 90 }, asRead);
  assert.equal(stale.status, 412);
  assert.equal(stale.body['code'], 'precondition-failed');
  assert.equal((await server.call('DELETE', '/v1/rooms/tagged', undefined, asRead)).status, 412);
  const read = await server.call('GET', '/v1/rooms/tagged');
  assert.equal(read.body['emptyTimeout'], 60);
  const current = { 'if-match': `"another", ${read.headers.get('etag')}` };
  assert.equal((await server.call('DELETE', '/v1/rooms/tagged', undefined, current)).status, 204);
});

test('a name is taken while its room is open', async () => {
  await server.call('POST', '/v1/rooms', { name: 'twice' });
  const again = await server.call('POST', '/v1/rooms', { name: 'twice' });
  assert.equal(again.status, 409);
  assert.equal(again.body['code'], 'room-exists');
  await server.call('DELETE', '/v1/rooms/twice');
});

test('what does not fit is refused with each violation, and opens nothing', async () => {
  for (const [body, path] of [
    [{}, '/name'],
    [{ name: 'a b' }, '/name'],
    [{ name: '../etc' }, '/name'],
    [{ name: 'ok', maxParticipants: 0 }, '/maxParticipants'],
    [{ name: 'ok', maxParticipants: 51 }, '/maxParticipants'],
    [{ name: 'ok', maxParticipants: '5' }, '/maxParticipants'],
    [{ name: 'ok', emptyTimeout: 1e9 }, '/emptyTimeout'],
    [{ name: 'ok', colour: 'blue' }, '/colour'],
    [{ name: 'ok', metadata: { long: 'x'.repeat(64) } }, '/metadata'],
    [{ name: 'ok', metadata: [] }, '/metadata'],
    [[], ''],
    [null, ''],
  ] as const) {
    const { status, headers, body: problem } = await server.call('POST', '/v1/rooms', body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(headers.get('content-type'), 'application/problem+json');
    assert.equal(problem['code'], 'invalid-request');
    assert.equal((problem['errors'] as { path: string }[])[0]!.path, path, JSON.stringify(problem));
  }
  assert.deepEqual((await server.call('GET', '/v1/rooms')).body, { rooms: [] });
});

test('malformed, oversize and mistyped bodies are refused as what they are', async () => {
  const send = async (body: string, contentType = 'application/json') => {
    const response = await fetch(`${server.url}/v1/rooms`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEYS[0]}`, 'content-type': contentType },
      body,
    });
    return [response.status, ((await response.json()) as { code: string }).code];
  };
  assert.deepEqual(await send('{"name": '), [400, 'malformed-json']);
  assert.deepEqual(await send('name=lab', 'application/x-www-form-urlencoded'), [415, 'unsupported-media-type']);
  assert.deepEqual(await send(`{"name":"${'x'.repeat(70_000)}"}`), [413, 'body-too-large']);
  assert.deepEqual(await send('{"__proto__": {"name": "lab"}}'), [400, 'invalid-request']);
});

test('a long list comes in pages that stay right while rooms come and go', async () => {
  for (const name of ['p3', 'p1', 'p2', 'p4']) await server.call('POST', '/v1/rooms', { name });
  const names = (body: Record<string, unknown>) => (body['rooms'] as { name: string }[]).map(({ name }) => name);
  const first = await server.call('GET', '/v1/rooms?limit=2');
  assert.deepEqual([names(first.body), first.body['next']], [['p1', 'p2'], 'p2']);
  await server.call('DELETE', '/v1/rooms/p2');
  const second = await server.call('GET', '/v1/rooms?limit=2&after=p2');
  assert.deepEqual([names(second.body), second.body['next']], [['p3', 'p4'], undefined]);
  for (const query of ['limit=0', 'limit=1001', 'limit=two', 'page=2']) {
    assert.equal((await server.call('GET', `/v1/rooms?${query}`)).body['code'], 'invalid-request', query);
  }
  for (const name of ['p1', 'p3', 'p4']) await server.call('DELETE', `/v1/rooms/${name}`);
});

test('without a right key nothing is told, and any of the configured keys is right', async () => {
  for (const authorization of ['', 'Bearer test.wrong', 'Basic dGVzdA==', `Bearer ${API_KEYS[0]}x`]) {
    const { status, body } = await server.call('GET', '/v1/rooms', undefined, { authorization });
    assert.equal(status, 401, authorization);
    assert.equal(body['code'], 'unauthorized');
  }
  const { status } = await server.call('GET', '/v1/rooms', undefined, { authorization: `bearer ${API_KEYS[1]}` });
  assert.equal(status, 200);
});

test('a method that a path does not have is named together with those that it has', async () => {
  const { status, headers } = await server.call('PUT', '/v1/rooms/lab');
  assert.equal(status, 405);
  assert.match(headers.get('allow') ?? '', /PATCH/u);
  assert.equal((await server.call('GET', '/v1/nothing')).body['code'], 'not-found');
});

test('limits and the policy for duplicate identities are settings like the others', async () => {
  const created = await server.call('POST', '/v1/rooms', { name: 'limits', maxPublishers: 2, maxTracks: 1 });
  assert.equal(created.status, 201);
  const { maxPublishers, maxTracks, duplicateIdentity } = created.body;
  assert.deepEqual(
    { maxPublishers, maxTracks, duplicateIdentity },
    {
      maxPublishers: 2,
      maxTracks: 1,
      duplicateIdentity: 'replace',
    },
  );
  const changed = await server.call('PATCH', '/v1/rooms/limits', { maxPublishers: null, duplicateIdentity: 'allow' });
  assert.equal(changed.body['maxPublishers'], null);
  assert.equal(changed.body['duplicateIdentity'], 'allow');
  assert.equal(changed.body['maxTracks'], 1);
  for (const wrong of [{ maxTracks: 5 }, { maxTracks: 0 }, { maxPublishers: -1 }, { duplicateIdentity: 'both' }]) {
    const refused = await server.call('PATCH', '/v1/rooms/limits', wrong);
    assert.equal(refused.body['code'], 'invalid-request', JSON.stringify(wrong));
  }
});
