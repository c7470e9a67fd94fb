import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';

import { io } from 'socket.io-client';

import { CAPABILITIES } from '../support/memory-media-engine.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer(['--rooms.metadataLimit', '64B']);
});
after(() => server.close());

test('a participant is read, changed and put out, with ETags as rooms have them', async (t) => {
  const ada = await join(t, 'lab', 'ada');
  const inRoom = async () => (await server.call('GET', '/v1/rooms/lab')).body['participants'];
  assert.equal(await inRoom(), 1);
  const path = '/v1/rooms/lab/participants/ada';
  const read = await server.call('GET', path);
  assert.equal(read.status, 200);
  assert.deepEqual(read.body['attributes'], { team: 'red' });
  const asRead = { 'if-match': read.headers.get('etag')! };
  const change = { name: 'Ada L.', attributes: { hand: 'up', team: null }, grants: { publish: ['microphone'] } };
  const changed = await server.call('PATCH', path, change, asRead);
  assert.equal(changed.status, 200);
  assert.deepEqual([changed.body['name'], changed.body['attributes']], ['Ada L.', { hand: 'up' }]);
  assert.deepEqual((changed.body['grants'] as { publish: unknown }).publish, ['microphone']);

  for (const [method, body] of [
    ['PATCH', { name: 'x' }],
    ['DELETE', undefined],
  ] as const) {
    const stale = await server.call(method, path, body, asRead);
    assert.deepEqual([stale.status, stale.body['code']], [412, 'precondition-failed']);
  }
  assert.equal((await server.call('GET', path)).headers.get('etag'), changed.headers.get('etag'));

  const current = { 'if-match': changed.headers.get('etag')! };
  assert.equal((await server.call('DELETE', `${path}?reason=Too%20loud`, undefined, current)).status, 204);
  const bye = await ada.bye;
  assert.deepEqual([bye.code, bye.reason], ['kicked', 'Too loud']);
  assert.equal((await server.call('GET', path)).body['code'], 'participant-not-found');
  assert.equal(await ada.again(), 'token-revoked');
  assert.equal(await inRoom(), 0, 'a description that was given before is not given again');
});

test('a page that ends leaves by what a browser posts for it, with the secret of its session', async (t) => {
  const ada = await join(t, 'ending', 'ada');
  const path = `/v1/sessions/${ada.session.id}/leave`;
  const post = async (body: unknown, type = 'text/plain;charset=UTF-8') => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(server.url + path, { method: 'POST', body: text, headers: { 'content-type': type } });
    const answer = await response.text();
    return answer === '' ? response.status : (JSON.parse(answer) as { code: string }).code;
  };
  assert.equal(await post({ secret: 'guessed' }), 'forbidden');
  assert.equal(await post({ secret: 7 }), 'invalid-request');
  assert.equal(await post({}), 'invalid-request');
  assert.equal(await post('{'), 'malformed-json');
  assert.equal(await post({ secret: ada.session.secret }, 'text/html'), 'unsupported-media-type');
  const there = async () => (await server.call('GET', '/v1/rooms/ending')).body['participants'];
  assert.equal(await there(), 1);

  assert.equal(await post({ secret: ada.session.secret }), 204);
  assert.equal((await ada.bye).code, 'left');
  assert.equal(await there(), 0);
  assert.equal(await post({ secret: ada.session.secret }), 204, 'it has left already');
});

test('what cannot be is refused, says where, and changes nothing', async (t) => {
  await join(t, 'strict', 'ada');
  const path = '/v1/rooms/strict/participants/ada';
  const asItWas = await server.call('GET', path);
  for (const [body, at] of [
    [{}, ''],
    [{ grants: { fly: true } }, '/grants/fly'],
    [{ grants: { publish: ['hologram'] } }, '/grants/publish/0'],
    [{ grants: { subscribe: 'yes' } }, '/grants/subscribe'],
    [{ name: '' }, '/name'],
    [{ identity: 'eve' }, '/identity'],
    [{ name: 'Other', metadata: { long: 'x'.repeat(64) } }, '/metadata'],
    [{ name: 'Other', attributes: { long: 'x'.repeat(64) } }, '/attributes'],
    [{ attributes: { n: 1 } }, '/attributes/n'],
    [{ attributes: { '': 'x' } }, '/attributes/'],
    [{ attributes: { 'a\nb': 'x' } }, '/attributes/a\nb'],
  ] as const) {
    const { status, body: problem } = await server.call('PATCH', path, body);
    assert.equal(status, 400, JSON.stringify(body));
    const paths = (problem['errors'] as { path: string }[]).map((error) => error.path);
    assert.ok(
      paths.some((one) => one === at),
      `${JSON.stringify(body)}: ${JSON.stringify(paths)}`,
    );
  }
  const afterwards = await server.call('GET', path);
  assert.deepEqual(afterwards.body, asItWas.body);
  assert.equal(afterwards.headers.get('etag'), asItWas.headers.get('etag'));
});

