import assert from 'node:assert/strict';
import { test } from 'node:test';

import { METHOD } from '../../src/stun/methods.ts';
import { World } from './support/turn-world.ts';

test('permissions are for an allocation of one’s own', () => {
  assert.equal(new World().client().permit('198.51.100.1:1').error, 437);
});

test('a request without a peer is a 400', () => {
  const alice = new World().client();
  alice.allocate();
  assert.equal(alice.ask(METHOD.CREATE_PERMISSION).error, 400);
});

for (const [what, bad, error] of [
  ['a loopback address', '127.0.0.1:1', 403],
  ['a private address', '10.0.0.1:1', 403],
  ['an address of the other family', '[2001:db8:2::1]:1', 443],
  ['IPv4 loopback in an IPv6 form', '[::ffff:127.0.0.1]:1', 403],
] as const) {
  test(`${what} is a ${error}, and then none of the peers has a permission`, () => {
    const world = new World();
    const alice = world.client();
    alice.allocate();
    assert.equal(alice.permit('198.51.100.1:1', bad, '198.51.100.2:1').error, error);

    alice.send('198.51.100.1:1', 'x');
    alice.send('198.51.100.2:1', 'x');
    assert.deepEqual(world.sent, []);
    assert.equal(world.count('gauge.permissions'), 0);
  });
}

test('where the quota ends, all or nothing still holds, and what was there before stays', () => {
  const limit = { user: 3, address: 3, total: 3 };
  const world = new World({ quotas: { permissions: limit } });
  const alice = world.client();
  alice.allocate();
  assert.equal(alice.permit('198.51.100.1:1').error, 0);
  assert.equal(alice.permit('198.51.100.2:1', '198.51.100.1:1', '198.51.100.3:1', '198.51.100.4:1').error, 508);
  assert.equal(world.count('gauge.permissions'), 1);
  assert.equal(world.quotas.total('permissions'), 1);
  alice.send('198.51.100.1:1', 'x');
  alice.send('198.51.100.2:1', 'x');
  assert.equal(world.take('198.51.100.1:1').length, 1);
  assert.deepEqual(world.sent, []);
  assert.equal(world.count('quota.user'), 1);
  assert.equal(alice.permit('198.51.100.2:1', '198.51.100.3:1').error, 0);
});

test('the same peer twice is one permission', () => {
  const world = new World();
  const alice = world.client();
  alice.allocate();
  alice.permit('198.51.100.1:1', '198.51.100.1:2');
  assert.equal(world.count('gauge.permissions'), 1);
});

test('expired permissions give their quota back', () => {
  const limit = { user: 1, address: 1, total: 1 };
  const world = new World({ quotas: { permissions: limit } });
  const alice = world.client();
  alice.allocate();
  alice.permit('198.51.100.1:1');
  world.pass(301);
  assert.equal(world.count('gauge.permissions'), 0);
  assert.equal(alice.permit('198.51.100.2:1').error, 0);
});
