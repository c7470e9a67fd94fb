import { existsSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { cachedFile, intoCache, thisMachine } from './cache.mjs';
import { findCommand } from './commands.mjs';
import { Failure } from './failure.mjs';
import { fingerprint } from './fingerprint.mjs';
import { lockedVersion } from './lock-file.mjs';
import { withLock } from './lock.mjs';
import { serverNode } from './node-version.mjs';
import { run } from './run.mjs';
import { readState, stateFile, writeState } from './state.mjs';
import { COMPILER_PACKAGES } from './system-packages.mjs';

/** @typedef {import('./context.ts').Context} Context */
/**
 * The addon as it was when it passed its probe, or why there is none.
 * @typedef {{ inputs: string, bin?: string, size?: number, mtimeMs?: number, why?: string, could?: boolean }} Noted
 */

const STATE = 'udp-addon.json';
/** A link beside the state: where the server finds the addon. */
const LINK = 'udp.node';
const SOURCES = ['engine.c', 'module.c', 'receive.c', 'send.c', 'sha1.c', 'socket.c'];
const HEADERS = ['engine.h', 'uv-poll.h'];
const FLAGS = ['-std=c17', '-O2', '-Wall', '-Wextra', '-fPIC', '-fvisibility=hidden', '-shared'];
const NO_COMPILER = 'there is no C compiler';
const PROBE_MS = 10_000;

/**
 * Whether nothing is left to do for the addon: it is there and has not changed since it passed its probe, or it is
 * known why this machine cannot have one, which is enough where it is not `required`.
 * @param {Context} context
 * @param {{ required: boolean }} options
 */
export function udpAddonIsReady({ root, env }, { required }) {
  const noted = parse(readState(root, STATE));
  if (!noted || noted.inputs !== addonInputs(root)) return false;
  // What could not compile then is tried again once it can.
  if (noted.why !== undefined) return !required && noted.could === canCompile(env);
  const now = look(stateFile(root, LINK));
  return now !== undefined && now.size === noted.size && now.mtimeMs === noted.mtimeMs;
}

/**
 * Debian's names of what building the addon would need and this machine lacks.
 * @param {Context} context
 * @returns {string[]}
 */
export function packagesForUdpAddon({ root, env }) {
  if (process.platform !== 'linux' || existsSync(cachedAddon(root, env))) return [];
  return canCompile(env) ? [] : COMPILER_PACKAGES;
}

/**
 * Makes the addon ready: the one in this machine's cache, else a new one. Without it the server uses `node:dgram`, so
 * that where it is not `required` a line says why there is none, and the start goes on. To be called once node_modules
 * is in its final state.
 * @param {Context} context
 * @param {{ required: boolean }} options
 * @throws {Failure}
 */
export async function makeUdpAddon(context, options) {
  if (udpAddonIsReady(context, options)) return;
  const { root, env, report } = context;
  const inputs = addonInputs(root);
  rmSync(stateFile(root, LINK), { force: true });
  const cached = cachedAddon(root, env);
  const made = await withLock(cached, () => findOrBuild(context, cached), {
    onWait: () => report.say('waiting for another checkout that builds the same UDP addon'),
  });
  if (made.ok) {
    const { size, mtimeMs } = statSync(cached);
    writeState(root, STATE, JSON.stringify({ inputs, bin: cached, size, mtimeMs }));
    link(root, cached);
    return;
  }
  const could = canCompile(env);
  const advice = adviceFor(could);
  if (options.required)
    throw new Failure(`The UDP addon is missing: ${made.why}.`, { output: made.output ?? '', advice });
  report.say(`TURN uses node:dgram, which takes more CPU than the UDP addon: ${made.why}. ${advice}`);
  writeState(root, STATE, JSON.stringify({ inputs, why: made.why, could }));
}

/**
 * Loads the addon in a process of its own and sends a datagram through it. A binary for another libc would take the
 * server with it.
 * @param {string} root
 * @param {string} bin
 * @returns {Promise<{ ok: true } | { ok: false, why: string }>}
 */
export async function probeUdpAddon(root, bin) {
  const probe = fileURLToPath(new URL('udp-addon-probe.mjs', import.meta.url));
  const { ok, output } = await run(serverNode(root) ?? process.execPath, [probe, bin, String(PROBE_MS)], { cwd: root });
  return ok ? { ok } : { ok, why: output.trim().split('\n').at(-1) ?? 'it ended without a word' };
}

/**
 * @param {Context} context @param {string} cached
 * @returns {Promise<{ ok: true } | { ok: false, why: string, output?: string }>}
 */
async function findOrBuild(context, cached) {
  const { root, env, verbose, report } = context;
  if (process.platform !== 'linux') return { ok: false, why: 'it is for Linux' };
  if (look(cached)) {
    const verdict = await probeUdpAddon(root, cached);
    if (verdict.ok) return verdict;
    report.say(`the cached UDP addon fails (${verdict.why}); removing it`);
    rmSync(cached, { force: true });
  }
  const compiler = findCompiler(env);
  if (!compiler) return { ok: false, why: NO_COMPILER };
  /** @type {{ ok: true } | { ok: false, why: string, output?: string }} */
  let verdict = { ok: false, why: 'it was not built' };
  await intoCache(cached, async (built) => {
    const { ok, output } = await run(compiler, compilerArguments(root, built), { cwd: root, env, verbose });
    verdict = ok ? await probeUdpAddon(root, built) : { ok: false, why: `${compiler} fails on native/udp`, output };
    return verdict.ok;
  });
  return verdict;
}

/**
 * What builds the addon into `output`.
 * @param {string} root
 * @param {string} output
 */
function compilerArguments(root, output) {
  const include = path.join(root, 'node_modules/node-api-headers/include');
  return [...FLAGS, '-isystem', include, '-o', output, ...SOURCES.map((name) => path.join(root, 'native/udp', name))];
}

/** @param {string} root */
function addonInputs(root) {
  const files = [...SOURCES, ...HEADERS].map((name) => `native/udp/${name}`);
  // The flags are in this file.
  const sources = fingerprint(root, [...files, 'scripts/bootstrap/udp-addon.mjs']).slice(0, 12);
  return `${lockedVersion(root, 'node-api-headers')}-${sources}`;
}

/** @param {string} root @param {NodeJS.ProcessEnv} env */
function cachedAddon(root, env) {
  return cachedFile({ ...thisMachine(), name: 'udp-addon', inputs: addonInputs(root), file: LINK, env });
}

/** @param {NodeJS.ProcessEnv} env @returns {string | undefined} */
function findCompiler(env) {
  return ['cc', 'gcc', 'clang'].map((name) => findCommand(name, env)).find(Boolean);
}

/** Whether there is a compiler, and headers of the C library for it. @param {NodeJS.ProcessEnv} env */
function canCompile(env) {
  return findCompiler(env) !== undefined && existsSync('/usr/include/stdio.h');
}

/** @param {boolean} could */
function adviceFor(could) {
  if (!could) return `Install ${COMPILER_PACKAGES.join(' and ')} (Debian's names) and start again.`;
  return 'native/udp/README.md says what the addon expects.';
}

/** @param {string} root @param {string} bin */
function link(root, bin) {
  const place = stateFile(root, LINK);
  const unfinished = `${place}.${process.pid}`;
  rmSync(unfinished, { force: true });
  symlinkSync(bin, unfinished);
  renameSync(unfinished, place);
}

/** @param {string} file */
function look(file) {
  return statSync(file, { throwIfNoEntry: false });
}

/** @param {string | undefined} text @returns {Noted | undefined} */
function parse(text) {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
