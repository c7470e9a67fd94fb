import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import test from 'node:test';

import { io } from 'socket.io-client';

import { SluiceError } from '../../src/kernel/errors.ts';
import { Client } from './client.ts';
import { RawSocket, refused } from './raw.ts';
import { eventually, startServer } from './server.ts';

test('a hello that does not fit its schema is told where', async (t) => {
  const server = await startServer(t);
  const token = await server.token('ada');
  for (const [auth, path] of [
    [{}, '/protocol'],
    [{ protocol: 2, token }, '/protocol'],
    [{ protocol: 1 }, '/token'],
    [{ protocol: 1, token: 7 }, '/token'],
    [{ protocol: 1, token, admin: true }, '/admin'],
    [{ protocol: 1, token, subscribe: 'all' }, '/subscribe'],
    [{ protocol: 1, resume: { sessionId: 'a', secret: 'b', received: -1 } }, '/resume/received'],
  ] as const) {
    const { code, closed, error } = await refused(server, auth);
    assert.deepEqual([code, closed], ['invalid-request', 4400]);
    const paths = (error as { errors: { path: string }[] }).errors.map((one) => one.path);
    assert.ok(paths.includes(path), `${path} in ${paths.join()}`);
  }
  assert.equal(server.rooms.size, 0);
});

test('a CONNECT packet without auth is refused', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.open(server);
  raw.send('40');
  assert.equal((await raw.closed).code, 4400);
  assert.match(raw.frames.at(-1) ?? '', /^44\{"message":"invalid-request","data":\{"code":"invalid-request"/);
});

test('tokens that are forged, unsigned, expired or of another server are refused', async (t) => {
  const server = await startServer(t);
  const other = await startServer(t);
  const token = await server.token('ada');
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const promoted = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), admin: true }),
  ).toString('base64url');

  for (const forged of [
    'token',
    `${header}.${promoted}.${signature}`,
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    await other.token('ada'),
  ]) {
    const { code, closed } = await refused(server, { protocol: 1, token: forged });
    assert.deepEqual([code, closed], ['token-invalid', 4401]);
  }
  const expired = await server.token('ada', { ttl: 1000 });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal((await refused(server, { protocol: 1, token: expired })).code, 'token-expired');
  assert.equal(server.rooms.size, 0);
});

test('a full room is refused', async (t) => {
  const server = await startServer(t, { rooms: { maxParticipants: 1 } });
  await Client.join(server, 'ada');
  const { code, closed } = await refused(server, { protocol: 1, token: await server.token('bob') });
  assert.deepEqual([code, closed], ['room-full', 4409]);
});

test('joins are limited by address and by identity', async (t) => {
  const byAddress = await startServer(t, { limits: { joinAddress: { rate: 0.001, burst: 1 } } });
  await Client.join(byAddress, 'ada');
  const { code, closed, error } = await refused(byAddress, { protocol: 1, token: 'guess' });
  assert.deepEqual([code, closed], ['rate-limited', 4429]);
  assert.ok(((error as { retryAfter?: number }).retryAfter ?? 0) > 900);

  const byIdentity = await startServer(t, { limits: { joinIdentity: { rate: 0.001, burst: 1 } } });
  await Client.join(byIdentity, 'ada');
  const again = { protocol: 1, token: await byIdentity.token('ada') };
  assert.equal((await refused(byIdentity, again)).code, 'rate-limited');
  await Client.join(byIdentity, 'bob');
});

test('what the media engine refuses, and what nobody expected, comes as an error of the table', async (t) => {
  const server = await startServer(t);
  server.engine.failure = new SluiceError('media-unavailable', { retryAfter: 2 });
  const token = await server.token('ada');
  assert.equal((await refused(server, { protocol: 1, token })).closed, 4503);

  server.engine.openRoom = () => Promise.reject(new TypeError('secret detail'));
  const { code, closed, error } = await refused(server, { protocol: 1, token });
  assert.deepEqual([code, closed], ['internal', 4500]);
  assert.doesNotMatch(JSON.stringify(error), /secret detail/);
  assert.equal(server.faults.length, 1);
});

test("Socket.IO's own client is told the error, too", async (t) => {
  const server = await startServer(t);
  const socket = io(server.url, { transports: ['websocket'], auth: { protocol: 1, token: 'x' }, reconnection: false });
  server.atEnd(() => socket.disconnect());
  const [error] = await once(socket as unknown as EventEmitter, 'connect_error');
  assert.equal(error.message, 'token-invalid');
  assert.deepEqual(error.data.code, 'token-invalid');
});

test('other name spaces are refused', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.open(server);
  raw.send('40/admin,{}');
  await raw.until(({ frames }) => frames.length === 2);
  assert.equal(raw.frames[1], '44/admin,{"message":"Invalid namespace"}');
});

test('a socket that does not join in time is closed', async (t) => {
  const server = await startServer(t, { settings: { joinTimeout: 50 } });
  const raw = await RawSocket.open(server);
  assert.deepEqual(await raw.closed, { code: 4408, reason: 'join-timeout' });
  assert.equal(raw.bye, 'join-timeout');
});

test('a second CONNECT packet while the first is answered joins nobody twice', async (t) => {
  const server = await startServer(t);
  const hello = { protocol: 1, token: await server.token('ada') };
  const raw = await RawSocket.open(server);
  // Otherwise the first may be answered before the second has come.
  server.engine.hold();
  raw.hello(hello);
  raw.hello(hello);
  assert.equal((await raw.closed).code, 4409);
  server.engine.release();
  assert.equal(raw.bye, 'out-of-order');
  await eventually(() => server.facts.some(({ type }) => type === 'join'));
  assert.equal(server.facts.filter(({ type }) => type === 'join').length, 1);
  assert.deepEqual(
    server.rooms.list().flatMap((room) => room.participants()),
    [],
  );
});
