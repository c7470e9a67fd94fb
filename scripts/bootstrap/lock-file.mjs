import { readFileSync } from 'node:fs';
import path from 'node:path';

import { Failure } from './failure.mjs';

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {boolean} [optional]
 * @property {boolean} [dev]
 * @property {boolean} [link]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 */
/** @typedef {{ packages?: Record<string, LockedPackage> }} Lock */

/**
 * The lock file, or npm's note in the same form of what it has installed.
 * @param {string} root
 * @param {'package-lock.json' | 'node_modules/.package-lock.json'} file
 * @returns {Lock | undefined} undefined where it is missing or broken
 */
export function readLock(root, file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Whether what npm has put into node_modules is what the lock file asks for. Optional packages may be missing (they
 * are for other platforms); leftovers do no harm.
 * @param {Lock | undefined} wanted
 * @param {Lock | undefined} installed
 */
export function isInstalled(wanted, installed) {
  if (!wanted?.packages || !installed?.packages) return false;
  const present = installed.packages;
  return Object.entries(wanted.packages).every(([where, { version, optional, link }]) => {
    if (where === '' || link) return true;
    const found = present[where];
    return found ? found.version === version : optional === true;
  });
}

/**
 * The version of a package that the lock file pins.
 * @param {string} root
 * @param {string} name
 * @throws {Failure}
 */
export function lockedVersion(root, name) {
  const version = readLock(root, 'package-lock.json')?.packages?.[`node_modules/${name}`]?.version;
  if (version) return version;
  throw new Failure(`package-lock.json does not say which version of ${name} to use.`, {
    advice: 'Restore package-lock.json from git.',
  });
}

/**
 * Entries for the optional packages that the lock file's packages name and that it does not list.
 * @param {Lock} lock
 * @returns {Record<string, LockedPackage>} by their place in node_modules
 * @throws {Error} where a name does not say which platform it is for
 */
export function missingPlatformPackages({ packages = {} }) {
  /** @type {Record<string, LockedPackage>} */
  const missing = {};
  for (const parent of Object.values(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const listed = Object.keys(packages).some((where) => where.endsWith(`node_modules/${name}`));
      if (listed) continue;
      const dev = parent.dev ? { dev: true } : {};
      missing[`node_modules/${name}`] = { version, ...platformOf(name), ...dev, optional: true };
    }
  }
  return missing;
}

/**
 * The platform in a name such as `@oxlint/binding-linux-x64-musl`, in the terms of npm's `os`, `cpu` and `libc`.
 * @param {string} name
 */
export function platformOf(name) {
  const match = /(aix|android|darwin|freebsd|linux|openharmony|sunos|win32)-([a-z]+\d*[a-z]*)(?:-(\w+))?$/.exec(name);
  if (!match) throw new Error(`${name} is missing from package-lock.json, and its name says no platform`);
  const [, os = '', cpu = '', abi = ''] = match;
  const libc = os === 'linux' ? { libc: [abi.startsWith('musl') ? 'musl' : 'glibc'] } : {};
  return { os: [os], cpu: [cpu], ...libc };
}
