import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cachedWorker, workerInputs } from '../../scripts/bootstrap/worker-cache.mjs';
import { scratchDir, write } from './scratch.ts';

const machine = { inputs: '3.27.1-abc', env: {}, home: '/home/ann', platform: 'linux', arch: 'x64', libc: 'glibc2.36' };

test('the cache is outside the checkout, where the environment says or in the home', () => {
  const rest = 'mediasoup-worker/3.27.1-abc-linux-x64-glibc2.36/mediasoup-worker';
  assert.equal(cachedWorker(machine), `/home/ann/.cache/sluice/${rest}`);
  assert.equal(cachedWorker({ ...machine, env: { XDG_CACHE_HOME: '/xdg' } }), `/xdg/sluice/${rest}`);
  assert.equal(
    cachedWorker({ ...machine, env: { XDG_CACHE_HOME: '/xdg', SLUICE_CACHE_DIR: '/mine' } }),
    `/mine/${rest}`,
  );
});

test('another machine that shares the home keeps a worker of its own', () => {
  const paths = [
    machine,
    { ...machine, platform: 'darwin' },
    { ...machine, arch: 'arm64' },
    { ...machine, libc: 'glibc2.39' },
  ].map(cachedWorker);
  assert.equal(new Set(paths).size, paths.length);
});

test("the key changes with mediasoup's version and with what the build reads, not with its README", (t) => {
  const root = scratchDir(t);
  write(root, {
    'native/worker/build.sh': 'ninja',
    'native/worker/overlay/pch/a.hpp': 'a',
    'native/worker/README.md': '1',
  });
  const key = workerInputs(root, '3.27.1');
  assert.match(key, /^3\.27\.1-[0-9a-f]{12}$/);

  write(root, { 'native/worker/README.md': '2' });
  assert.equal(workerInputs(root, '3.27.1'), key);
  assert.notEqual(workerInputs(root, '3.27.2'), key);

  const changes = [
    { 'native/worker/build.sh': 'ninja -v' },
    { 'native/worker/overlay/pch/a.hpp': 'b' },
    { 'native/worker/patches/new.patch': '' },
  ];
  const keys = changes.map((change) => {
    write(root, change);
    return workerInputs(root, '3.27.1');
  });
  assert.equal(new Set([key, ...keys]).size, 4);
});
