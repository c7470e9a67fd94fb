import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { withIdleServices } from '../../scripts/bootstrap/idle-services.mjs';
import { missingTestTools } from '../../scripts/bootstrap/test-tools.mjs';
import { scratchDir, write } from './scratch.ts';

const nothing = { env: { PATH: '' }, isRoot: true, dpkg: '/nowhere' } as const;
const FOREIGN = [
  'python3-aiortc',
  'python3-gi',
  'gir1.2-gst-plugins-bad-1.0',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-nice',
];

test('a bare machine gets every tool that its user can make use of', () => {
  const forAll = ['coturn', 'gcc', 'libc6-dev'];
  assert.deepEqual(missingTestTools({ ...nothing, platform: 'linux' }), [...forAll, 'nftables', 'iproute2']);
  assert.deepEqual(missingTestTools({ ...nothing, platform: 'linux', isRoot: false }), forAll);
  assert.deepEqual(missingTestTools({ ...nothing, platform: 'darwin' }), forAll);
});

test('a tool that is there is not asked for', (t) => {
  const dir = scratchDir(t);
  write(dir, { turnutils_uclient: '#!/bin/sh\n', cc: '#!/bin/sh\n', nft: '#!/bin/sh\n' });
  assert.deepEqual(missingTestTools({ ...nothing, env: { PATH: dir }, platform: 'linux' }), ['iproute2']);
});

test("WebRTC clients of Debian's packages are for root on Debian, and asked for one by one", (t) => {
  const dpkg = scratchDir(t);
  const missing = (isRoot: boolean) => missingTestTools({ ...nothing, dpkg, isRoot, platform: 'linux' });
  assert.deepEqual(missing(true).slice(-FOREIGN.length), FOREIGN);
  assert.deepEqual(missing(false), ['coturn', 'gcc', 'libc6-dev']);
  const architecture = { x64: 'amd64' }[process.arch as string] ?? process.arch;
  write(dpkg, { 'python3-aiortc.list': '', [`gstreamer1.0-nice:${architecture}.list`]: '' });
  assert.deepEqual(missing(true).slice(4 + 1), FOREIGN.slice(1, -1));
});

test("while coturn is installed its service is forbidden to start, and nobody else's", async (t) => {
  const file = path.join(scratchDir(t), 'policy-rc.d');
  const policy = await withIdleServices(['coturn', 'nftables'], {}, async () => readFileSync(file, 'utf8'), file);
  assert.match(policy, /case "\$1" in coturn\|janus\) exit 101/);
  assert.equal(existsSync(file), false, 'removed afterwards');
  await assert.rejects(
    withIdleServices(['coturn'], {}, () => Promise.reject(new Error('no network')), file),
    /no network/,
  );
  assert.equal(existsSync(file), false, 'removed after a failure');
  assert.equal(await withIdleServices(['nftables'], {}, async () => existsSync(file), file), false);
});

test('a machine with a policy of its own keeps it', async (t) => {
  const dir = scratchDir(t);
  const file = path.join(dir, 'policy-rc.d');
  write(dir, { 'policy-rc.d': 'exit 101\n' });
  await withIdleServices(['coturn'], {}, async () => {}, file);
  assert.equal(readFileSync(file, 'utf8'), 'exit 101\n');
});
