import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { SluiceError } from '../../src/kernel/errors.ts';
import { type Mailbox, createMailbox } from '../../src/kernel/mailbox.ts';

test('tasks run one at a time, in the order in which they came, whatever becomes of each', async () => {
  const task = fc.record({ delay: fc.nat(3), how: fc.constantFrom('value', 'promise', 'throw', 'reject') });
  await fc.assert(
    fc.asyncProperty(fc.array(task, { maxLength: 30 }), async (tasks) => {
      const mailbox = createMailbox(1000);
      const log: string[] = [];
      let running = 0;
      const outcomes = tasks.map(({ delay, how }, index) =>
        mailbox.run(() => {
          assert.equal(running, 0, 'nothing else runs');
          log.push(`${index}`);
          if (how === 'throw') throw new Error(`${index}`);
          if (how === 'value') return index;
          running += 1;
          return ticks(delay).then(() => {
            running -= 1;
            if (how === 'reject') throw new Error(`${index}`);
            return index;
          });
        }),
      );
      const settled = await Promise.allSettled(outcomes);
      assert.deepEqual(
        log,
        tasks.map((_, index) => `${index}`),
      );
      for (const [index, outcome] of settled.entries()) {
        const failed = tasks[index]!.how === 'throw' || tasks[index]!.how === 'reject';
        assert.equal(outcome.status, failed ? 'rejected' : 'fulfilled');
        if (outcome.status === 'fulfilled') assert.equal(outcome.value, index);
        else assert.equal((outcome.reason as Error).message, `${index}`);
      }
      assert.equal(mailbox.length, 0);
    }),
  );
});

test('no more tasks wait than the bound, and there is room again once one is done', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.boolean(), { maxLength: 40 }),
      async (bound, steps) => {
        const mailbox = createMailbox(bound);
        const gates: (() => void)[] = [];
        for (const arrives of steps) {
          const before = mailbox.length;
          if (arrives) {
            const outcome = mailbox.run(() => new Promise<void>((resolve) => gates.push(resolve)));
            if (before < bound) assert.equal(mailbox.length, before + 1);
            else assert.equal(await codeOf(outcome), 'rate-limited');
          } else {
            gates.shift()?.();
          }
          await settle();
          assert.ok(mailbox.length <= bound);
          assert.ok(gates.length <= 1, 'one runs');
        }
        while (mailbox.length > 0) {
          gates.shift()?.();
          await settle();
        }
      },
    ),
  );
});

test('a task that was refused does not run', async () => {
  const mailbox = createMailbox(1);
  let ran = false;
  const first = mailbox.run(() => ticks(2));
  assert.equal(await codeOf(mailbox.run(() => (ran = true))), 'rate-limited');
  await first;
  await settle();
  assert.equal(ran, false);
});

test('close lets the running task finish and refuses what waits and what comes', async () => {
  const mailbox = createMailbox(10);
  const { promise, resolve } = Promise.withResolvers<string>();
  let ran = false;
  const running = mailbox.run(() => promise);
  await settle();
  const waiting = mailbox.run(() => (ran = true));
  mailbox.close();
  mailbox.close();
  assert.equal(await codeOf(mailbox.run(() => (ran = true))), 'session-gone');
  resolve('done');
  assert.equal(await running, 'done');
  assert.equal(await codeOf(waiting), 'session-gone');
  assert.equal(ran, false);
  assert.equal(mailbox.length, 0);
});

test('close refuses what waits at once, even where the running task never ends', async () => {
  const mailbox: Mailbox = createMailbox(10);
  void mailbox.run(() => new Promise(() => undefined));
  await settle();
  const waiting = mailbox.run(() => 'never');
  mailbox.close();
  assert.equal(await Promise.race([codeOf(waiting), settle().then(() => 'still waiting')]), 'session-gone');
});

async function codeOf(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof SluiceError);
    return error.code;
  }
}

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) await Promise.resolve();
}

/** Lets every promise that can settle do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
