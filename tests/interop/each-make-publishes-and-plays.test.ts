import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';

import { cleanup } from 'node-datachannel';

import { eventually } from '../e2e/support/eventually.ts';
import type { Guest } from '../e2e/support/guest.ts';
import { useStage } from '../e2e/support/stage.ts';
import { missing, playWith, publishWith } from './support/client-process.ts';
import type { Endpoint } from './support/exchange.ts';
import { playWithLibdatachannel, publishWithLibdatachannel, type Publisher } from './support/libdatachannel-client.ts';

const stage = useStage();
after(() => cleanup());

for (const make of ['aiortc', 'gstreamer', 'wrtc'] as const) {
  test(`${make} is seen and heard by a browser, and sees and hears it`, { skip: missing(make) }, async (t) => {
    const { ada, publishing, playing } = await room(t, make);
    await isSeen(ada, await publishWith(t, make, publishing));
    const player = await playWith(t, make, playing);
    await eventually(
      'pictures and sound are decoded',
      () => player.decoded,
      ({ frames, peak, size }) => frames >= 5 && peak > 500 && size === '320x180',
    );
    assert.equal(await player.end(), 200);
  });
}

test('libdatachannel is seen and heard by a browser, and gets whole pictures and sound of it', async (t) => {
  const { ada, publishing, playing } = await room(t, 'libdatachannel');
  await isSeen(ada, await publishWithLibdatachannel(t, publishing));
  const player = await playWithLibdatachannel(t, playing);
  await eventually(
    'key frames, pictures and sound come in',
    () => player.received,
    ({ sounds, pictures, size }) => sounds >= 20 && pictures >= 10 && size === '320x180',
  );
  assert.equal(await player.end(), 200);
});

/** A browser in a room of this name, and where others publish as `studio` and play the browser's tracks. */
async function room(t: TestContext, name: string): Promise<{ ada: Guest; publishing: Endpoint; playing: Endpoint }> {
  const { server } = stage;
  const [{ ada }, publisher, player] = await Promise.all([
    stage.call(t, name, 'ada'),
    server.token(name, 'studio'),
    server.token(name, 'viewer'),
  ]);
  return {
    ada,
    publishing: { url: `${server.url}/whip/${name}`, token: publisher },
    playing: { url: `${server.url}/whep/${name}?participant=ada`, token: player },
  };
}

async function isSeen(ada: Guest, publisher: Publisher): Promise<void> {
  const [picture] = await Promise.all([ada.sees('studio'), ada.hears('studio')]);
  assert.deepEqual([picture.width, picture.height], [320, 180]);
  assert.equal(await publisher.end(), 200);
  await ada.told('participantLeft', { identity: 'studio', value: 'left' });
}
