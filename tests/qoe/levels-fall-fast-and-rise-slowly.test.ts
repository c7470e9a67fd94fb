import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import { FLOOR, LEVELS, levelOf, newLevel, RISE_AFTER_MS, RISE_MARGIN, updateLevel } from '../../src/qoe/level.ts';

const at = (seconds: number) => (seconds * 1000) as Millis;

test('one bad score is enough to fall, as far as it says', () => {
  const state = newLevel(at(0));
  assert.equal(updateLevel(state, 4.3, at(1)), false);
  assert.equal(updateLevel(state, 2, at(2)), true);
  assert.deepEqual(state, { level: 'poor', since: at(2), risingSince: undefined });
});

test('it rises one level at a time, after some seconds without a dip', () => {
  const state = newLevel(at(0));
  updateLevel(state, 2, at(0));
  for (let second = 1; second <= 8; second += 1) assert.equal(updateLevel(state, 4.4, at(second)), false);
  assert.equal(updateLevel(state, 4.4, at(9)), true);
  assert.equal(state.level, 'good');
  for (let second = 10; second <= 16; second += 1) updateLevel(state, 4.4, at(second));
  updateLevel(state, 3.9, at(17));
  for (let second = 18; second <= 25; second += 1) assert.equal(updateLevel(state, 4.4, at(second)), false);
  assert.equal(updateLevel(state, 4.4, at(26)), true);
  assert.equal(state.level, 'excellent');
});

test('a score at the threshold neither rises nor blinks', () => {
  const state = newLevel(at(0));
  updateLevel(state, FLOOR.excellent - 0.01, at(0));
  for (let second = 1; second < 100; second += 1) {
    assert.equal(updateLevel(state, FLOOR.excellent + (second % 2) * 0.05, at(second)), false);
  }
});

test('whatever scores come, the rules of falling and rising hold', () => {
  const step = fc.record({
    score: fc.double({ min: 1, max: 5, noNaN: true }),
    after: fc.integer({ min: 0, max: 4000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const state = newLevel(0 as Millis);
      const history: { score: number; now: number }[] = [];
      let now = 0;
      for (const { score, after } of steps) {
        now += after;
        const before = LEVELS.indexOf(state.level);
        const since = state.since;
        const changed = updateLevel(state, score, now as Millis);
        history.push({ score, now });
        const level = LEVELS.indexOf(state.level);
        assert.equal(changed, level !== before);
        assert.ok(level <= Math.max(before, LEVELS.indexOf(levelOf(score))), 'never above what the score says');
        if (LEVELS.indexOf(levelOf(score)) < before) assert.equal(state.level, levelOf(score), 'falls at once');
        if (level <= before) continue;
        assert.equal(level, before + 1, 'rises one at a time');
        const wait = RISE_AFTER_MS[state.level as keyof typeof RISE_AFTER_MS];
        assert.ok(now - since >= wait, 'and not before its time');
        const watched = history.filter((each) => each.now > now - wait);
        assert.ok(
          watched.every((each) => each.score >= FLOOR[state.level] + RISE_MARGIN),
          'with no dip in it',
        );
      }
    }),
  );
});