test('who is not there is not found, whatever is asked', async () => {
  await server.call('POST', '/v1/rooms', { name: 'empty' });
  const path = '/v1/rooms/empty/participants/nobody';
  for (const [method, suffix, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { name: 'x' }],
    ['DELETE', '', undefined],
    ['POST', '/mute', {}],
    ['POST', '/unmute-request', { source: 'camera' }],
    ['POST', '/move', { room: 'lab' }],
  ] as const) {
    const absent = await server.call(method, path + suffix, body);
    assert.deepEqual([absent.status, absent.body['code']], [404, 'participant-not-found'], method + suffix);
    const nowhere = await server.call(method, path.replace('empty', 'nowhere') + suffix, body);
    assert.equal(nowhere.body['code'], 'room-not-found', method + suffix);
  }
});

test('a mute of nothing is said to be one, and mutes of everyone count what they mute', async (t) => {
  await join(t, 'quiet', 'ada');
  const nothing = await server.call('POST', '/v1/rooms/quiet/participants/ada/mute', { sources: ['camera'] });
  assert.equal(nothing.body['code'], 'producer-not-found');
  assert.deepEqual((await server.call('POST', '/v1/rooms/quiet/participants/ada/mute', {})).body, { muted: 0 });
  assert.deepEqual((await server.call('POST', '/v1/rooms/quiet/mute', {})).body, { muted: 0 });
});

test('a participant is moved with a token that is good for the other room', async (t) => {
  const ada = await join(t, 'from', 'ada');
  await server.call('POST', '/v1/rooms', { name: 'to' });
  const moved = await server.call('POST', '/v1/rooms/from/participants/ada/move', { room: 'to' });
  assert.equal(moved.status, 200);
  const event = await ada.moved;
  assert.equal(event['room'].name, 'to');
  const there = await server.call('GET', '/v1/rooms/to/participants/ada');
  assert.equal(there.body['id'], moved.body['id']);
  assert.equal((await server.call('GET', '/v1/rooms/from/participants/ada')).body['code'], 'participant-not-found');
  ada.stop();
  assert.equal(await ada.again(event.token), 'joined');
});

type Joined = { session: { id: string; secret: string } };
type Bye = { code: string; reason?: string };
type Moved = { token: string; room: { name: string } };

/** Somebody who joins by signaling, and what becomes of it. */
async function join(t: TestContext, room: string, who: string) {
  const token = await server.token(room, who, { attributes: { team: 'red' } });
  const connect = (its: string) => {
    const auth = { protocol: 1, token: its, rtpCapabilities: CAPABILITIES };
    const socket = io(server.url, { transports: ['websocket'], auth, reconnection: false, forceNew: true });
    t.after(() => socket.disconnect());
    return socket;
  };
  const socket = connect(token);
  const bye = new Promise<Bye>((resolve) => socket.on('bye', resolve));
  const moved = new Promise<Moved>((resolve) => socket.on('moved', (_seq: number, event: Moved) => resolve(event)));
  const { session } = await new Promise<Joined>((resolve) => socket.on('joined', resolve));
  /** What a join with this token comes to. */
  const again = (its = token) =>
    new Promise<string>((resolve) => {
      const other = connect(its);
      other.on('joined', () => resolve('joined'));
      other.on('connect_error', (error: Error & { data?: Bye }) => resolve(error.data?.code ?? error.message));
    });
  return { session, bye, moved, again, stop: () => socket.disconnect() };
}
