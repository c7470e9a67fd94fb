import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { isInstalled, missingPlatformPackages, platformOf, readLock } from '../../scripts/bootstrap/lock-file.mjs';
import { CHECKOUT } from './scratch.ts';

const wanted = {
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b-linux': { version: '2.0.0', optional: true },
  },
};

test('neither the lock file nor .npmrc names a registry host', () => {
  // Where a package was fetched from is its `resolved`; other addresses in it are its authors' pages.
  const lock = readFileSync(path.join(CHECKOUT, 'package-lock.json'), 'utf8');
  assert.doesNotMatch(lock, /"resolved"|\/\/[^"/]*registry|\.tgz"/i);
  assert.doesNotMatch(readFileSync(path.join(CHECKOUT, '.npmrc'), 'utf8'), /\/\/|registry\s*=|_auth/i);
});

test('.npmrc keeps npm from writing registry hosts into the lock file', () => {
  assert.match(readFileSync(path.join(CHECKOUT, '.npmrc'), 'utf8'), /^omit-lockfile-registry-resolved=true$/m);
});

test('the lock file lists every optional package that it names, or `npm ci` refuses it', () => {
  const lock = readLock(CHECKOUT, 'package-lock.json');
  assert.ok(lock);
  assert.deepEqual(Object.keys(missingPlatformPackages(lock)), [], 'run `node scripts/complete-lock.mjs`');
});

test('packages are installed when each wanted one is there in its version', () => {
  const installed = {
    packages: { 'node_modules/a': { version: '1.0.0' }, 'node_modules/left-over': { version: '9.0.0' } },
  };
  assert.equal(isInstalled(wanted, installed), true);
});

test('packages are not installed when one is missing, of another version, or nothing is known', () => {
  assert.equal(isInstalled(wanted, { packages: {} }), false);
  assert.equal(isInstalled(wanted, { packages: { 'node_modules/a': { version: '1.0.1' } } }), false);
  const stale = { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b-linux': { version: '1.9.0' } };
  assert.equal(isInstalled(wanted, { packages: stale }), false);
  assert.equal(isInstalled(wanted, undefined), false);
  assert.equal(isInstalled(undefined, { packages: {} }), false);
});

test('a package for another platform is added with the platform that its name says', () => {
  const packages = {
    'node_modules/tool': {
      version: '1.0.0',
      dev: true,
      optionalDependencies: { '@tool/binding-linux-x64-musl': '1.0.0' },
    },
  };
  const added = missingPlatformPackages({ packages });
  assert.deepEqual(added, {
    'node_modules/@tool/binding-linux-x64-musl': {
      version: '1.0.0',
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
      dev: true,
      optional: true,
    },
  });
  assert.deepEqual(missingPlatformPackages({ packages: { ...packages, ...added } }), {});
});

test('platform names are read as npm means them', () => {
  assert.deepEqual(platformOf('@oxlint-tsgolint/darwin-arm64'), { os: ['darwin'], cpu: ['arm64'] });
  assert.deepEqual(platformOf('@oxfmt/binding-android-arm-eabi'), { os: ['android'], cpu: ['arm'] });
  assert.deepEqual(platformOf('x-linux-arm-gnueabihf'), { os: ['linux'], cpu: ['arm'], libc: ['glibc'] });
  assert.deepEqual(platformOf('x-win32-ia32-msvc'), { os: ['win32'], cpu: ['ia32'] });
  assert.throws(() => platformOf('left-pad'), /left-pad is missing .* says no platform/);
});
