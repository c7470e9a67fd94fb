/** What is encoded follows what is wanted, also when the connection is lost in between, the session is a new one, or the camera. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { eventually } from './support/eventually.ts';
import type { Guest } from './support/guest.ts';
import { type Proxy, startProxy } from './support/proxy.ts';
import { useStage } from './support/stage.ts';

const stage = useStage({ server: ['--signaling.resumeWithin', '4s'] });
/** Encoders start with the lower layers, and add the top one as they find bandwidth. */
const SETTLING = 60_000;
/** Three layers, at rates that are found at once. */
const CAMERA = { width: 960, height: 540, frameRate: 10, maxBitrate: 500_000 };
const TILE = 'width: 960px; height: 540px';
const THUMBNAIL = 'width: 200px; height: 112px';

test('what was wanted while the connection was lost is encoded after it is mended, in the same session', async (t) => {
  const { ada, bob, network } = await callOverProxy(t, 'resumed');
  network.cut();
  await ada.told('stateChanged', { value: 'reconnecting' });
  await bob.style('ada', TILE);
  network.mend();
  await ada.told('stateChanged', { value: 'connected' });
  await encodes(ada, [true, true, true]);
  await decodes(bob, 960);
  assert.deepEqual(await bob.happened('participantLeft', 'trackRemoved'), []);

  await bob.style('ada', THUMBNAIL);
  await encodes(ada, [true, false, false]);
});

test('in a new session no more is encoded than is wanted, and all of it when it is', async (t) => {
  const { ada, bob, network } = await callOverProxy(t, 'rejoined');
  network.cut();
  await bob.told('participantLeft', { identity: 'ada' }, SETTLING);
  network.mend();
  await ada.told('stateChanged', { value: 'connected' }, SETTLING);
  // The track is another one, in an element of its own.
  await bob.sees('ada');
  await bob.style('ada', THUMBNAIL);
  await encodes(ada, [true, false, false]);
  await bob.style('ada', TILE);
  await encodes(ada, [true, true, true]);
  await decodes(bob, 960);
});

test('another camera is encoded as the one before was, whether it takes the same layers or others', async (t) => {
  const { ada, bob } = await callOverProxy(t, 'switched');
  // Three layers again: the same sender goes on. Then two: a sender of its own.
  for (const [width, height, layers] of [
    [1280, 720, [true, false, false]],
    [640, 360, [true, false]],
  ] as const) {
    await ada.switchCamera(width, height);
    await bob.style('ada', THUMBNAIL);
    await encodes(ada, layers);
    await decodes(bob, width / 2 ** (layers.length - 1));
  }
  await bob.style('ada', TILE);
  await decodes(bob, 640);
  assert.deepEqual(await ada.happened('problem'), []);
});

/** Ada sends three layers, behind a network that can be cut; Bob sees them as a thumbnail, of which one is enough. */
async function callOverProxy(t: TestContext, room: string): Promise<{ ada: Guest; bob: Guest; network: Proxy }> {
  const network = await startProxy(stage.server.port);
  t.after(() => network.close());
  const [ada, bob] = await Promise.all([stage.guest(t, 'ada', network.origin), stage.guest(t, 'bob')]);
  await ada.join(await stage.server.token(room, 'ada'));
  await ada.publish(CAMERA, false);
  await bob.join(await stage.server.token(room, 'bob'));
  await bob.sees('ada');
  await bob.style('ada', THUMBNAIL);
  await encodes(ada, [true, false, false]);
  return { ada, bob, network };
}

/** Waits until these layers, lowest first, are switched on, and no others. */
async function encodes(guest: Guest, layers: readonly boolean[]): Promise<void> {
  await eventually(
    `${guest.identity} encodes ${layers.join()}`,
    () => guest.sentLayers(),
    (now) => now.map(({ active }) => active).join() === layers.join(),
    SETTLING,
  );
}

async function decodes(guest: Guest, width: number): Promise<void> {
  await eventually(
    `${guest.identity} decodes ${width} across`,
    () => guest.reception('ada', 'camera'),
    (now) => now?.width === width && now.shown?.width === width,
    SETTLING,
  );
}
