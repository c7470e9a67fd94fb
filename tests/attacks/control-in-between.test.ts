/** What is done to somebody, or to a room, in the middle of a join; and what is asked of those who are gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CAPABILITIES } from '../support/memory-media-engine.ts';
import { identity, roomName } from '../support/rooms.ts';
import { Client } from '../signaling/client.ts';
import { refused } from '../signaling/raw.ts';
import { eventually, startServer, type TestServer } from '../signaling/server.ts';

test('a kick during the join refuses it as kicked, with the reason; nothing is left, and the token is void', async (t) => {
  const server = await startServer(t);
  const bob = await Client.join(server, 'bob');
  const before = transports(server);
  const token = await server.token('mallory');
  const joining = holdJoins(server);
  const refusal = refused(server, { protocol: 1, token, rtpCapabilities: CAPABILITIES });
  await joining;
  const room = server.rooms.get(roomName('lobby'));
  room.control.kick({ identity: identity('mallory'), participantId: undefined }, 'Not you');
  server.engine.release();

  const { code, closed, error } = await refusal;
  assert.deepEqual([code, closed, (error as { reason?: string }).reason], ['kicked', 4403, 'Not you']);
  await eventually(() => transports(server) === before);
  assert.deepEqual([room.participants().length, server.signaling.sessions], [1, 1]);
  assert.deepEqual(bob.events(), [], 'nobody has seen it');
  assert.equal((await refused(server, { protocol: 1, token })).code, 'token-revoked');
});

test('a room that is closed during a join refuses it as closed, and leaves neither room nor media', async (t) => {
  const server = await startServer(t);
  await Client.join(server, 'bob');
  const token = await server.token('ada');
  const joining = holdJoins(server);
  const refusal = refused(server, { protocol: 1, token, rtpCapabilities: CAPABILITIES });
  await joining;
  const room = server.rooms.get(roomName('lobby'));
  room.close('closed');
  server.engine.release();

  const { code, closed } = await refusal;
  assert.deepEqual([code, closed], ['room-closed', 4410]);
  await eventually(() => transports(server) === 0 && server.signaling.sessions === 0);
  assert.equal(server.rooms.find(roomName('lobby')), undefined);
  // The name is free, for a room that has nothing of the old one.
  const ada = await Client.join(server, 'ada');
  assert.notEqual(ada.joined.room.id, room.id);
  assert.deepEqual(ada.joined.participants, []);
});

test('a call to somebody who has left, who was never there or who cannot be seen, is refused in the same words', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  const ghost = await Client.join(server, 'ghost', {}, { grants: { hidden: true } });
  await bob.request('leave', {});
  await ada.next('participant-left');
  const answers = await Promise.all(
    [bob.joined.self.id, 'nobody', ghost.joined.self.id, ada.joined.self.id].map((to, index) =>
      ada.ask('data', { header: { t: 'call', to, id: index + 1, method: 'ping' }, payload: '' }),
    ),
  );
  const [first] = answers;
  assert.equal(first?.ok === false && first.error.code, 'participant-not-found');
  for (const answer of answers) assert.deepEqual(answer, first);
  assert.deepEqual(ghost.payloads('data'), []);
});

test('an answer of somebody who was not called reaches nobody, whatever it claims', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  const mallory = await Client.join(server, 'mallory');
  const to = ada.joined.self.id;
  await ada.request('data', {
    header: { t: 'call', to: bob.joined.self.id, id: 7, method: 'secret' },
    payload: '',
  });
  await mallory.request('data', { header: { t: 'answer', to, id: 7, ok: true, text: true }, payload: 'forged' });
  await bob.request('data', { header: { t: 'answer', to, id: 7, ok: true, text: true }, payload: 'true' });
  await ada.next('data');
  assert.deepEqual(ada.heard, ['true']);
});

test('changes of oneself that are too large, or name what there is not, change nothing', async (t) => {
  const server = await startServer(t);
  const bob = await Client.join(server, 'bob');
  const ada = await Client.join(server, 'ada', {}, { grants: { profile: true } });
  await bob.next('participant-joined');
  const large = 'x'.repeat(4096);
  for (const change of [
    { name: 'New', metadata: { large } },
    { name: 'New', attributes: { large } },
    { name: 'New', grants: { admin: true } },
    { name: 'New', identity: 'root' },
    { name: 'x'.repeat(129) },
    { name: 'New\u0000' },
  ]) {
    assert.equal(await ada.refusal('update-self', change), 'invalid-request', JSON.stringify(change).slice(0, 60));
  }
  await ada.say('done');
  await bob.next('data');
  assert.deepEqual(
    bob.events().map(([name]) => name),
    ['participant-joined', 'data'],
  );
});

/** Lets no media out. Resolves when somebody who joins waits for its own. */
function holdJoins(server: TestServer): Promise<void> {
  server.engine.hold();
  const [media] = server.engine.rooms;
  if (media === undefined) throw new Error('there is no room yet');
  const open = media.openTransport.bind(media);
  return new Promise((resolve) => {
    media.openTransport = (...parameters) => {
      resolve();
      return open(...parameters);
    };
  });
}

function transports(server: TestServer): number {
  return server.engine.rooms.reduce((sum, room) => sum + room.transports.size, 0);
}
