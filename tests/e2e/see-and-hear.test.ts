import assert from 'node:assert/strict';
import test from 'node:test';

import { SMALL_CAMERA } from './support/guest.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();

test('two participants see and hear each other', async (t) => {
  const { ada, bob } = await stage.call(t, 'two', 'ada', 'bob');

  await Promise.all([ada.hears('bob'), bob.hears('ada')]);
  const pictures = await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  for (const { width, height, shown } of pictures) {
    assert.deepEqual([width, height], [SMALL_CAMERA.width, SMALL_CAMERA.height]);
    assert.deepEqual([shown?.width, shown?.height], [SMALL_CAMERA.width, SMALL_CAMERA.height]);
  }
});

test('the third participant sees and hears the two that are there, and they the third', async (t) => {
  const { ada, bob } = await stage.call(t, 'three', 'ada', 'bob');
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  const eve = await stage.guest(t, 'eve');
  await eve.join(await stage.server.token('three', 'eve'));
  await eve.publish();

  const all = [ada, bob, eve];
  const pairs = all.flatMap((one) => all.filter((other) => other !== one).map((other) => [one, other] as const));
  await Promise.all(pairs.map(([one, other]) => Promise.all([one.sees(other.identity), one.hears(other.identity)])));
  assert.deepEqual((await eve.room()).participants.toSorted(), ['ada', 'bob']);
});

test('one without any device sees and hears, and is known to the others', async (t) => {
  const { ada } = await stage.call(t, 'viewer', 'ada');
  const viewer = await stage.guest(t, 'viewer');
  await viewer.join(await stage.server.token('viewer', 'viewer', { grants: { publish: [] } }));

  await Promise.all([viewer.sees('ada'), viewer.hears('ada')]);
  const { participants, tracks } = await ada.room();
  assert.deepEqual(participants, ['viewer']);
  assert.deepEqual(tracks, []);
});
