import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';

import { createScope } from '../../client/sdk/scope.ts';
import { watchTicks } from '../../client/sdk/tick-watch.ts';

test('a server that falls silent in the midst of talk is noticed after two seconds, once', (t) => {
  const { seconds, counts } = aRoom(t);
  seconds(3, 20);
  seconds(1, 0);
  assert.equal(counts.silent, 0);
  seconds(1, 0);
  assert.equal(counts.silent, 1);
  seconds(60, 0);
  assert.equal(counts.silent, 1);
  seconds(1, 8);
  seconds(2, 0);
  assert.equal(counts.silent, 2);
});

test('a room in which nobody talks, or a word is said now and then, is quiet by itself', (t) => {
  const { seconds, counts } = aRoom(t);
  seconds(30, 0);
  for (let word = 0; word < 10; word += 1) {
    seconds(1, 2);
    seconds(4, 0);
  }
  // Talk that ends is followed by a last change or two.
  seconds(3, 20);
  seconds(1, 1);
  seconds(30, 0);
  assert.equal(counts.silent, 0);
});

test('after the room is closed nothing is watched', (t) => {
  const { seconds, counts, scope } = aRoom(t);
  seconds(3, 20);
  scope.close();
  seconds(10, 0);
  assert.equal(counts.silent, 0);
  assert.equal(scope.size, 0);
});

function aRoom(t: TestContext) {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const scope = createScope();
  const counts = { silent: 0 };
  const watch = watchTicks(scope, () => (counts.silent += 1));
  const seconds = (count: number, ticks: number) => {
    for (let second = 0; second < count; second += 1) {
      for (let tick = 0; tick < ticks; tick += 1) watch.tick();
      mock.timers.tick(1000);
    }
  };
  return { seconds, counts, scope };
}
