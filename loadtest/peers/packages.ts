/** The peers that npm has: fetched into loadtest/node_modules, from a lock of their own, when they are asked for. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(new URL('../package.json', import.meta.url));
export const PEER_PACKAGES = ['express', 'fastify', 'node-turn', 'stun'];
const INSTALL_WITHIN_MS = 180_000;

/** Makes them ready; does nothing where they are. Rejects with npm's own words. */
export async function installPeerPackages(): Promise<void> {
  if (PEER_PACKAGES.every((name) => existsSync(path.join(FOLDER, 'node_modules', name)))) return;
  await promisify(execFile)('npm', ['ci', '--ignore-scripts'], { cwd: FOLDER, timeout: INSTALL_WITHIN_MS });
}

/** A module of one of them, by its specifier. Throws where it is not installed. */
export function requirePeer(specifier: string): unknown {
  return require(specifier);
}

/** The version that is installed. */
export function peerVersion(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}
