import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { DecayingMeans, HALF_LIFE_MS, STALE_AFTER_MS } from '../../src/qoe/window.ts';

test('a change that was measured once over 2 s is most of the mean', () => {
  const means = new DecayingMeans(1);
  for (let at = 2000; at <= 20_000; at += 2000) means.add(0, 0, means.begin(at, 2000));
  means.add(0, 1, means.begin(22_000, 2000));
  assert.ok(means.mean(0) > 0.6);
  means.add(0, 1, means.begin(24_000, 2000));
  assert.ok(means.mean(0) > 0.84);
});

test('what was not told for long is forgotten, and what was never told is unknown', () => {
  const means = new DecayingMeans(2);
  means.add(0, 7, means.begin(1000, 1000));
  assert.equal(means.mean(0), 7);
  assert.ok(Number.isNaN(means.mean(1)));
  for (let at = 2000; at <= 1000 + 20 * HALF_LIFE_MS; at += 1000) means.add(1, 3, means.begin(at, 1000));
  assert.ok(Number.isNaN(means.mean(0)));
  assert.equal(Math.round(means.mean(1)), 3);
  assert.equal(means.isStale(means.newest + STALE_AFTER_MS), false);
  assert.equal(means.isStale(means.newest + STALE_AFTER_MS + 1), true);
});

test('the order in which samples come does not matter', () => {
  const sample = fc.record({
    at: fc.integer({ min: 0, max: 8000 }),
    ms: fc.integer({ min: 100, max: 5000 }),
    value: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 12 }), fc.infiniteStream(fc.nat()), (samples, order) => {
      const shuffled = samples
        .map((each) => [order.next().value as number, each] as const)
        .toSorted(([a], [b]) => a - b);
      const mean = (list: typeof samples) => {
        const means = new DecayingMeans(1);
        for (const { at, ms, value } of list) means.add(0, value, means.begin(at, ms));
        return means.mean(0);
      };
      assert.ok(Math.abs(mean(samples) - mean(shuffled.map(([, each]) => each))) < 1e-6);
    }),
  );
});
