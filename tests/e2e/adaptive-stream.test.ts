/** What is not seen is not sent, and what nobody sees is not encoded. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { comesToRest, eventually } from './support/eventually.ts';
import type { Guest } from './support/guest.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();
/** Encoders start with the lower layers, and add the top one as they find bandwidth. */
const SETTLING = 60_000;
/** Three layers, at rates that are found at once. */
const CAMERA = { width: 960, height: 540, frameRate: 10, maxBitrate: 500_000 };
const TILE = 'width: 960px; height: 540px';
const THUMBNAIL = 'width: 200px; height: 112px';
const QUIET = 1500;

test('a tile gets the layer that fills it; what is larger than anybody needs is not encoded, and comes back', async (t) => {
  const [ada, bob] = await callOfTwo(t, 'sizes');
  await bob.style('ada', TILE);
  await decodes(bob, 960, 540);

  await bob.style('ada', THUMBNAIL);
  await decodes(bob, 240, 135);
  await encodes(ada, [true, false, false]);
  await restLayers(ada, 1);
  const from = { at: performance.now(), bytes: await ada.sentBytes() };
  await bob.page.waitForTimeout(QUIET);
  const rate = ((await ada.sentBytes()) - from.bytes) / ((performance.now() - from.at) / 8000);
  assert.ok(rate > 0 && rate < 200_000, `the camera costs ${Math.round(rate)} bit/s`);

  await bob.style('ada', TILE);
  await decodes(bob, 960, 540);
  await bob.sees('ada');
});

test('a picture that nobody sees is neither sent nor encoded, and its track goes on when somebody does', async (t) => {
  const [ada, bob] = await callOfTwo(t, 'hidden');
  await bob.sees('ada');

  for (const [hide, show] of [
    [() => bob.style('ada', `${TILE}; position: absolute; top: 9000px`), () => bob.style('ada', THUMBNAIL)],
    [() => bob.page.evaluate(() => kit.hidePage(true)), () => bob.page.evaluate(() => kit.hidePage(false))],
  ] as const) {
    await hide();
    await encodes(ada, [false, false, false]);
    await Promise.all([bob.receivesNothing('ada', 'camera'), restLayers(ada, 0)]);
    assert.equal(await ada.page.evaluate(() => kit.isLive('camera')), true);
    await show();
    await bob.sees('ada');
  }
  assert.deepEqual(await ada.happened('problem'), []);
});

test('an element that was given a size with the very picture that fills it is seen in the sizes that it has afterwards', async (t) => {
  const [ada, bob] = await Promise.all([stage.guest(t, 'ada'), stage.guest(t, 'bob')]);
  // Before the SDK hears of that picture: to it the element may as well have grown with the picture.
  await bob.page.evaluate((tile) => {
    const resized = ({ target }: Event) => {
      if (target instanceof HTMLVideoElement && target.videoWidth === 960) target.style.cssText = tile;
    };
    document.addEventListener('resize', resized, { capture: true });
  }, TILE);
  await ada.join(await stage.server.token('grown', 'ada'));
  await ada.publish(CAMERA, false);
  await bob.join(await stage.server.token('grown', 'bob'));
  await decodes(bob, 960, 540);

  await bob.style('ada', THUMBNAIL);
  await decodes(bob, 240, 135);
});

test('a picture in a window of its own is seen, wherever its page is, until that window is closed', async (t) => {
  const [ada, bob] = await callOfTwo(t, 'apart');
  await bob.sees('ada');
  await bob.pictureInPicture('ada', true);
  await bob.style('ada', `${TILE}; position: absolute; top: 9000px`);
  await bob.page.evaluate(() => kit.hidePage(true));
  // Such windows are small: a lower layer fills it.
  await eventually(
    'bob decodes what fits the window',
    () => bob.reception('ada', 'camera'),
    (now) => (now?.width ?? 960) < 960,
    SETTLING,
  );
  await bob.sees('ada');
  await bob.pictureInPicture('ada', false);
  await bob.receivesNothing('ada', 'camera');
  await encodes(ada, [false, false, false]);
});

test('the one who sees most decides what is encoded, for as long as it is there', async (t) => {
  const [ada, bob] = await callOfTwo(t, 'most');
  const eve = await stage.guest(t, 'eve');
  await eve.join(await stage.server.token('most', 'eve'));
  await Promise.all([bob.sees('ada'), eve.sees('ada')]);
  await bob.style('ada', THUMBNAIL);
  await decodes(bob, 240, 135);
  await encodes(ada, [true, true, true]);
  assert.equal((await eve.reception('ada', 'camera'))?.width === 240, false);
  await eve.leave();
  await encodes(ada, [true, false, false]);
  await bob.sees('ada');
});

/** Ada sends a camera in three layers, which Bob sees all over his page. */
async function callOfTwo(t: TestContext, room: string): Promise<[ada: Guest, bob: Guest]> {
  const [ada, bob] = await Promise.all([stage.guest(t, 'ada'), stage.guest(t, 'bob')]);
  await ada.join(await stage.server.token(room, 'ada'));
  await ada.publish(CAMERA, false);
  await bob.join(await stage.server.token(room, 'bob'));
  return [ada, bob];
}

async function decodes(guest: Guest, width: number, height: number): Promise<void> {
  await eventually(
    `${guest.identity} decodes ${width} × ${height}`,
    () => guest.reception('ada', 'camera'),
    (now) => now?.width === width && now.height === height && now.shown?.width === width,
    SETTLING,
  );
}

/** Waits until these layers, lowest first, are switched on, and no others. */
async function encodes(guest: Guest, layers: readonly boolean[]): Promise<void> {
  await eventually(
    `${guest.identity} encodes ${layers.join()}`,
    () => guest.sentLayers(),
    (now) => now.map(({ active }) => active).join() === layers.join(),
  );
}

/** Waits until of layers from this one on nothing has been sent for a while. */
async function restLayers(guest: Guest, from: number): Promise<void> {
  const upper = async () => (await guest.sentLayers()).slice(from).map(({ bytes, frames }) => `${bytes}/${frames}`);
  await comesToRest(`${guest.identity} sends nothing of layers from ${from}`, QUIET, upper);
}
