import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import type { Context } from '../../scripts/bootstrap/context.ts';
import { findCommand } from '../../scripts/bootstrap/commands.mjs';
import {
  makeUdpAddon,
  packagesForUdpAddon,
  probeUdpAddon,
  udpAddonIsReady,
} from '../../scripts/bootstrap/udp-addon.mjs';
import { CHECKOUT, scratchCheckout, scratchDir, write } from './scratch.ts';

const wanted = { required: false };
const required = { required: true };
const onLinux = { skip: process.platform !== 'linux' && 'the addon is for Linux' };

test('the addon is built, probed, kept in the cache and linked; then nothing is left to do', onLinux, async (t) => {
  const { context } = addonCheckout(t);
  assert.equal(udpAddonIsReady(context, wanted), false);
  await makeUdpAddon(context, required);
  assert.equal(udpAddonIsReady(context, required), true);
  const bin = realpathSync(linkOf(context));
  assert.ok(bin.startsWith(path.join(realpathSync(context.root), 'cache')));
  assert.deepEqual(await probeUdpAddon(context.root, bin), { ok: true });
  assert.deepEqual(packagesForUdpAddon(context), []);

  utimesSync(bin, 1, 1);
  assert.equal(udpAddonIsReady(context, wanted), false, 'it is another file');
  await makeUdpAddon(withoutCommands(context), required);
  assert.equal(udpAddonIsReady(context, required), true, 'the one in the cache still passes its probe');
});

test('a change of the source builds another', onLinux, async (t) => {
  const { context } = addonCheckout(t);
  await makeUdpAddon(context, required);
  const before = realpathSync(linkOf(context));
  write(context.root, { 'native/udp/uv-poll.h': '#error "changed"\n' });
  assert.equal(udpAddonIsReady(context, wanted), false);
  await assert.rejects(makeUdpAddon(context, required), { name: 'Failure', output: /#error "changed"/ });
  assert.equal(existsSync(linkOf(context)), false, 'an addon of other sources is not used');
  assert.equal(existsSync(before), true, 'though it stays for the checkouts that have them');
});

test(
  'without a compiler a start goes on, says what to install, and tries again when there is one',
  onLinux,
  async (t) => {
    const { context, said } = addonCheckout(t);
    const bare = withoutCommands(context);
    await makeUdpAddon(bare, wanted);
    assert.match(said(), /TURN uses node:dgram.*there is no C compiler\. Install gcc and libc6-dev/);
    assert.equal(existsSync(linkOf(context)), false);
    assert.equal(udpAddonIsReady(bare, wanted), true, 'it is not said at each start');
    assert.equal(udpAddonIsReady(bare, required), false);
    assert.equal(udpAddonIsReady(context, wanted), false, 'now there is a compiler');
    assert.deepEqual(packagesForUdpAddon(bare), ['gcc', 'libc6-dev']);
    await assert.rejects(makeUdpAddon(bare, required), {
      name: 'Failure',
      message: /UDP addon is missing: there is no C compiler/,
      advice: /gcc/,
    });
  },
);

test('a compiler that fails stops no start, and leaves nothing in the cache', onLinux, async (t) => {
  const { context, said } = addonCheckout(t);
  write(context.root, { 'bin/cc': '#!/bin/sh\necho "stdio.h: No such file" >&2\nexit 1\n' });
  const broken = { ...context, env: { ...context.env, PATH: path.join(context.root, 'bin') } };
  await makeUdpAddon(broken, wanted);
  assert.match(said(), /TURN uses node:dgram.*cc fails on native\/udp/);
  assert.deepEqual(binaries(context), []);
  await assert.rejects(makeUdpAddon(broken, required), { output: /stdio\.h: No such file/ });
});

test('an addon that fails its probe is neither used nor kept', onLinux, async (t) => {
  const { context, said } = addonCheckout(t);
  // What "compiles" here is no addon.
  write(context.root, { 'bin/cc': '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho nonsense > "$2"\n' });
  const odd = { ...context, env: { ...context.env, PATH: `${path.join(context.root, 'bin')}:/usr/bin:/bin` } };
  await makeUdpAddon(odd, wanted);
  assert.match(said(), /TURN uses node:dgram/);
  assert.deepEqual(binaries(context), []);
});

test('a cached addon that no longer works is removed and built anew', onLinux, async (t) => {
  const { context, said } = addonCheckout(t);
  await makeUdpAddon(context, required);
  const bin = realpathSync(linkOf(context));
  write('/', { [bin]: 'half a file' });
  await makeUdpAddon(context, required);
  assert.match(said(), /the cached UDP addon fails .*; removing it/);
  assert.deepEqual(await probeUdpAddon(context.root, bin), { ok: true });
});

test('the probe says why', onLinux, async (t) => {
  const verdict = await probeUdpAddon(CHECKOUT, path.join(scratchDir(t), 'absent.node'));
  assert.equal(verdict.ok, false);
  assert.match(verdict.ok ? '' : verdict.why, /absent\.node/);
});

/** As much of a checkout as the addon's step reads. */
function addonCheckout(t: TestContext): { context: Context; said: () => string } {
  const { context, said } = scratchCheckout(t);
  const { root } = context;
  const headers = { 'node_modules/node-api-headers': { version: '1.9.0' } };
  write(root, { 'package-lock.json': JSON.stringify({ packages: headers }) });
  symlinkSync(path.join(CHECKOUT, 'node_modules/node-api-headers'), path.join(root, 'node_modules/node-api-headers'));
  mkdirSync(path.join(root, 'native/udp'), { recursive: true });
  for (const name of readdirSync(path.join(CHECKOUT, 'native/udp'))) {
    copyFileSync(path.join(CHECKOUT, 'native/udp', name), path.join(root, 'native/udp', name));
  }
  return { context, said };
}

/** The same machine with nothing on its PATH. */
function withoutCommands(context: Context): Context {
  assert.ok(findCommand('cc', context.env) ?? findCommand('gcc', context.env), 'these tests need a C compiler');
  return { ...context, env: { ...context.env, PATH: path.join(context.root, 'nothing') } };
}

function linkOf({ root }: Context): string {
  return path.join(root, 'node_modules/.sluice/udp.node');
}

function binaries({ root }: Context): string[] {
  const cache = path.join(root, 'cache');
  if (!existsSync(cache)) return [];
  return readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.node'));
}
