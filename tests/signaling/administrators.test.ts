import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AUDIO } from '../support/memory-media-engine.ts';
import { roomName } from '../support/rooms.ts';
import { Client } from './client.ts';
import { eventually, startServer } from './server.ts';

const MICROPHONE = { kind: 'audio', source: 'microphone', rtpParameters: AUDIO } as const;
const ADMIN = { grants: { admin: true } };

/** A request of each kind. */
const COMMANDS = [
  ['admin-mute', { identity: 'ada' }],
  ['admin-mute-all', {}],
  ['admin-ask-unmute', { identity: 'ada', source: 'microphone' }],
  ['admin-update', { identity: 'ada', name: 'x' }],
  ['admin-kick', { identity: 'ada' }],
  ['admin-move', { identity: 'ada', room: 'den' }],
] as const;

test('an administrator mutes, asks, changes and puts out; the person hears of each', async (t) => {
  const server = await startServer(t);
  const chair = await Client.join(server, 'chair', {}, ADMIN);
  const ada = await Client.join(server, 'ada');
  await ada.request('produce', MICROPHONE);
  assert.deepEqual(await chair.request('admin-mute', { identity: 'ada', sources: ['microphone'] }), { muted: 1 });
  await ada.next('producer-paused');
  await chair.request('admin-ask-unmute', { identity: 'ada', source: 'microphone' });
  await ada.next('unmute-requested');
  assert.deepEqual(ada.payloads('unmute-requested'), [{ source: 'microphone', by: 'admin', admin: 'chair' }]);
  await chair.request('admin-update', { identity: 'ada', name: 'Ada L.', grants: { publish: [] } });
  await ada.next('grants-changed');
  assert.deepEqual(
    ada.events().map(([name]) => name),
    ['producer-paused', 'unmute-requested', 'participant-updated', 'producer-removed', 'grants-changed'],
  );
  await chair.request('admin-kick', { identity: 'ada', reason: 'Enough' });
  assert.deepEqual((await ada.next('bye'))[1], {
    code: 'kicked',
    message: 'The participant was removed from the room.',
    reason: 'Enough',
  });
  assert.equal((await ada.closed).code, 4403);
});

test('nobody else does any of it, and is not told who is there', async (t) => {
  const server = await startServer(t);
  await Client.join(server, 'ada');
  const eve = await Client.join(server, 'eve');
  for (const [name, params] of COMMANDS) {
    assert.equal(await eve.refusal(name, params), 'forbidden', name);
    if ('identity' in params) assert.equal(await eve.refusal(name, { ...params, identity: 'nobody' }), 'forbidden');
  }
  assert.equal(await eve.refusal('update-self', { name: 'Mallory' }), 'forbidden');
});

test('administrators make nobody an administrator or unseen, and meet bad words with a refusal', async (t) => {
  const server = await startServer(t);
  const chair = await Client.join(server, 'chair', {}, ADMIN);
  await Client.join(server, 'ada');
  for (const [name, params] of [
    ['admin-update', { identity: 'ada', grants: { admin: true } }],
    ['admin-update', { identity: 'ada', grants: { hidden: true } }],
    ['admin-update', { identity: 'ada', grants: { fly: true } }],
    ['admin-update', { identity: 'ada', grants: {} }],
    ['admin-update', { identity: 'ada', metadata: { large: 'x'.repeat(5000) } }],
    ['admin-kick', { identity: 'ada', reason: 'x'.repeat(257) }],
    ['admin-kick', { identity: 'ada', reason: 'line\nline' }],
    ['admin-mute', { identity: 'ada', sources: [] }],
    ['admin-move', { identity: 'ada', room: '../etc' }],
  ] as const) {
    assert.equal(await chair.refusal(name, params), 'invalid-request', JSON.stringify(params).slice(0, 80));
  }
  for (const [name, params] of COMMANDS) {
    if (!('identity' in params)) continue;
    assert.equal(await chair.refusal(name, { ...params, identity: 'nobody' }), 'participant-not-found', name);
    assert.equal(await chair.refusal(name, { ...params, participantId: 'none' }), 'participant-not-found', name);
  }
});

test('a kick over signaling revokes the token', async (t) => {
  const server = await startServer(t);
  const chair = await Client.join(server, 'chair', {}, ADMIN);
  const token = await server.token('ada');
  await Client.join(server, 'ada', { token });
  await chair.request('admin-kick', { identity: 'ada' });
  await assert.rejects(Promise.race([Client.join(server, 'ada', { token }), later()]));
  const lobby = server.rooms.get(roomName('lobby'));
  assert.deepEqual(
    lobby.participants().map(({ identity }) => identity as string),
    ['chair'],
  );
});

test('who is moved goes on in the same session: it resumes there, and ticks come from there', async (t) => {
  const server = await startServer(t, { rooms: { moveTo: [roomName('den')] } });
  const chair = await Client.join(server, 'chair', {}, ADMIN);
  const ada = await Client.join(server, 'ada');
  const { id: producerId } = (await ada.request('produce', MICROPHONE)).producer;
  await chair.request('admin-move', { identity: 'ada', room: 'den' });
  const [, , moved] = await ada.next('moved');
  assert.equal((moved as { room: { name: string } }).room.name, 'den');
  assert.equal(await ada.refusal('producer-close', { producerId }), 'producer-not-found');
  const { producer } = await ada.request('produce', MICROPHONE);
  server.engine.rooms.at(-1)!.listener.levels([{ producerId: producer.id, dBov: -30 }]);
  await ada.next('tick');

  await ada.drop();
  const again = await Client.resume(server, ada);
  await again.request('producer-pause', { producerId: producer.id });
  await again.request('leave', {});
  await eventually(() => server.rooms.get(roomName('den')).participants().length === 0);
});

test('one who did not hear of the move learns of it when it resumes', async (t) => {
  const server = await startServer(t, { rooms: { moveTo: [roomName('den')] } });
  const chair = await Client.join(server, 'chair', {}, ADMIN);
  const ada = await Client.join(server, 'ada');
  await ada.drop();
  await eventually(() => server.signaling.sockets === 1);
  await chair.request('admin-move', { identity: 'ada', room: 'den' });
  const again = await Client.resume(server, ada);
  await again.next('moved');
  await again.say('hello');
});

test('changes are counted at a door of their own', async (t) => {
  const server = await startServer(t, { limits: { control: { rate: 0.001, burst: 2 } } });
  const chair = await Client.join(server, 'chair', {}, { grants: { admin: true, profile: true } });
  await Client.join(server, 'ada');
  await chair.request('update-self', { attributes: { hand: 'up' } });
  await chair.request('admin-mute-all', {});
  assert.equal(await chair.refusal('admin-kick', { identity: 'ada' }), 'rate-limited');
  assert.equal(await chair.refusal('update-self', { attributes: { hand: null } }), 'rate-limited');
  await chair.say('still here');
});

function later(): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error('it did not come in')), 500));
}
