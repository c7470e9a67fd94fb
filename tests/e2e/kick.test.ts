import assert from 'node:assert/strict';
import test from 'node:test';

import { useStage } from './support/stage.ts';

const stage = useStage();

test('who is kicked is told so, is gone for the others, and cannot come back with the same token', async (t) => {
  const { bob } = await stage.call(t, 'kick', 'bob');
  const ada = await stage.guest(t, 'ada');
  const token = await stage.server.token('kick', 'ada');
  await ada.join(token);
  await ada.publish();
  await bob.sees('ada');

  assert.equal((await stage.server.call('DELETE', '/v1/rooms/kick/participants/ada')).status, 204);
  await ada.told('closed', { value: 'kicked' });
  await bob.told('participantLeft', { identity: 'ada', value: 'kicked' });
  assert.equal(await bob.reception('ada', 'camera'), undefined);
  assert.deepEqual((await bob.room()).participants, []);

  assert.equal(await ada.tryToJoin(token), 'token-revoked');
  const again = await stage.server.token('kick', 'ada');
  assert.equal(await ada.tryToJoin(again), null, 'a new token admits again');
});

test('a room that is closed over REST ends the call for everyone', async (t) => {
  const { ada, bob } = await stage.call(t, 'closing', 'ada', 'bob');
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);

  assert.equal((await stage.server.call('DELETE', '/v1/rooms/closing')).status, 204);
  await Promise.all([ada.told('closed', { value: 'room-closed' }), bob.told('closed', { value: 'room-closed' })]);
});
