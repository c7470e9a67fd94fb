import { existsSync } from 'node:fs';
import path from 'node:path';

import { Failure } from './failure.mjs';

/** The oldest Node that runs this bootstrap and npm's install of the pinned one. */
const OLDEST_MAJOR = 20;

/**
 * Whether the server runs on this Node. It starts from .ts files, which 22.18 is the first to run unasked, and
 * uWebSockets.js carries a binary for the ABI of Node 22 but of no later one: newer is as unfit as older.
 * @param {string} version such as `process.versions.node`
 */
export function runsTheServer(version) {
  const [major, minor] = numbers(version);
  return major === 22 && minor >= 18;
}

/**
 * @param {string} version
 * @throws {Failure} where it is too old even for the bootstrap
 */
export function requireBootstrapNode(version) {
  const [major] = numbers(version);
  if (major >= OLDEST_MAJOR) return;
  throw new Failure(`Node ${version} is too old.`, {
    advice: `Install Node ${OLDEST_MAJOR} or newer (22 is best) and run the same command again.`,
  });
}

/**
 * The Node to run project code with: this one where it fits, else the pinned one of the `node` package.
 * @param {string} root the checkout
 * @param {{ execPath: string, versions: { node: string } }} self
 * @returns {string | undefined} undefined while the pinned one is not installed
 */
export function serverNode(root, self = process) {
  // This one may be the pinned one itself, which an `npm ci` has just taken away.
  if (runsTheServer(self.versions.node) && existsSync(self.execPath)) return self.execPath;
  // npm links the command even where the package's own binary was not fetched: ask for the file behind the link.
  const pinned = path.join(root, 'node_modules', '.bin', 'node');
  return existsSync(pinned) ? pinned : undefined;
}

/** @param {string} version @returns {[number, number]} */
function numbers(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return [major, minor];
}
