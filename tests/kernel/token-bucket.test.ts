import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import { createRateLimiter, fullBucket, take } from '../../src/kernel/token-bucket.ts';

const at = (milliseconds: number) => milliseconds as Millis;
const limit = fc.record({
  rate: fc.double({ min: 0.01, max: 1000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 50 }),
});

test('the burst passes at once, then the rate', () => {
  const bucket = fullBucket({ rate: 2, burst: 3 }, at(0));
  const attempt = (now: number) => take(bucket, { rate: 2, burst: 3 }, at(now));
  assert.deepEqual([0, 0, 0, 0, 499, 500, 500].map(attempt), [0, 0, 0, 500, 1, 0, 500]);
  assert.deepEqual(
    [60_000, 60_000, 60_000, 60_000].map(attempt),
    [0, 0, 0, 500],
    'a rest earns no more than the burst',
  );
});

test('in no window is more granted than burst + rate × time', () => {
  const steps = fc.array(fc.record({ pause: fc.nat(2000), cost: fc.integer({ min: 1, max: 5 }) }), { maxLength: 60 });
  fc.assert(
    fc.property(limit, steps, (rateLimit, attempts) => {
      const bucket = fullBucket(rateLimit, at(0));
      const granted: { now: number; cost: number }[] = [];
      let now = 0;
      for (const { pause, cost } of attempts) {
        now += pause;
        if (take(bucket, rateLimit, at(now), cost) === 0) granted.push({ now, cost });
      }
      for (let from = 0; from < granted.length; from += 1) {
        let total = 0;
        for (const { now: end, cost } of granted.slice(from)) {
          total += cost;
          const allowed = rateLimit.burst + (rateLimit.rate * (end - granted[from]!.now)) / 1000;
          assert.ok(total <= allowed + 1e-5, `${total} granted, ${allowed} allowed`);
        }
      }
    }),
  );
});

test('who waits as long as it was told gets in, and not a millisecond sooner', () => {
  fc.assert(
    fc.property(limit, fc.array(fc.nat(500), { maxLength: 30 }), (rateLimit, pauses) => {
      const bucket = fullBucket(rateLimit, at(0));
      let now = 0;
      for (const pause of pauses) {
        now += pause;
        const wait = take(bucket, rateLimit, at(now));
        if (wait === 0) continue;
        assert.ok(Number.isInteger(wait) && wait > 0);
        if (wait > 1) assert.ok(take({ ...bucket }, rateLimit, at(now + wait - 1)) > 0);
        now += wait;
        assert.equal(take(bucket, rateLimit, at(now)), 0);
      }
    }),
  );
});

test('a clock that steps back grants nothing by that, and locks nobody out', () => {
  fc.assert(
    fc.property(limit, fc.array(fc.integer({ min: -100_000, max: 2000 }), { maxLength: 60 }), (rateLimit, moves) => {
      const bucket = fullBucket(rateLimit, at(1_000_000));
      let [now, forward, granted] = [1_000_000, 0, 0];
      for (const move of moves) {
        now += move;
        forward += Math.max(0, move);
        const before = bucket.tokens;
        const wait = take(bucket, rateLimit, at(now));
        if (wait === 0) granted += 1;
        if (move <= 0) assert.ok(bucket.tokens <= before && bucket.tokens >= before - 1 - 1e-5);
        assert.ok(wait <= 1 + 1000 / rateLimit.rate, 'the wait is never for the time that was stepped over');
      }
      assert.ok(granted <= rateLimit.burst + (rateLimit.rate * forward) / 1000 + 1e-5);
    }),
  );
});

test('a cost above the burst is never met', () => {
  const bucket = fullBucket({ rate: 1, burst: 3 }, at(0));
  assert.equal(take(bucket, { rate: 1, burst: 3 }, at(0), 4), Infinity);
  assert.equal(take(bucket, { rate: 1, burst: 3 }, at(0), 3), 0);
});

test('a limiter answers each key as its own bucket would', () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', '__proto__'), pause: fc.nat(800) });
  fc.assert(
    fc.property(limit, fc.array(step), (rateLimit, steps) => {
      const limiter = createRateLimiter(rateLimit);
      const buckets = new Map(['a', 'b', '__proto__'].map((key) => [key, fullBucket(rateLimit, at(0))]));
      let now = 0;
      for (const { key, pause } of steps) {
        now += pause;
        const told = limiter.wait(key, at(now));
        assert.equal(limiter.wait(key, at(now)), told, 'to ask costs nothing');
        const expected = take(buckets.get(key)!, rateLimit, at(now));
        assert.equal(told, expected);
        assert.equal(limiter.take(key, at(now)), expected);
      }
    }),
  );
});

test('a limiter holds its bound, and forgets the key that was idle longest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(9), { maxLength: 200 }), (maxKeys, keys) => {
      const limiter = createRateLimiter({ rate: 0.01, burst: 1000 }, maxKeys);
      /** What is held, the idlest first. */
      let held: number[] = [];
      for (const key of keys) {
        limiter.take(`${key}`, at(0));
        held = [...held.filter((other) => other !== key), key].slice(-maxKeys);
        assert.equal(limiter.size, held.length);
        for (let other = 0; other < 10; other += 1) {
          const full = limiter.wait(`${other}`, at(0), 1000) === 0;
          assert.equal(full, !held.includes(other), 'a key that is held has spent something');
        }
      }
    }),
  );
});

test('a flood of new keys is turned away in constant time each', () => {
  const limiter = createRateLimiter({ rate: 1, burst: 1 }, 50_000);
  for (let key = 0; key < 400_000; key += 1) limiter.take(`${key}`, at(0));
  assert.equal(limiter.size, 50_000);
  assert.equal(limiter.take('399999', at(0)), 1000, 'the newest is held');
  assert.equal(limiter.take('0', at(0)), 0, 'the oldest is forgotten');
});
