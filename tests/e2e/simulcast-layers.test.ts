import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { eventually } from './support/eventually.ts';
import type { Guest } from './support/guest.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();
/** Encoders start with the lower layers, and add the top one as they find bandwidth. */
const SETTLING = 60_000;

test('a receiver gets the layer that it asks for, down and up, and others are not affected', async (t) => {
  const [ada, bob, eve] = await callWithCamera(t, 'layers', { width: 960, height: 540 });
  await Promise.all([decodes(bob, 960, 540), decodes(eve, 960, 540)]);

  for (const [layer, width, height] of [
    [0, 240, 135],
    [1, 480, 270],
    [2, 960, 540],
    [0, 240, 135],
    [2, 960, 540],
  ] as const) {
    await bob.setLayers(ada.identity, layer);
    await decodes(bob, width, height);
    await bob.sees(ada.identity);
    assert.equal((await eve.reception(ada.identity, 'camera'))?.width, 960);
  }
});

test('a camera that is too small for three layers is seen in its full size', async (t) => {
  const [ada, bob] = await callWithCamera(t, 'small', { width: 640, height: 480 });
  await decodes(bob, 640, 480);
  await bob.setLayers(ada.identity, 0);
  await decodes(bob, 320, 240);
});

test('after a switch of cameras the picture is seen in the full size of the new one', async (t) => {
  const [ada, bob] = await callWithCamera(t, 'switch', { width: 960, height: 540 });
  await decodes(bob, 960, 540);
  await ada.switchCamera(320, 240);
  await decodes(bob, 320, 240);
  await ada.switchCamera(960, 540);
  await decodes(bob, 960, 540);
});

/** `ada` sends a camera in layers, which the others receive. */
async function callWithCamera(
  t: TestContext,
  room: string,
  size: { width: number; height: number },
): Promise<[ada: Guest, bob: Guest, eve: Guest]> {
  const join = async (identity: string) => {
    const guest = await stage.guest(t, identity);
    await guest.join(await stage.server.token(room, identity));
    return guest;
  };
  const ada = await join('ada');
  await ada.publish({ ...size, frameRate: 10 }, false);
  const [bob, eve] = await Promise.all([join('bob'), join('eve')]);
  return [ada, bob, eve];
}

async function decodes(guest: Guest, width: number, height: number): Promise<void> {
  await eventually(
    `${guest.identity} decodes ${width} × ${height}`,
    () => guest.reception('ada', 'camera'),
    (now) => now?.width === width && now.height === height && now.shown?.width === width,
    SETTLING,
  );
}
