import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { useStage } from './support/stage.ts';

const TTL = 10;
const stage = useStage({ server: ['--turn.credentialTtl', `${TTL}s`, '--turn.grace', '0s'] });

test('a call through the relay outlives its credentials: others have taken over before they end', async (t) => {
  const [ada, bob] = [await stage.guest(t, 'ada'), await stage.guest(t, 'bob')];
  await ada.join(await stage.server.token('long', 'ada'), { iceTransportPolicy: 'relay' });
  const over = sleep((TTL + 2) * 1000);
  await bob.join(await stage.server.token('long', 'bob'));
  await Promise.all([ada.publish(), bob.publish()]);
  await Promise.all([ada.sees('bob'), bob.sees('ada'), ada.hears('bob'), bob.hears('ada')]);
  assert.deepEqual(await localEnds(), ['relay', 'relay']);

  // The server ends what was allocated with a credential at the latest together with it.
  await over;
  await Promise.all([ada.sees('bob'), bob.sees('ada'), ada.hears('bob'), bob.hears('ada')]);
  assert.deepEqual(await localEnds(), ['relay', 'relay']);
  const states = (await ada.happened('mediaStateChanged')).map(({ value }) => value);
  assert.deepEqual(
    states.filter((state) => state === 'disconnected' || state === 'failed'),
    [],
    'nothing was lost on the way',
  );

  /** Of what Ada sends, and of what she receives. */
  async function localEnds() {
    return (await ada.page.evaluate(() => kit.paths())).map(({ local }) => local);
  }
});
