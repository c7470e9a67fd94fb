import assert from 'node:assert/strict';
import test from 'node:test';

import { CAPABILITIES } from '../support/memory-media-engine.ts';
import { Client } from './client.ts';
import { RawSocket } from './raw.ts';
import { startServer } from './server.ts';

test('joined follows the CONNECT answer with no further message of the client', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.open(server);

  raw.hello({ protocol: 1, token: await server.token('ada'), rtpCapabilities: CAPABILITIES });
  await raw.until(({ frames }) => frames.length === 3);

  const [open, connect, joined] = raw.frames;
  assert.match(open ?? '', /^0\{/);
  assert.match(connect ?? '', /^40\{"sid":/);
  const [name, payload] = JSON.parse((joined ?? '').slice(2));
  assert.equal(name, 'joined');
  assert.equal(payload.protocol, 1);
  assert.equal(payload.self.identity, 'ada');
  assert.equal(payload.room.name, 'lobby');
  assert.deepEqual(payload.media.rtpCapabilities, CAPABILITIES);
  assert.notEqual(payload.media.send.id, payload.media.recv.id);
  assert.equal(payload.session.resumeWithin, 20);
  assert.equal(payload.beacons, true);
});

test('two participants see each other come, talk and go', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  const bob = await Client.join(server, 'bob');

  assert.deepEqual(
    bob.joined.participants.map((one) => one.identity),
    ['ada'],
  );
  await ada.next('participant-joined');
  assert.deepEqual(ada.events(), [['participant-joined', 1, { participant: bob.joined.self }]]);

  await bob.say('hello');
  await ada.next('data');
  assert.deepEqual(ada.payloads('data'), [
    { header: { t: 'message', from: bob.joined.self.id, text: true }, payload: 'hello' },
  ]);
  assert.deepEqual(bob.events(), []);

  await bob.request('leave', {});
  await bob.next('bye');
  assert.deepEqual(await bob.closed, { code: 1000, reason: 'left' });
  await ada.next('participant-left');
  assert.deepEqual(ada.events().at(-1), [
    'participant-left',
    3,
    { participantId: bob.joined.self.id, identity: 'bob', reason: 'left' },
  ]);
});

test('a join reports how long each of its steps took', async (t) => {
  const server = await startServer(t);
  await Client.join(server, 'ada');

  const fact = server.facts.find(({ type }) => type === 'join');
  assert.ok(fact?.type === 'join');
  assert.equal(fact.outcome, 'joined');
  const { hello, verify = -1, room = -1, total } = fact.steps;
  for (const step of [hello, verify, room]) assert.ok(step >= 0 && step <= total, `${step} of ${total}`);
});
