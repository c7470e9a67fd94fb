/** With more cameras than a room forwards, the most relevant are seen; of more voices, the loudest are heard. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';

import { eventually } from './support/eventually.ts';
import { makeFakeMedia } from './support/fake-media.ts';
import { type Guest, SMALL_CAMERA } from './support/guest.ts';
import { useStage } from './support/stage.ts';

// A voice without pauses: in a pause another one may take the floor.
const media = makeFakeMedia();
after(() => media.remove());
const stage = useStage({ browser: media.flags });

test('of three cameras in a room that forwards two, the third waits until it is pinned', async (t) => {
  await stage.server.call('POST', '/v1/rooms', { name: 'few', lastN: 2 });
  const [viewer, ...publishers] = await Promise.all(
    ['viewer', 'ada', 'bob', 'eve'].map((identity) => joined(t, 'few', identity)),
  );
  assert.ok(viewer);
  for (const one of publishers) await one.publish(SMALL_CAMERA, false);

  const withheld = (count: number) =>
    eventually(
      `${count} of the cameras are withheld`,
      () => viewer.page.evaluate(() => kit.withheld()),
      (now) => now.length === count,
    );
  const [waiting = ''] = await withheld(1);
  const others = publishers.map(({ identity }) => identity).filter((identity) => identity !== waiting);
  await Promise.all(others.map((identity) => viewer.sees(identity)));
  await viewer.receivesNothing(waiting, 'camera');

  await viewer.pin(waiting);
  await viewer.sees(waiting);
  const [instead = ''] = await withheld(1);
  assert.notEqual(instead, waiting);
  await viewer.receivesNothing(instead, 'camera');
});

test('of two voices in a room that forwards one, the first goes on, and the second is heard when it stops', async (t) => {
  await stage.server.call('POST', '/v1/rooms', { name: 'loud', maxAudible: 1 });
  const [viewer, ada, bob] = await Promise.all([
    joined(t, 'loud', 'viewer'),
    joined(t, 'loud', 'ada'),
    joined(t, 'loud', 'bob'),
  ]);
  await speak(ada);
  await viewer.hears('ada');
  await speak(bob);
  await viewer.told('trackAdded', { identity: 'bob', source: 'microphone' });
  await viewer.receivesNothing('bob', 'microphone');
  await viewer.hears('ada');

  await ada.mute('microphone');
  await viewer.hears('bob');
});

async function joined(t: TestContext, room: string, identity: string): Promise<Guest> {
  const guest = await stage.guest(t, identity);
  await guest.join(await stage.server.token(room, identity));
  return guest;
}

const speak = (guest: Guest) => guest.page.evaluate(() => kit.speak());
