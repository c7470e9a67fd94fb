import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

import { findCommand } from './commands.mjs';
import { Failure } from './failure.mjs';
import { withIdleServices } from './idle-services.mjs';
import { run, withoutProjectCommands } from './run.mjs';

/** Debian's and Ubuntu's names of what native/worker/build.sh uses. */
export const WORKER_BUILD_PACKAGES = [
  'meson',
  'ninja-build',
  'g++',
  'pkg-config',
  'patch',
  'libuv1-dev',
  'libssl-dev',
  'libsrtp2-dev',
  'libflatbuffers-dev',
  'flatbuffers-compiler',
  'libabsl-dev',
];

/** What builds native/udp. */
export const COMPILER_PACKAGES = ['gcc', 'libc6-dev'];

/** A browser for the tests, and a font so that its screenshots have text. */
export const BROWSER_PACKAGES = ['chromium', 'fonts-liberation'];

/** @typedef {'debian' | 'ubuntu' | 'other'} Distribution */

/**
 * What to do about packages that are missing: nothing, install them, or stop and say what to run. Never half of it.
 * @param {{ distribution: Distribution, isRoot: boolean, missing: string[] }} found
 * @returns {{ kind: 'nothing' } | { kind: 'install', packages: string[] } | { kind: 'stop', advice: string }}
 */
export function planSystemPackages({ distribution, isRoot, missing }) {
  if (missing.length === 0) return { kind: 'nothing' };
  const names = missing.join(' ');
  if (distribution === 'other') {
    return { kind: 'stop', advice: `Install what Debian calls: ${names}` };
  }
  if (distribution === 'ubuntu' && missing.includes('chromium')) {
    // Ubuntu's package is a stub that wants a running snapd, which a container does not have.
    return { kind: 'stop', advice: 'Install Google Chrome or a Chromium, or set CHROMIUM to the path of one.' };
  }
  if (!isRoot) {
    return { kind: 'stop', advice: `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names}` };
  }
  return { kind: 'install', packages: missing };
}

/**
 * Sees that the named packages are installed: installs the missing ones as root on Debian or Ubuntu, else stops.
 * @param {import('./context.ts').Context} context
 * @param {string[]} packages Debian's names
 * @throws {Failure}
 */
export async function requireSystemPackages(context, packages) {
  const distribution = thisDistribution();
  const missing = distribution === 'other' ? missingByCommand(packages, context.env) : missingByDpkg(packages);
  const plan = planSystemPackages({ distribution, isRoot: process.getuid?.() === 0, missing });
  if (plan.kind === 'stop') {
    throw new Failure(`System packages are missing: ${missing.join(', ')}. Nothing has been installed yet.`, plan);
  }
  if (plan.kind === 'install') await aptInstall(context, plan.packages);
}

/** @param {string} osRelease the content of /etc/os-release @returns {Distribution} */
export function distributionOf(osRelease) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const [, key, value] of osRelease.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)) {
    if (key !== undefined && value !== undefined) fields[key] = value;
  }
  const family = `${fields['ID'] ?? ''} ${fields['ID_LIKE'] ?? ''}`.split(' ');
  if (family.includes('ubuntu')) return 'ubuntu';
  return family.includes('debian') ? 'debian' : 'other';
}

function thisDistribution() {
  try {
    return distributionOf(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return 'other';
  }
}

/** @param {string[]} packages */
function missingByDpkg(packages) {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...packages], {
    encoding: 'utf8',
  });
  const installed = new Set(stdout?.split('\n').map((line) => line.replace(/ installed$/, '')));
  return packages.filter((name) => !installed.has(name));
}

/**
 * Elsewhere only commands can be asked for; a missing library is reported by the build that wants it.
 * @param {string[]} packages
 * @param {NodeJS.ProcessEnv} env
 */
function missingByCommand(packages, env) {
  /** @type {Record<string, string>} */
  const commands = {
    'ninja-build': 'ninja',
    'flatbuffers-compiler': 'flatc',
    'g++': 'c++',
    gcc: 'cc',
    coturn: 'turnutils_uclient',
    nftables: 'nft',
    iproute2: 'ip',
  };
  return packages.filter((name) => {
    if (name.endsWith('-dev') || name.startsWith('fonts-')) return false;
    return !findCommand(commands[name] ?? name, env);
  });
}

/** @param {import('./context.ts').Context} context @param {string[]} packages */
async function aptInstall({ root, env, verbose, report }, packages) {
  const aptEnv = { ...withoutProjectCommands(env, root), DEBIAN_FRONTEND: 'noninteractive' };
  /** @param {string[]} args @param {(line: string) => void} onLine */
  const apt = (args, onLine) =>
    run('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], { cwd: root, env: aptEnv, verbose, onLine });
  await report.task(`system packages: apt-get install ${packages.join(' ')}`, async (progress) => {
    /** @param {string} line */
    const onLine = (line) => {
      if (/^(Get|Unpacking|Setting up|Processing)/.test(line)) progress(line.slice(0, 60));
    };
    const install = () =>
      withIdleServices(packages, aptEnv, () => apt(['install', '-y', '--no-install-recommends', ...packages], onLine));
    // One unreachable mirror makes `update` fail though the others answered: what counts is the install.
    const haveLists = aptHasLists();
    if (!haveLists) await apt(['update'], onLine);
    let result = await install();
    if (!result.ok && haveLists) {
      await apt(['update'], onLine);
      result = await install();
    }
    if (result.ok) return;
    throw new Failure('apt-get could not install the system packages.', {
      output: result.output,
      advice: `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`,
    });
  });
}

function aptHasLists() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => /_Packages(\.|$)/.test(name));
  } catch {
    return false;
  }
}
