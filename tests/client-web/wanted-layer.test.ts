import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { wantedLayer } from '../../client/web/meeting/layers.ts';

test('a tile gets the lowest of three layers that fills it', () => {
  assert.equal(wantedLayer(135, 3), 0);
  assert.equal(wantedLayer(232, 3), 1);
  assert.equal(wantedLayer(352, 3), 1);
  assert.equal(wantedLayer(700, 3), 2);
});

test('a small camera has two layers, of which the lower one fills small tiles only', () => {
  assert.equal(wantedLayer(200, 2), 0);
  assert.equal(wantedLayer(352, 2), 1);
});

test('a track of one layer has nothing to choose', () => {
  assert.equal(wantedLayer(90, 1), 0);
  assert.equal(wantedLayer(2_000, 0), 0);
});

test('a larger tile never gets a lower layer, and every layer exists', () => {
  fc.assert(
    fc.property(fc.nat(4_000), fc.nat(4_000), fc.integer({ min: 1, max: 4 }), (a, b, layers) => {
      const [small, large] = [wantedLayer(Math.min(a, b), layers), wantedLayer(Math.max(a, b), layers)];
      assert.ok(small <= large && small >= 0 && large < layers);
    }),
  );
});
