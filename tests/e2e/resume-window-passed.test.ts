import assert from 'node:assert/strict';
import test from 'node:test';

import { startProxy } from './support/proxy.ts';
import { useStage } from './support/stage.ts';

const stage = useStage({ server: ['--signaling.resumeWithin', '1s'] });

test('who was away for too long joins anew by itself, and is seen and heard again on both sides', async (t) => {
  const network = await startProxy(stage.server.port);
  t.after(() => network.close());
  const ada = await stage.guest(t, 'ada', network.origin);
  await ada.join(await stage.server.token('away', 'ada'));
  await ada.publish();
  const { bob } = await stage.call(t, 'away', 'bob');
  const before = { ada: await bob.sees('ada'), bob: await ada.sees('bob') };

  network.cut();
  await bob.told('participantLeft', { identity: 'ada', value: 'disconnected' });
  assert.equal(await bob.reception('ada', 'camera'), undefined);
  network.mend();

  await ada.told('stateChanged', { value: 'connected' }, 15_000);
  const after = { ada: await bob.sees('ada'), bob: await ada.sees('bob') };
  await Promise.all([ada.hears('bob'), bob.hears('ada')]);
  assert.notEqual(after.ada.receiver, before.ada.receiver);
  assert.notEqual(after.bob.receiver, before.bob.receiver);
  assert.deepEqual((await bob.room()).participants, ['ada']);
  assert.deepEqual((await ada.room()).participants, ['bob']);
  // For ada, bob was there all the time.
  assert.deepEqual(await ada.happened('participantLeft', 'trackRemoved'), []);
});
