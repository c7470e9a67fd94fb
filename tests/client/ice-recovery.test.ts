import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';

import { watchIce } from '../../client/sdk/ice-recovery.ts';
import { createScope } from '../../client/sdk/scope.ts';

test('a dip that heals by itself restarts nothing', async (t) => {
  const { recovery, counts, pass } = aTransport(t);
  recovery.stateChanged('disconnected');
  await pass(299);
  recovery.stateChanged('connected');
  await pass(60_000);
  assert.deepEqual(counts, { restarts: 0, unanswered: 0, hopeless: 0 });
});

test('a connection that stays down is restarted, and again until it is up', async (t) => {
  const { recovery, counts, pass } = aTransport(t);
  recovery.stateChanged('disconnected');
  await pass(300);
  assert.equal(counts.restarts, 1);
  await pass(3000);
  assert.equal(counts.restarts, 2);
  recovery.stateChanged('connected');
  await pass(60_000);
  assert.equal(counts.restarts, 2);
});

test('a failed connection is restarted at once', async (t) => {
  const { recovery, counts, pass } = aTransport(t);
  recovery.stateChanged('failed');
  await pass(0);
  assert.equal(counts.restarts, 1);
});

test('after four restarts in a row without success it is called hopeless, once', async (t) => {
  const { recovery, counts, pass } = aTransport(t);
  recovery.stateChanged('failed');
  await pass(0);
  for (let second = 0; second < 60; second += 1) await pass(1000);
  assert.ok(counts.restarts > 4);
  assert.equal(counts.hopeless, 1);
});

test('a restart that is refused is tried again', async (t) => {
  const { recovery, counts, pass } = aTransport(t, () => Promise.reject(new Error('refused')));
  recovery.stateChanged('failed');
  await pass(0);
  await pass(3000);
  assert.equal(counts.restarts, 2);
});

test('another network restarts a connection that believes to be well', async (t) => {
  const { recovery, counts, pass } = aTransport(t);
  recovery.stateChanged('connected');
  recovery.restartNow();
  await pass(0);
  await pass(60_000);
  assert.deepEqual(counts, { restarts: 1, unanswered: 0, hopeless: 0 });
});

test('restarts that were asked for do not count in a row of those that did not help', async (t) => {
  const { recovery, counts, pass } = aTransport(t);
  recovery.stateChanged('connected');
  for (let renewal = 0; renewal < 6; renewal += 1) {
    recovery.restartNow();
    await pass(0);
  }
  recovery.stateChanged('failed');
  await pass(0);
  for (let second = 0; second < 60; second += 1) await pass(1000);
  assert.equal(counts.hopeless, 1);
});

test('a server that does not answer is doubted, once for each restart', async (t) => {
  const { recovery, counts, pass } = aTransport(t, () => new Promise(() => undefined));
  recovery.stateChanged('disconnected');
  await pass(300);
  assert.deepEqual(counts, { restarts: 1, unanswered: 0, hopeless: 0 });
  await pass(1000);
  await pass(60_000);
  assert.deepEqual(counts, { restarts: 1, unanswered: 1, hopeless: 0 });
});

test('a server that answers is not, though the connection stays down', async (t) => {
  const { recovery, counts, pass } = aTransport(t);
  recovery.stateChanged('failed');
  await pass(0);
  await pass(2999);
  assert.deepEqual(counts, { restarts: 1, unanswered: 0, hopeless: 0 });
});

test('a loss is told of when its first restart begins, and one that was asked for is none', async (t) => {
  const { recovery, told, pass } = aTransport(t);
  recovery.restartNow();
  await pass(0);
  assert.equal(told.lost, 0);
  recovery.stateChanged('connected');
  recovery.stateChanged('disconnected');
  await pass(300);
  await pass(3000);
  await pass(4500);
  assert.equal(told.lost, 1);
});

test('a closed room restarts nothing', async (t) => {
  const { recovery, counts, pass, scope } = aTransport(t);
  recovery.stateChanged('disconnected');
  scope.close();
  await pass(60_000);
  assert.equal(counts.restarts, 0);
});

function aTransport(t: TestContext, outcome: () => Promise<void> = () => Promise.resolve()) {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const scope = createScope();
  const told = { lost: 0 };
  const counts = { restarts: 0, unanswered: 0, hopeless: 0 };
  const recovery = watchIce({
    scope,
    restart: () => {
      counts.restarts += 1;
      return outcome();
    },
    unanswered: () => (counts.unanswered += 1),
    lost: () => (told.lost += 1),
    hopeless: () => (counts.hopeless += 1),
  });
  const pass = async (milliseconds: number) => {
    mock.timers.tick(milliseconds);
    // What follows a restart comes some microtasks later.
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { recovery, counts, told, pass, scope };
}
