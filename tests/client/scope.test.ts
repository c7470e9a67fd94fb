import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createScope } from '../../client/sdk/scope.ts';

test('closing leaves no timer, no listener and no child behind', async () => {
  const scope = createScope();
  const target = new EventTarget();
  const heard: string[] = [];
  scope.after(1, () => heard.push('timer'));
  scope.listen(target, 'change', () => heard.push('event'));
  const child = scope.child();
  child.after(1, () => heard.push('timer of the child'));
  assert.equal(scope.size, 3);
  scope.close();
  assert.equal(scope.size + child.size, 0);
  assert.ok(child.closed);
  target.dispatchEvent(new Event('change'));
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(heard, []);
});

test('what is done with early is let go of early', async () => {
  const scope = createScope();
  scope.after(0, () => undefined);
  scope.after(5000, () => undefined)();
  scope.listen(new EventTarget(), 'change', () => undefined)();
  scope.child().close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(scope.size, 0);
});

test('a pause ends with the scope, so that nobody waits for ever', async () => {
  const scope = createScope();
  const paused = scope.pause(60_000);
  scope.close();
  await paused;
  await scope.pause(60_000);
});

test('a closed scope takes nothing on', () => {
  const scope = createScope();
  scope.close();
  const target = new EventTarget();
  scope.after(0, () => assert.fail('It has been closed.'));
  scope.listen(target, 'change', () => assert.fail('It has been closed.'));
  target.dispatchEvent(new Event('change'));
  assert.ok(scope.child().closed);
  assert.equal(scope.size, 0);
});

test('what is to be done at close is done once, the last thing first', () => {
  const scope = createScope();
  const done: number[] = [];
  scope.onClose(() => done.push(1));
  scope.onClose(() => done.push(2));
  scope.close();
  scope.close();
  scope.onClose(() => done.push(3));
  assert.deepEqual(done, [2, 1, 3]);
});
