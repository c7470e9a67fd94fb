import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { cleanup } from 'node-datachannel';

import { eventually } from '../e2e/support/eventually.ts';
import { useStage } from '../e2e/support/stage.ts';
import { missing, playWith, publishWith } from './support/client-process.ts';
import { publishWithLibdatachannel } from './support/libdatachannel-client.ts';

const stage = useStage();
after(() => cleanup());

test(
  'OBS-style WHIP from two independent clients and WHEP to two others work in one room with a browser',
  { skip: missing('gstreamer', 'aiortc') },
  async (t) => {
    const { server } = stage;
    const { ada } = await stage.call(t, 'makes', 'ada');
    const at = async (path: string, identity: string) => ({
      url: `${server.url}${path}`,
      token: await server.token('makes', identity),
    });

    const publishers = [
      await publishWithLibdatachannel(t, await at('/whip/makes', 'studio')),
      await publishWith(t, 'gstreamer', await at('/whip/makes', 'stage')),
    ];
    const seen = await Promise.all([ada.sees('studio'), ada.sees('stage')]);
    await Promise.all([ada.hears('studio'), ada.hears('stage')]);
    assert.deepEqual(
      seen.map(({ width, height }) => `${width}x${height}`),
      ['320x180', '320x180'],
    );

    // H.264 and VP8 of the two publishers, each decoded by a library of other hands; and the browser's own picture.
    const players = [
      await playWith(t, 'aiortc', await at('/whep/makes?participant=studio', 'viewer-of-studio')),
      await playWith(t, 'wrtc', await at('/whep/makes?participant=stage', 'viewer-of-stage')),
      await playWith(t, 'wrtc', await at('/whep/makes?participant=ada', 'viewer-of-ada')),
    ];
    for (const player of players) {
      await eventually(
        'a player decodes pictures and sound',
        () => player.decoded,
        ({ frames, size, peak }) => frames >= 5 && size === '320x180' && peak > 500,
      );
    }
    const { participants } = await ada.room();
    assert.deepEqual(participants.toSorted(), [
      'stage',
      'studio',
      'viewer-of-ada',
      'viewer-of-stage',
      'viewer-of-studio',
    ]);

    for (const player of players) assert.equal(await player.end(), 200);
    for (const publisher of publishers) assert.equal(await publisher.end(), 200);
    for (const identity of ['studio', 'stage']) await ada.told('participantLeft', { identity, value: 'left' });
    assert.deepEqual((await ada.room()).participants, []);
  },
);
