import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { LONGEST, type Sampled, Sampler, SECOND } from '../../src/media/sampler.ts';
import { settle } from '../support/rooms.ts';

test('each one is due once in its period, and no tick has more to do than another', async () => {
  const sampler = new Sampler();
  const asked = new Map<number, number>();
  let now = 0;
  const perTick: number[] = [];
  for (let index = 0; index < 200; index += 1) {
    sampler.add(sampled({ asked: () => asked.set(index, (asked.get(index) ?? 0) + 1) }));
  }
  for (; now < 10 * SECOND; now += 1) {
    const before = total(asked);
    sampler.tick();
    await settle();
    perTick.push(total(asked) - before);
  }
  assert.deepEqual(new Set(asked.values()), new Set([10]));
  assert.deepEqual(new Set(perTick), new Set([200 / SECOND]));
  assert.equal(sampler.skipped, 0);
});

test('a worker that does not answer is asked no more than fifty things, and again once it does', async () => {
  const sampler = new Sampler();
  let unanswered = 0;
  let most = 0;
  const answers: (() => void)[] = [];
  for (let index = 0; index < 300; index += 1) {
    const answer = () =>
      new Promise<void>((resolve) => {
        unanswered += 1;
        most = Math.max(most, unanswered);
        answers.push(() => {
          unanswered -= 1;
          resolve();
        });
      });
    sampler.add({ ask: answer, period: () => SECOND, urgent: () => false });
  }
  for (let tick = 0; tick < 10 * SECOND; tick += 1) sampler.tick();
  assert.equal(most, 50);
  assert.ok(sampler.skipped > 2000, 'turns are skipped, and not saved up');

  for (const answer of answers.splice(0)) answer();
  await settle();
  assert.equal(unanswered, 0);
  sampler.tick();
  assert.ok(unanswered > 0 && unanswered <= 25, `${unanswered} asked in one tick`);
});

test('of more than can be asked, the urgent ones are, and the others in fair turns', async () => {
  const sampler = new Sampler();
  const urgent = new Map<number, number>();
  const others = new Map<number, number>();
  for (let index = 0; index < 100; index += 1) {
    sampler.add(sampled({ urgent: true, asked: () => urgent.set(index, (urgent.get(index) ?? 0) + 1) }));
  }
  for (let index = 0; index < 2000; index += 1) {
    sampler.add(sampled({ asked: () => others.set(index, (others.get(index) ?? 0) + 1) }));
  }
  for (let tick = 0; tick < 60 * SECOND; tick += 1) {
    sampler.tick();
    await settle();
  }
  assert.deepEqual(new Set(urgent.values()), new Set([60]));
  assert.equal(others.size, 2000);
  // 400 a second are left for 2000: each every 5 s.
  for (const times of others.values()) assert.ok(times >= 11 && times <= 13, `${times} in a minute`);
});

test('who is hastened is due within a second', async () => {
  const sampler = new Sampler();
  let asked = 0;
  const slow = sampled({ period: LONGEST, asked: () => (asked += 1) });
  sampler.add(slow);
  for (let tick = 0; tick < SECOND; tick += 1) sampler.tick();
  assert.equal(asked, 1);
  sampler.hasten(slow);
  for (let tick = 0; tick < SECOND; tick += 1) sampler.tick();
  assert.equal(asked, 2);
});

test('whatever comes, goes and changes its period, each is asked in time and nobody after it has gone', async () => {
  const step = fc.oneof(
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('add' as const), period: fc.integer({ min: 1, max: LONGEST }) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('hasten' as const), which: fc.nat() }) },
    { weight: 6, arbitrary: fc.record({ type: fc.constant('tick' as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 300, size: 'max' }), async (steps) => {
      const sampler = new Sampler();
      const present = new Map<Sampled, { due: number }>();
      let now = 0;
      for (const one of steps) {
        const [...all] = present.keys();
        if (one.type === 'add') {
          const it: Sampled = sampled({
            period: one.period,
            asked: () => {
              const entry = present.get(it);
              assert.ok(entry !== undefined, 'asked after it has gone');
              entry.due = now + one.period;
            },
          });
          present.set(it, { due: now + SECOND });
          sampler.add(it);
        } else if (one.type === 'tick') {
          now += 1;
          sampler.tick();
          await Promise.resolve();
          await Promise.resolve();
          for (const { due } of present.values()) assert.ok(sampler.skipped > 0 || due >= now, 'a turn came late');
        } else if (all.length > 0) {
          const it = all[one.which % all.length]!;
          if (one.type === 'remove') {
            present.delete(it);
            sampler.remove(it);
          } else {
            sampler.hasten(it);
            const entry = present.get(it)!;
            entry.due = Math.min(entry.due, now + SECOND);
          }
        }
        assert.equal(sampler.size, present.size);
      }
    }),
  );
});

function sampled(of: { period?: number; urgent?: boolean; asked: () => void }): Sampled {
  return {
    ask: async () => of.asked(),
    period: () => of.period ?? SECOND,
    urgent: () => of.urgent ?? false,
  };
}

function total(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
