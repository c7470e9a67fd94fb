import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../src/kernel/clock.ts';
import { createHealth } from '../../src/observability/health.ts';

test('the process is alive from its start, with its uptime in whole seconds', () => {
  let now = 5_000;
  const health = createHealth('1.2.3', () => now as Millis);
  now += 61_900;
  assert.deepEqual(health.liveness(), { status: 'ok', version: '1.2.3', uptime: 61 });
});

test('it is ready when every check is content, and says which are not', () => {
  let problem: string | undefined;
  const health = createHealth('1.2.3', () => 0 as Millis);
  health.check('media', () => problem);
  assert.deepEqual(health.readiness(), { ready: true, checks: { draining: { ok: true }, media: { ok: true } } });
  problem = 'No worker runs.';
  assert.deepEqual(health.readiness(), {
    ready: false,
    checks: { draining: { ok: true }, media: { ok: false, reason: 'No worker runs.' } },
  });
  problem = undefined;
  assert.equal(health.readiness().ready, true);
});

test('a check that throws is a reason, not an accident', () => {
  const health = createHealth('1.2.3', () => 0 as Millis);
  health.check('store', () => {
    throw new Error('disk full');
  });
  assert.deepEqual(health.readiness().checks['store'], { ok: false, reason: 'disk full' });
  assert.throws(() => health.check('store', () => undefined), /already/);
});

test('a server that drains is alive, and not ready', () => {
  const health = createHealth('1.2.3', () => 0 as Millis);
  health.drain();
  assert.equal(health.readiness().ready, false);
  assert.equal(health.readiness().checks['draining']?.ok, false);
  assert.equal(health.liveness().status, 'ok');
});
