import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { layerFor, pictureOf } from '../../src/rooms/wanted-layers.ts';
import { VIDEO } from '../support/memory-media-engine.ts';

const HD = { width: 1280, height: 720 };

test('the lowest layer that is enough for the tile', () => {
  const picture = { size: HD, scales: [4, 2, 1] };
  const expected = [
    [{ width: 320, height: 180 }, 0],
    [{ width: 400, height: 225 }, 0],
    [{ width: 401, height: 226 }, 1],
    [{ width: 800, height: 450 }, 1],
    [{ width: 801, height: 451 }, 2],
    [{ width: 3840, height: 2160 }, 2],
  ] as const;
  for (const [drawn, layer] of expected) assert.equal(layerFor(picture, drawn), layer, `${drawn.width}`);
  assert.equal(layerFor(picture, { width: 225, height: 400 }), 0, 'turned by its receiver');
});

test('of layers of one size the best is wanted to be read, and the least of them as a thumbnail', () => {
  const screen = { size: { width: 1920, height: 1080 }, scales: [1, 1] };
  assert.equal(layerFor(screen, { width: 1170, height: 658 }), 1);
  assert.equal(layerFor(screen, { width: 4000, height: 2250 }), 1);
  assert.equal(layerFor(screen, { width: 400, height: 225 }), 0);
});

test('how large layers are follows from the encodings', () => {
  const scalesOf = (encodings: object[], spatial = encodings.length) =>
    pictureOf({ ...VIDEO, encodings }, spatial, HD).scales;
  assert.deepEqual(scalesOf([{}, {}, {}]), [4, 2, 1]);
  assert.deepEqual(scalesOf([{ scaleResolutionDownBy: 3 }, {}]), [3, 1]);
  assert.deepEqual(scalesOf([{ scalabilityMode: 'L3T3_KEY' }], 3), [4, 2, 1]);
  assert.deepEqual(scalesOf([{ scalabilityMode: 'L2T1h', scaleResolutionDownBy: 2 }], 2), [3, 2]);
});

test('a larger tile never gets a smaller layer', () => {
  const side = fc.integer({ min: 1, max: 16_384 });
  const size = fc.record({ width: side, height: side });
  fc.assert(
    fc.property(fc.option(size, { nil: undefined }), size, fc.nat(2000), (source, drawn, more) => {
      const picture = { size: source, scales: [4, 2, 1] };
      const larger = { width: drawn.width + more, height: drawn.height + more };
      assert.ok(layerFor(picture, drawn) <= layerFor(picture, larger));
    }),
  );
});
