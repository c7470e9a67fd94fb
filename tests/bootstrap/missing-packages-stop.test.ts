import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { distributionOf, WORKER_BUILD_PACKAGES } from '../../scripts/bootstrap/system-packages.mjs';
import { CHECKOUT, scratchDir, write } from './scratch.ts';

const NOBODY = 65_534;
const hasApt = existsSync('/etc/os-release') && distributionOf(readFileSync('/etc/os-release', 'utf8')) !== 'other';

test(
  'a person without root rights is told the one command before anything is installed',
  { skip: !hasApt && 'the command is one of Debian and Ubuntu' },
  (t) => {
    const checkout = bareCheckout(t);
    const before = readdirSync(checkout);
    const { status, stderr } = bootstrapAsNobody(checkout, 'start');

    assert.equal(status, 1, stderr);
    const commands = stderr.split('\n').filter((line) => line.includes('apt-get'));
    const names = WORKER_BUILD_PACKAGES.join(' ');
    assert.deepEqual(commands, [`    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names}`]);
    assert.deepEqual(readdirSync(checkout), before);
    assert.equal(existsSync(path.join(checkout, 'cache')), false);
  },
);

test('an unknown purpose is answered with the usage', (t) => {
  const { status, stderr } = bootstrapAsNobody(bareCheckout(t), 'lunch');
  assert.equal(status, 1);
  assert.match(stderr, /--for start\|test\|check\|build/);
});

/** A fresh clone, on a machine whose dpkg knows no package. */
function bareCheckout(t: TestContext): string {
  const checkout = scratchDir(t);
  chmodSync(checkout, 0o755);
  for (const part of ['scripts', 'native', 'package.json', 'package-lock.json']) {
    cpSync(path.join(CHECKOUT, part), path.join(checkout, part), { recursive: true });
  }
  write(checkout, { 'bin/dpkg-query': '#!/bin/sh\nexit 1\n' });
  return checkout;
}

function bootstrapAsNobody(checkout: string, purpose: string) {
  // Rights are dropped inside the process: the node binary may be where only its owner can reach it.
  const script = `
    if (process.getuid() === 0) { process.setgid(${NOBODY}); process.setuid(${NOBODY}); }
    process.argv = [process.execPath, 'bootstrap.mjs', '--for', ${JSON.stringify(purpose)}];
    await import(${JSON.stringify(path.join(checkout, 'scripts/bootstrap.mjs'))});`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: checkout,
    encoding: 'utf8',
    timeout: 20_000,
    env: {
      PATH: `${path.join(checkout, 'bin')}:/usr/bin:/bin`,
      HOME: checkout,
      SLUICE_CACHE_DIR: path.join(checkout, 'cache'),
      SLUICE_OFFLINE: '1',
    },
  });
}
