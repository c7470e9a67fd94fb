import assert from 'node:assert/strict';
import test from 'node:test';

import { roomName } from '../support/rooms.ts';
import { Client } from './client.ts';
import { RawSocket, refused } from './raw.ts';
import { type TestServer, startServer } from './server.ts';

const lobby = (server: TestServer) => server.rooms.get(roomName('lobby'));

test('however a session ends, its client is told why and the socket closes with that code', async (t) => {
  for (const [end, code, closed] of [
    [(server: TestServer, ada: Client) => lobby(server).control.kick(ada.joined.self), 'kicked', 4403],
    [(server: TestServer) => server.rooms.close(roomName('lobby')), 'room-closed', 4410],
    [(server: TestServer) => Client.join(server, 'ada'), 'replaced', 4409],
    [(server: TestServer) => server.rooms.closeAll('draining'), 'draining', 4503],
  ] as const) {
    const server = await startServer(t);
    const ada = await Client.join(server, 'ada');
    void end(server, ada);
    const [, bye] = await ada.next('bye');
    assert.equal((bye as { code: string }).code, code);
    assert.deepEqual(await ada.closed, { code: closed, reason: code });
    assert.equal((await refused(server, ada.resumeHello)).code, 'session-gone');
  }
});

test('a participant that is put out while its socket is lost cannot come back', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  await ada.drop();
  lobby(server).control.kick(ada.joined.self);
  assert.equal((await refused(server, ada.resumeHello)).code, 'session-gone');
  assert.equal(server.signaling.sessions, 0);
});

test('a client leaves outside its socket, with or without one, and with its secret alone', async (t) => {
  const server = await startServer(t);
  const [ada, bob, eve] = await Promise.all(['ada', 'bob', 'eve'].map((who) => Client.join(server, who)));
  const leave = ({ joined: { session } }: Client, secret = session.secret) =>
    server.signaling.leave(session.id, secret);
  for (const wrong of ['', bob!.joined.session.secret]) assert.throws(() => leave(ada!, wrong), { code: 'forbidden' });
  assert.equal(server.signaling.sessions, 3);

  leave(ada!);
  assert.deepEqual(await ada!.closed, { code: 1000, reason: 'left' });
  await bob!.drop();
  leave(bob!);
  await eve!.next('participant-left', 2);
  const left = eve!.payloads('participant-left').map(({ identity, reason }) => [identity, reason].join(' '));
  assert.deepEqual(left, ['ada left', 'bob left']);
  assert.equal((await refused(server, bob!.resumeHello)).code, 'session-gone');
  leave(ada!);
  server.signaling.leave('none', 'none');
  assert.equal(server.signaling.sessions, 1);
});

test('a request that runs when its session ends is not answered after the bye', async (t) => {
  const server = await startServer(t);
  const ada = await RawSocket.join(server, 'ada');
  const { media } = ada.message('joined') as { media: { send: { id: string } } };
  server.engine.hold();
  ada.send(`420["transport-restart-ice",1,{"transportId":"${media.send.id}"}]`);
  ada.send('421["no-such-request",2,{}]');
  await ada.until(({ frames }) => frames.some((frame) => frame.startsWith('431')));
  server.rooms.close(roomName('lobby'));
  server.engine.release();
  await ada.closed;
  assert.match(ada.frames.at(-1) ?? '', /^42\["bye"/);
});

test('closing says bye to everyone and leaves no socket', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const idle = await RawSocket.open(server);
  await server.signaling.close();
  assert.equal((await ada.closed).code, 4503);
  await idle.closed;
  assert.equal(server.signaling.sockets, 0);
  assert.equal(server.signaling.sessions, 0);
});
