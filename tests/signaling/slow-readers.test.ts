import assert from 'node:assert/strict';
import test from 'node:test';

import { roomName } from '../support/rooms.ts';
import { Client } from './client.ts';
import { RawSocket, neverReading, refused } from './raw.ts';
import { type TestServer, eventually, startServer } from './server.ts';

const TEXT = Buffer.alloc(4096, 'x');
const SETTINGS = { maxBackpressure: 64 * 1024, replayEvents: 20, replayBytes: 32 * 1024 };

test('a client that never reads loses its socket, and the others lose nothing', async (t) => {
  const server = await startServer(t, { settings: SETTINGS });
  const bob = await Client.join(server, 'bob');
  await Client.join(server, 'carol');
  await neverReading(server, { protocol: 1, token: await server.token('ada') });
  await bob.next('participant-joined', 2);

  const sent = await talkUntil(server, () => slowSockets(server) === 1);
  await eventually(() => server.signaling.sockets === 2);
  const ada = participant(server, 'ada');
  assert.equal(ada?.connected, false);
  await bob.next('data', sent);
  assert.deepEqual(bob.payloads('participant-left'), []);
});

test('a client that never reads what is published to its room loses its socket, too', async (t) => {
  const server = await startServer(t, { settings: SETTINGS });
  await neverReading(server, { protocol: 1, token: await server.token('ada') });
  await eventually(() => server.signaling.sessions === 1);
  const room = server.rooms.get(roomName('lobby'));
  const frame = JSON.stringify({ l: Array.from({ length: 2000 }, (_, index) => index) });

  await until(
    () => slowSockets(server) === 1,
    () => server.signaling.publishTick(room.id, frame),
  );
  await eventually(() => server.signaling.sockets === 0);
  assert.equal(participant(server, 'ada')?.connected, false);
});

test('one that is too slow again and again is put out', async (t) => {
  const server = await startServer(t, {
    settings: { ...SETTINGS, replayEvents: 100_000, replayBytes: 64 * 1024 * 1024 },
  });
  const bob = await Client.join(server, 'bob');
  await Client.join(server, 'carol');
  const ada = await RawSocket.join(server, 'ada');
  const { session } = ada.message('joined') as { session: { id: string; secret: string } };
  const hello = { protocol: 1, resume: { sessionId: session.id, secret: session.secret, received: 0 } };

  for (let round = 1; round <= 3; round += 1) {
    await neverReading(server, hello);
    await talkUntil(server, () => slowSockets(server) === round);
  }
  await bob.next('participant-left');
  assert.equal(bob.payloads('participant-left')[0]?.['reason'], 'too-slow');
  assert.equal((await refused(server, hello)).code, 'session-gone');
});

test('what arrived before a ping was answered is not kept', async (t) => {
  const server = await startServer(t, { settings: { pingInterval: 100, pingTimeout: 5000, replayEvents: 3 } });
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');
  await bob.say('first');
  await ada.next('data');
  const { resume } = ada.resumeHello;
  // The answer to the next ping says that it arrived, so a client that denies it is not believed.
  for (let pings = 0; pings < 2; pings += 1)
    await new Promise((resolve) => ada.socket.io.once('ping', () => resolve(undefined)));
  await ada.drop();
  const { code } = await refused(server, { protocol: 1, resume: { ...resume, received: 0 } });
  assert.equal(code, 'session-gone');
});

function slowSockets(server: TestServer): number {
  return server.facts.filter((fact) => fact.type === 'misbehaviour' && fact.code === 'too-slow').length;
}

function participant(server: TestServer, who: string) {
  return server.rooms
    .get(roomName('lobby'))
    .participants()
    .find(({ identity }) => identity === who);
}

/** Carol talks until `condition`. Returns how often she did. */
async function talkUntil(server: TestServer, condition: () => boolean): Promise<number> {
  let sent = 0;
  const speaker = participant(server, 'carol') ?? assert.fail('nobody speaks');
  await until(condition, async () => {
    await speaker.sendData('reliable', { t: 'message', text: true }, TEXT);
    sent += 1;
  });
  return sent;
}

async function until(condition: () => boolean, act: () => unknown): Promise<void> {
  for (let left = 20_000; !condition(); left -= 1) {
    if (left === 0) throw new Error('it never came true');
    await act();
    if (left % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
