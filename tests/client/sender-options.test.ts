import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { cameraEncodings, senderOptions } from '../../client/sdk/encodings.ts';

const HD = { width: 1280, height: 720 };
const CODECS = [{ mimeType: 'audio/opus' }, { mimeType: 'video/VP9' }, { mimeType: 'video/VP8' }];

test('a camera is sent in three sizes, the lowest first', () => {
  const { encodings, codec } = senderOptions('camera', HD, {}, CODECS);
  assert.deepEqual(
    encodings.map(({ scaleResolutionDownBy, maxBitrate }) => [scaleResolutionDownBy, maxBitrate]),
    [
      [4, 120_000],
      [2, 400_500],
      [1, 1_500_000],
    ],
  );
  assert.equal(codec?.mimeType, 'video/VP8');
});

test('a small picture has no more layers than the browser sends', () => {
  const layersOf = (width: number, height: number) => cameraEncodings({ width, height }).length;
  assert.deepEqual(
    [layersOf(1280, 720), layersOf(960, 540), layersOf(640, 480), layersOf(480, 640), layersOf(480, 270)],
    [3, 3, 2, 2, 2],
  );
  assert.deepEqual([layersOf(320, 240), layersOf(320, 180)], [1, 1]);
});

test('a screen is sent in its full size twice, with few and with all frames', () => {
  const { encodings } = senderOptions('screen', { width: 1920, height: 1080 }, {}, CODECS);
  assert.deepEqual(
    encodings.map(({ scaleResolutionDownBy, maxFramerate, maxBitrate }) => [
      scaleResolutionDownBy,
      maxFramerate,
      maxBitrate,
    ]),
    [
      [1, 5, 150_000],
      [1, 60, 2_500_000],
    ],
  );
  assert.ok(senderOptions('screen', HD, { maxBitrate: 200_000 }, CODECS).encodings[0]!.maxBitrate < 200_000);
});

test('a screen on which pictures move is sent like a camera, and a small window once', () => {
  const moving = senderOptions('screen', { ...HD, contentHint: 'motion' }, {}, CODECS).encodings;
  assert.deepEqual(
    moving.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy),
    [4, 2, 1],
  );
  assert.equal(senderOptions('screen', { width: 400, height: 200 }, {}, CODECS).encodings.length, 1);
});

test('a picture is sent in one layer where that is asked for', () => {
  for (const source of ['camera', 'screen'] as const) {
    assert.equal(senderOptions(source, HD, { simulcast: false }, CODECS).encodings.length, 1);
  }
});

test('one layer alone has no temporal layers, with which its first picture would be late', () => {
  assert.deepEqual(cameraEncodings({ width: 320, height: 180 }, 300_000), [{ maxBitrate: 300_000 }]);
});

test('a voice is sent with FEC and DTX; the sound of a screen in stereo and without pauses', () => {
  assert.deepEqual(senderOptions('microphone', {}, {}, CODECS).codecOptions, {
    opusFec: true,
    opusDtx: true,
    opusStereo: false,
    opusMaxAverageBitrate: 40_000,
  });
  const sound = senderOptions('screen-audio', {}, { maxBitrate: 64_000 }, CODECS).codecOptions;
  assert.deepEqual(
    [sound?.['opusDtx'], sound?.['opusStereo'], sound?.['opusMaxAverageBitrate']],
    [false, true, 64_000],
  );
});

test('where VP8 is missing the browser chooses', () => {
  assert.equal(senderOptions('camera', HD, {}, [{ mimeType: 'video/H264' }]).codec, undefined);
});

test('every camera has a full-size layer at the full rate on top of smaller and cheaper ones', () => {
  const sizes = fc.record({ width: fc.integer({ min: 1, max: 7680 }), height: fc.integer({ min: 1, max: 4320 }) });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 50_000, max: 10_000_000 }), (size, rate) => {
      const encodings = cameraEncodings(size, rate);
      assert.equal(encodings.at(-1)?.maxBitrate, rate);
      for (const [at, { maxBitrate, scaleResolutionDownBy = 1 }] of encodings.entries()) {
        const next = encodings[at + 1];
        if (next === undefined) assert.equal(scaleResolutionDownBy, 1);
        else assert.ok(maxBitrate < next.maxBitrate && scaleResolutionDownBy > (next.scaleResolutionDownBy ?? 1));
      }
    }),
  );
});
