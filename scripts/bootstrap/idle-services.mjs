import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

import { findCommand } from './commands.mjs';

/** Packages that are wanted for their commands, and bring a service that nobody asked for. */
const SERVICES = ['coturn', 'janus'];

const POLICY_FILE = '/usr/sbin/policy-rc.d';

/**
 * What invoke-rc.d asks before it starts a service (Debian's README.policy-rc.d): 101 forbids the action, 0 allows it.
 * It names our services alone, so that nothing else is held back if we are killed before it is removed.
 */
const POLICY = `#!/bin/sh\ncase "$1" in ${SERVICES.join('|')}) exit 101 ;; esac\nexit 0\n`;

/**
 * Runs an installation of packages such that their services neither start now nor with the machine.
 * @template T
 * @param {string[]} packages Debian's names
 * @param {NodeJS.ProcessEnv} env
 * @param {() => Promise<T>} install
 * @param {string} [policyFile]
 * @returns {Promise<T>}
 */
export async function withIdleServices(packages, env, install, policyFile = POLICY_FILE) {
  const services = SERVICES.filter((name) => packages.includes(name));
  if (services.length === 0) return install();
  // A machine with a policy of its own (every container image has one) keeps it.
  const isOurs = !existsSync(policyFile);
  if (isOurs) writeFileSync(policyFile, POLICY, { mode: 0o755 });
  try {
    const result = await install();
    if (findCommand('systemctl', env)) spawnSync('systemctl', ['disable', ...services], { stdio: 'ignore', env });
    return result;
  } finally {
    if (isOurs) rmSync(policyFile, { force: true });
  }
}
