import assert from 'node:assert/strict';
import test from 'node:test';

import { useStage } from './support/stage.ts';

const stage = useStage();

test('a muted microphone is silent for the others until it is unmuted', async (t) => {
  const { ada, bob } = await stage.call(t, 'microphone', 'ada', 'bob');
  await bob.hears('ada');

  await ada.mute('microphone');
  await bob.told('trackMuted', { identity: 'ada', source: 'microphone' });
  await bob.receivesNothing('ada', 'microphone');
  await Promise.all([bob.sees('ada'), ada.hears('bob')]);

  await ada.unmute('microphone');
  await bob.told('trackUnmuted', { identity: 'ada', source: 'microphone' });
  await bob.hears('ada');
});

test('a muted camera is dark for the others until it is unmuted', async (t) => {
  const { ada, bob } = await stage.call(t, 'camera', 'ada', 'bob');
  await bob.sees('ada');

  await ada.mute('camera');
  await bob.told('trackMuted', { identity: 'ada', source: 'camera' });
  await bob.receivesNothing('ada', 'camera');
  await Promise.all([bob.hears('ada'), ada.sees('bob')]);

  await ada.unmute('camera');
  await bob.told('trackUnmuted', { identity: 'ada', source: 'camera' });
  await bob.sees('ada');
});

test('who joins later finds the muted tracks muted, and gets them when they are unmuted', async (t) => {
  const { ada } = await stage.call(t, 'late', 'ada');
  await Promise.all([ada.mute('camera'), ada.mute('microphone')]);
  const bob = await stage.guest(t, 'bob');
  await bob.join(await stage.server.token('late', 'bob'));
  await bob.told('trackAdded', { source: 'camera' });
  const { tracks } = await bob.room();
  assert.equal(tracks.length, 2);
  assert.ok(tracks.every(({ muted }) => muted));
  await bob.receivesNothing('ada', 'camera');

  await Promise.all([ada.unmute('camera'), ada.unmute('microphone')]);
  await Promise.all([bob.sees('ada'), bob.hears('ada')]);
});
