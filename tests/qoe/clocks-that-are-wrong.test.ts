import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ClockOffset } from '../../src/qoe/clock-offset.ts';

const NOW = 1_700_000_000_000;

test('the offset is that of the clocks and the shortest delay of late, whatever other delays there are', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e11, max: 1e11 }),
      fc.array(fc.integer({ min: 20, max: 8000 }), { minLength: 1, maxLength: 8 }),
      (skew, delays) => {
        const clock = new ClockOffset();
        for (const [index, delay] of delays.entries())
          clock.observe(NOW + 2000 * index - skew, NOW + 2000 * index + delay);
        assert.equal(clock.offset, skew + Math.min(...delays));
      },
    ),
  );
});

test('a beacon that was held up and sent again changes nothing', () => {
  const clock = new ClockOffset();
  clock.observe(NOW, NOW + 30);
  clock.observe(NOW + 2000, NOW + 92_000);
  clock.observe(NOW + 92_000, NOW + 92_030);
  assert.equal(clock.offset, 30);
});

test('a clock that was set is followed: at once when it was put forward, at the second beacon when it was put back', () => {
  const clock = new ClockOffset();
  clock.observe(NOW, NOW + 30);
  clock.observe(NOW + 3_600_000, NOW + 40);
  assert.equal(clock.offset, 40 - 3_600_000);
  clock.observe(NOW, NOW + 50);
  assert.equal(clock.offset, 40 - 3_600_000);
  clock.observe(NOW + 2000, NOW + 2060);
  assert.equal(clock.offset, 60);
});
