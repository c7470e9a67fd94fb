import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BROWSER_PACKAGES, distributionOf, planSystemPackages } from '../../scripts/bootstrap/system-packages.mjs';

const missing = ['meson', 'libuv1-dev'];

test('nothing missing asks for nothing, whoever one is', () => {
  for (const distribution of ['debian', 'ubuntu', 'other'] as const) {
    for (const isRoot of [true, false]) {
      assert.deepEqual(planSystemPackages({ distribution, isRoot, missing: [] }), { kind: 'nothing' });
    }
  }
});

test('root on Debian and Ubuntu gets exactly the missing packages installed', () => {
  for (const distribution of ['debian', 'ubuntu'] as const) {
    const plan = planSystemPackages({ distribution, isRoot: true, missing });
    assert.deepEqual(plan, { kind: 'install', packages: missing });
  }
});

test('anyone else on Debian and Ubuntu is told the one command', () => {
  const plan = planSystemPackages({ distribution: 'debian', isRoot: false, missing });
  assert.deepEqual(plan, {
    kind: 'stop',
    advice: 'sudo apt-get update && sudo apt-get install -y --no-install-recommends meson libuv1-dev',
  });
});

test('on another distribution root, too, must choose the packages', () => {
  const plan = planSystemPackages({ distribution: 'other', isRoot: true, missing });
  assert.deepEqual(plan, { kind: 'stop', advice: 'Install what Debian calls: meson libuv1-dev' });
});

test("Ubuntu's chromium, which is a stub for snap, is not installed", () => {
  const plan = planSystemPackages({ distribution: 'ubuntu', isRoot: true, missing: BROWSER_PACKAGES });
  assert.equal(plan.kind, 'stop');
  assert.match(plan.kind === 'stop' ? plan.advice : '', /CHROMIUM/);
});

test('derivatives count as what they derive from', () => {
  assert.equal(distributionOf('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n'), 'debian');
  assert.equal(distributionOf('ID=raspbian\nID_LIKE=debian\n'), 'debian');
  assert.equal(distributionOf('ID=ubuntu\nID_LIKE=debian\n'), 'ubuntu');
  assert.equal(distributionOf('ID=linuxmint\nID_LIKE="ubuntu debian"\n'), 'ubuntu');
  assert.equal(distributionOf('ID=fedora\n'), 'other');
  assert.equal(distributionOf(''), 'other');
});
