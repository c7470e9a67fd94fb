import assert from 'node:assert/strict';
import test from 'node:test';

import { CAPABILITIES } from '../support/memory-media-engine.ts';
import { roomName } from '../support/rooms.ts';
import { Client, speech } from './client.ts';
import { RawSocket, neverReading, refused } from './raw.ts';
import { eventually, startServer } from './server.ts';

test('a client that lost its socket gets what it missed, and the others notice nothing', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  await ada.next('participant-joined');

  await ada.drop();
  await bob.say('one');
  await bob.say('two');
  const back = await Client.resume(server, ada);
  await bob.say('three');
  await back.next('data', 3);

  assert.equal(back.received[0]?.[0], 'resumed');
  assert.deepEqual(back.received[0]?.[1], { sessionId: ada.joined.session.id, tick: { l: [], s: null, q: [] } });
  assert.deepEqual(
    back.events().map(([name, seq, payload]) => [name, seq, payload['payload']]),
    [
      ['data', 2, 'one'],
      ['data', 3, 'two'],
      ['data', 4, 'three'],
    ],
  );
  assert.deepEqual(bob.events(), []);
});

test('events that arrived but whose handling is not reported come again', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  await bob.say('one');
  await ada.next('data');
  await ada.drop();

  const back = await Client.resume(server, ada, 1);
  await back.next('data');
  assert.deepEqual(
    back.events().map(([name, seq]) => [name, seq]),
    [['data', 2]],
  );
});

test('a request that is repeated after a resume is answered again and not done again', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  const first = await ada.ask('data', speech('once'), 1);
  await ada.drop();
  const back = await Client.resume(server, ada);

  assert.deepEqual(await back.ask('data', speech('once'), 1), first);
  await back.ask('data', speech('end'), 2);
  await bob.next('data', 2);
  assert.deepEqual(bob.heard, ['once', 'end']);
});

test('a request that still runs when it is repeated is answered over the new socket', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const transportId = ada.joined.media.send.id;
  server.engine.hold();
  const lost = ada.ask('transport-restart-ice', { transportId }, 1);
  assert.equal((await ada.ask('no-such-request', {}, 2)).ok, false);
  await ada.drop();
  const back = await Client.resume(server, ada);

  const repeated = back.ask('transport-restart-ice', { transportId }, 1);
  assert.equal((await back.ask('no-such-request', {}, 3)).ok, false);
  server.engine.release();
  assert.equal((await repeated).ok, true);
  const done = server.facts.filter((fact) => fact.type === 'request' && fact.name === 'transport-restart-ice');
  assert.equal(done.length, 1);
  assert.equal(await Promise.race([lost, Promise.resolve('nothing came')]), 'nothing came');
});

test('a half-open socket gives way to the one that resumes', async (t) => {
  const server = await startServer(t);
  const ada = await RawSocket.join(server, 'ada');
  const { session } = ada.message('joined') as { session: { id: string; secret: string } };

  const next = await RawSocket.open(server);
  next.hello({ protocol: 1, resume: { sessionId: session.id, secret: session.secret, received: 0 } });
  await next.until((raw) => raw.message('resumed') !== undefined);

  assert.deepEqual(await ada.closed, { code: 4409, reason: 'replaced' });
  assert.equal(ada.bye, 'replaced');
  assert.equal(server.rooms.get(roomName('lobby')).participants()[0]?.connected, true);
});

test('a session is gone when its time is over', async (t) => {
  const server = await startServer(t, { settings: { resumeWithin: 100 } });
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  await ada.drop();
  await bob.next('participant-left');

  assert.equal(bob.payloads('participant-left')[0]?.['reason'], 'disconnected');
  const { code, closed } = await refused(server, ada.resumeHello);
  assert.deepEqual([code, closed], ['session-gone', 4410]);
  assert.equal(server.signaling.sessions, 1);
});

test('a session is gone when too much has happened, and its participant with it', async (t) => {
  const server = await startServer(t, { settings: { replayEvents: 3 } });
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  await ada.next('participant-joined');
  await ada.drop();
  for (const text of ['1', '2', '3', '4']) await bob.say(text);

  assert.equal((await refused(server, ada.resumeHello)).code, 'session-gone');
  await bob.next('participant-left');
});

test('a session is gone after leave', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  await ada.request('leave', {});
  await ada.closed;
  assert.equal((await refused(server, ada.resumeHello)).code, 'session-gone');
});

test('no other secret opens a session', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  const { resume } = ada.resumeHello;
  for (const secret of [bob.joined.session.secret, resume.secret.slice(1), `${resume.secret}A`, 'é'.repeat(20)]) {
    const { code } = await refused(server, { protocol: 1, resume: { ...resume, secret } });
    assert.equal(code, 'session-gone');
  }
  const unknown = { ...resume, sessionId: 'nobody' };
  assert.equal((await refused(server, { protocol: 1, resume: unknown })).code, 'session-gone');
  // None of that has touched the session.
  await ada.say('still here');
});

test('a client cannot claim to have received what was never sent', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  await ada.drop();
  const { resume } = ada.resumeHello;
  const { code } = await refused(server, { protocol: 1, resume: { ...resume, received: 7 } });
  assert.equal(code, 'session-gone');
});

test('a DISCONNECT packet is a lost socket, not a leave', async (t) => {
  const server = await startServer(t);
  const ada = await RawSocket.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  const { session } = ada.message('joined') as { session: { id: string; secret: string } };
  ada.send('41');
  assert.equal((await ada.closed).code, 1000);

  const next = await RawSocket.open(server);
  next.hello({ protocol: 1, resume: { sessionId: session.id, secret: session.secret, received: 0 } });
  await next.until((raw) => raw.message('resumed') !== undefined);
  assert.deepEqual(bob.events(), []);
});

test('sessions can be resumed while the server drains', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  server.signaling.drain(30);
  server.rooms.drain(30);
  await ada.next('draining');
  await ada.drop();
  await Client.resume(server, ada);

  const { code, closed, error } = await refused(server, { protocol: 1, token: await server.token('bob') });
  assert.deepEqual([code, closed], ['draining', 4503]);
  assert.equal((error as { retryAfter?: number }).retryAfter, 30);
});

test('a client that goes away while it joins leaves nobody behind', async (t) => {
  const server = await startServer(t);
  server.engine.hold();
  const socket = await neverReading(server, {
    protocol: 1,
    token: await server.token('ada'),
    rtpCapabilities: CAPABILITIES,
  });
  await eventually(() => server.rooms.size === 1);
  socket.destroy();
  await eventually(() => server.signaling.sockets === 0);
  server.engine.release();
  await eventually(() => server.facts.some((fact) => fact.type === 'join'));

  assert.equal(server.signaling.sessions, 0);
  assert.deepEqual(server.rooms.get(roomName('lobby')).participants(), []);
});
