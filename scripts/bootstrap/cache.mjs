import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { Failure } from './failure.mjs';

const UNFINISHED = 'unfinished-';

/**
 * Where something built is kept on this machine, outside of any checkout. A home directory can be shared between
 * machines, so what it is linked against is part of the name.
 * @param {{ name: string, inputs: string, file: string, env: NodeJS.ProcessEnv, home: string, platform: string,
 *   arch: string, libc: string }} from
 */
export function cachedFile({ name, inputs, file, env, home, platform, arch, libc }) {
  const base = env['SLUICE_CACHE_DIR'] || path.join(env['XDG_CACHE_HOME'] || path.join(home, '.cache'), 'sluice');
  return path.resolve(base, name, `${inputs}-${platform}-${arch}-${libc}`, file);
}

/** This machine, as far as what is built here depends on it. */
export function thisMachine() {
  const { platform, arch } = process;
  return { home: os.homedir(), platform, arch, libc: thisLibc() };
}

function thisLibc() {
  // The report looks up every network interface's name unless told not to.
  Object.assign(process.report, { excludeNetwork: true });
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  const glibc = report.header?.glibcVersionRuntime;
  return glibc ? `glibc${glibc}` : 'libc';
}

/**
 * Has a binary made beside its final place and moves it there if `make` returns something: readers see a whole file or
 * none. The caller holds the lock of that name.
 * @template T
 * @param {string} cached
 * @param {(unfinished: string) => Promise<T>} make
 */
export async function intoCache(cached, make) {
  const scratch = scratchBeside(cached);
  try {
    const unfinished = path.join(scratch, path.basename(cached));
    const made = await make(unfinished);
    if (made) renameSync(unfinished, cached);
    return made;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {string} cached */
function scratchBeside(cached) {
  const dir = path.dirname(cached);
  try {
    mkdirSync(dir, { recursive: true });
    // Only the holder of the lock works here: what else is unfinished belongs to a bootstrap that was killed.
    for (const name of readdirSync(dir)) {
      if (name.startsWith(UNFINISHED)) rmSync(path.join(dir, name), { recursive: true, force: true });
    }
    return mkdtempSync(path.join(dir, UNFINISHED));
  } catch (error) {
    throw new Failure(`${path.basename(cached)} cannot be kept in ${dir}: ${String(error)}.`, {
      advice: 'Set SLUICE_CACHE_DIR to a folder that you may write to.',
    });
  }
}
