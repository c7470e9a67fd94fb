import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually, throughout } from './support/eventually.ts';
import type { Guest } from './support/guest.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();
/** For the others to learn that somebody is gone; a lost connection would take `signaling.resumeWithin`, 20 s. */
const AT_ONCE = 8000;

test('who leaves is gone for the others at once, with all tracks', async (t) => {
  const { ada, bob } = await stage.call(t, 'leave', 'ada', 'bob');
  await bob.sees('ada');

  await ada.leave();
  await bob.told('participantLeft', { identity: 'ada', value: 'left' }, AT_ONCE);
  await isAlone(bob);
  const removed = await bob.happened('trackRemoved');
  assert.deepEqual(removed.map(({ identity, source }) => `${identity} ${source}`).toSorted(), [
    'ada camera',
    'ada microphone',
  ]);
  assert.equal((await ada.room()).closed, 'left');
  await throughout(
    'ada stays away',
    1000,
    () => bob.room(),
    ({ participants }) => participants.length === 0,
  );
});

const ENDINGS: Record<string, (guest: Guest) => Promise<unknown>> = {
  'a page that is loaded again': ({ page }) => page.reload(),
  'a page that goes elsewhere': ({ page }) => page.goto('about:blank'),
  'a tab that is closed': ({ page }) => page.close({ runBeforeUnload: true }),
};

for (const [ending, end] of Object.entries(ENDINGS)) {
  test(`${ending} leaves nobody behind`, async (t) => {
    const { ada, bob } = await stage.call(t, ending.replaceAll(' ', '-'), 'ada', 'bob');
    await bob.sees('ada');
    await end(ada);
    await bob.told('participantLeft', { identity: 'ada' }, AT_ONCE);
    await isAlone(bob);
  });
}

for (const [browser, prepare] of [
  ['a browser that posts what it was given before', () => undefined],
  ['a browser without fetchLater', () => Reflect.deleteProperty(window, 'fetchLater')],
] as const) {
  test(`nobody is left behind by ${browser}, where the last word over the socket is lost`, async (t) => {
    const room = browser.replaceAll(' ', '-');
    const ada = await stage.guest(t, 'ada');
    await ada.page.evaluate(prepare);
    await ada.join(await stage.server.token(room, 'ada'));
    const { bob } = await stage.call(t, room, 'bob');
    assert.deepEqual((await bob.room()).participants, ['ada']);
    // A busy Chromium may end a page before what it has written to its socket is out.
    await ada.page.evaluate(() => {
      WebSocket.prototype.send = () => undefined;
    });
    await ada.page.reload();
    await bob.told('participantLeft', { identity: 'ada', value: 'left' }, AT_ONCE);
    await isAlone(bob);
  });
}

test('a tab that is closed while its page does something else leaves nobody behind', async (t) => {
  const { ada, bob } = await stage.call(t, 'busy', 'ada', 'bob');
  await bob.sees('ada');
  // The browser gives a page half a second to hear that it ends.
  await ada.page.evaluate(() => {
    setTimeout(() => {
      for (const until = Date.now() + 5000; Date.now() < until;);
    }, 0);
  });
  await ada.page.close({ runBeforeUnload: true });
  await bob.told('participantLeft', { identity: 'ada', value: 'left' }, AT_ONCE);
  await isAlone(bob);
});

test('who comes back after a reload is there once, and is seen', async (t) => {
  const { ada, bob } = await stage.call(t, 'back', 'ada', 'bob');
  await bob.sees('ada');

  await ada.page.reload();
  await ada.join(await stage.server.token('back', 'ada'));
  await ada.publish();
  await Promise.all([bob.sees('ada'), ada.sees('bob')]);
  assert.deepEqual((await bob.room()).participants, ['ada']);
});

async function isAlone(guest: Guest): Promise<void> {
  const { participants, tracks } = await eventually(
    `${guest.identity} is alone`,
    () => guest.room(),
    (room) => room.participants.length === 0,
    AT_ONCE,
  );
  assert.deepEqual({ participants, tracks }, { participants: [], tracks: [] });
}
