import assert from 'node:assert/strict';
import test from 'node:test';

import { useStage } from './support/stage.ts';

const stage = useStage();

test('a shared screen is a track of its own beside the camera, until it stops', async (t) => {
  const { ada, bob } = await stage.call(t, 'screen', 'ada', 'bob');
  await bob.sees('ada', 'camera');

  await ada.shareScreen(true);
  await bob.told('trackAdded', { identity: 'ada', source: 'screen' });
  const screen = await bob.sees('ada', 'screen');
  const camera = await bob.sees('ada', 'camera');
  assert.notEqual(screen.receiver, camera.receiver);
  assert.ok(screen.width > camera.width, `the screen is ${screen.width} pixels wide, the camera ${camera.width}`);

  await ada.shareScreen(false);
  await bob.told('trackRemoved', { identity: 'ada', source: 'screen' });
  assert.equal(await bob.reception('ada', 'screen'), undefined);
  await bob.sees('ada', 'camera');
  assert.deepEqual(await bob.happened('participantLeft'), []);
});

test('who joins while a screen is shared sees it', async (t) => {
  const { ada } = await stage.call(t, 'late', 'ada');
  await ada.shareScreen(true);
  const bob = await stage.guest(t, 'bob');
  await bob.join(await stage.server.token('late', 'bob'));
  await Promise.all([bob.sees('ada', 'screen'), bob.sees('ada', 'camera')]);
});
