import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';

import { watchCredentials } from '../../client/sdk/ice-renewal.ts';
import { createScope } from '../../client/sdk/scope.ts';

const DAY = 24 * 3600;

for (const [ttl, after] of [
  [10, 7.5],
  [60, 45],
  [1200, 900],
  [12 * 3600, 12 * 3600 - 300],
  // Longer than a timer can wait.
  [30 * DAY, 2_147_483.647],
] as const) {
  test(`credentials for ${ttl} s are renewed after ${after} s`, (t) => {
    const { renewal, counts } = aCall(t);
    renewal.received([{ urls: ['turn:a'], username: 'u', credential: 'c', ttl }]);
    mock.timers.tick(1000 * after - 1);
    assert.equal(counts.renewed, 0);
    mock.timers.tick(1);
    assert.equal(counts.renewed, 1);
    mock.timers.tick(1000 * DAY);
    assert.equal(counts.renewed, 1, 'until others come');
  });
}

test('the times of those that came last count', (t) => {
  const { renewal, counts } = aCall(t);
  renewal.received([{ urls: ['turn:a'], ttl: 60 }]);
  mock.timers.tick(40_000);
  renewal.received([{ urls: ['turn:a'], ttl: 60 }]);
  mock.timers.tick(44_999);
  assert.equal(counts.renewed, 0);
  mock.timers.tick(1);
  assert.equal(counts.renewed, 1);
});

test('of several the one that ends first counts, and those that never end do not', (t) => {
  const { renewal, counts } = aCall(t);
  renewal.received([{ urls: ['turn:a'], ttl: 1200 }, { urls: ['stun:b'] }, { urls: ['turn:c'], ttl: 60 }]);
  mock.timers.tick(45_000);
  assert.equal(counts.renewed, 1);
  renewal.received([{ urls: ['turn:b'], username: 'u', credential: 'static' }]);
  mock.timers.tick(1000 * DAY);
  assert.equal(counts.renewed, 1);
});

test('after the room is closed nothing is renewed', (t) => {
  const { renewal, counts, scope } = aCall(t);
  renewal.received([{ urls: ['turn:a'], ttl: 60 }]);
  scope.close();
  mock.timers.tick(60_000);
  assert.equal(counts.renewed, 0);
  assert.equal(scope.size, 0);
});

function aCall(t: TestContext) {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const scope = createScope();
  const counts = { renewed: 0 };
  return { scope, counts, renewal: watchCredentials(scope, () => (counts.renewed += 1)) };
}
