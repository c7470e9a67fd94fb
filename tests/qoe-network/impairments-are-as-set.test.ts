import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { CLEAN, Direction, type Fate, type Impairment } from '../support/impairment.ts';

const impairments = fc.record({
  delay: fc.integer({ min: 0, max: 500 }),
  jitter: fc.integer({ min: 0, max: 200 }),
  loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
  burst: fc.constantFrom(0, 2, 8),
  rate: fc.constantFrom(0, 50_000, 200_000, 2_000_000),
  queue: fc.constantFrom(50, 300),
  reorder: fc.constantFrom(0, 0.1),
  reorderBy: fc.constant(30),
});
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test('a clean direction delivers everything at once', () => {
  assert.deepEqual(send({}, 1000), times(1000));
});

test('loss is as set, alone and in runs as long as set', () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom(0.01, 0.05, 0.2), fc.constantFrom(0, 3, 10), (seed, loss, burst) => {
      const count = 100_000;
      const fates = send({ loss, burst }, count, seed);
      const lost = fates.map((fate) => fate === 'lost');
      const share = lost.filter(Boolean).length / count;
      const runs = lost.filter((is, at) => is && !lost[at - 1]).length;
      const length = burst === 0 ? 1 / (1 - loss) : burst;
      // Five standard deviations; a run's losses are of one chance, and vary in their number.
      const deviation = Math.sqrt((loss / count) * (burst === 0 ? 1 : 2 * burst));
      assert.ok(Math.abs(share - loss) < 5 * deviation, `${share} of ${loss}`);
      const mean = (share * count) / runs;
      assert.ok(Math.abs(mean - length) < (5 * length) / Math.sqrt(runs), `runs of ${mean}, not ${length}`);
    }),
    { numRuns: 20 },
  );
});

test('delay is for all, and jitter evenly on top of it without changing the order', () => {
  const fates = send({ delay: 100, jitter: 40 }, 20_000, 7, 50);
  const waits = fates.map((fate, index) => Number(fate) - index * 50);
  assert.ok(Math.min(...waits) >= 100);
  assert.ok(Math.max(...waits) <= 140);
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  assert.ok(Math.abs(mean - 120) < 0.5, String(mean));
});

test('a rate passes what it can, holds a queue of the time set, and drops the rest', () => {
  const rate = 200_000;
  // 1000 bytes every 10 ms is 822 kbit/s with its headers.
  const fates = send({ rate, queue: 300 }, 3000, 1, 10, 1000);
  const out = fates.filter((fate) => typeof fate === 'number');
  const seconds = (out.at(-1)! - out[0]!) / 1000;
  assert.ok(Math.abs(((out.length - 1) * 1028 * 8) / seconds / rate - 1) < 0.001);
  const serial = (1028 * 8000) / rate;
  const waits = fates.flatMap((fate, index) => (typeof fate === 'number' ? [fate - index * 10] : []));
  assert.ok(Math.max(...waits) <= 300 + serial + 0.001);
  assert.ok(
    waits.slice(100).every((wait) => wait > 240),
    'it stays full',
  );
});

test('what fits into the rate is not held up beyond its own bits', () => {
  const fates = send({ rate: 200_000, queue: 300 }, 1000, 1, 20, 200);
  for (const [index, fate] of fates.entries()) assert.ok(Math.abs(Number(fate) - index * 20 - 9.12) < 0.001);
});

test('the share that is set comes late and is overtaken', () => {
  const fates = send({ reorder: 0.1, reorderBy: 30 }, 20_000, 3, 10);
  const late = fates.filter((fate, index) => Number(fate) - index * 10 === 30).length;
  assert.ok(Math.abs(late / 20_000 - 0.1) < 0.011, String(late));
});

test('the same seed makes the same fates, and another one others', () => {
  fc.assert(
    fc.property(impairments, seeds, (impairment, seed) => {
      assert.deepEqual(send(impairment, 200, seed), send(impairment, 200, seed));
    }),
  );
  assert.notDeepEqual(send({ loss: 0.5 }, 200, 1), send({ loss: 0.5 }, 200, 2));
});

test('nothing comes out before its delay, or out of order without reordering, whatever is set and changed', () => {
  const steps = fc.array(fc.record({ impairment: impairments, count: fc.integer({ min: 1, max: 50 }) }), {
    minLength: 1,
    maxLength: 10,
    size: 'max',
  });
  fc.assert(
    fc.property(steps, seeds, (changes, seed) => {
      const direction = new Direction(seed);
      let now = 0;
      let last = -Infinity;
      for (const { impairment, count } of changes) {
        const set = { ...impairment, reorder: 0 };
        direction.set(set);
        for (let index = 0; index < count; index += 1) {
          now += 3;
          const fate = direction.send(500, now);
          if (typeof fate !== 'number') continue;
          assert.ok(fate >= now + set.delay && fate >= last);
          last = fate;
        }
      }
    }),
  );
});

test('no loss set, none lost, once a run of losses has been cleared', () => {
  const direction = new Direction(5);
  direction.set({ ...CLEAN, loss: 0.5, burst: 100 });
  for (let now = 0; now < 100; now += 1) direction.send(100, now);
  direction.set(CLEAN);
  for (let now = 100; now < 200; now += 1) assert.notEqual(direction.send(100, now), 'lost');
});

function send(impairment: Partial<Impairment>, count: number, seed = 1, every = 1, bytes = 200): Fate[] {
  const direction = new Direction(seed);
  direction.set({ ...CLEAN, ...impairment });
  return times(count, every).map((now) => direction.send(bytes, now));
}

function times(count: number, every = 1): number[] {
  return Array.from({ length: count }, (_, index) => index * every);
}
