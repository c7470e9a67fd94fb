import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Failure } from '../../scripts/bootstrap/failure.mjs';
import { reporter } from '../../scripts/bootstrap/report.mjs';
import { requireSystemPackages } from '../../scripts/bootstrap/system-packages.mjs';
import { installPeerPackages, PEER_PACKAGES, peerVersion } from './packages.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PEERS = ['coturn', 'janus'];
/** What the load generators are built with. */
const TOOLS = ['gcc', 'libc6-dev', 'libssl-dev'];

/**
 * Makes the peers ready: Debian's packages where they are missing, which takes root, and npm's in this folder. Their
 * services are not started. Rejects with the command to type where it may not install them itself.
 */
export async function installPeers(): Promise<void> {
  const context = { root: ROOT, env: process.env, verbose: false, report: reporter(process.stderr) };
  try {
    await requireSystemPackages(context, [...PEERS, ...TOOLS]);
  } catch (error) {
    if (error instanceof Failure) throw new Error(`${error.message}\n\n    ${error.advice}\n`, { cause: error });
    throw error;
  }
  await installPeerPackages();
}

/** `NAME VERSION` of each peer. */
export async function peerVersions(): Promise<readonly string[]> {
  const debian = await Promise.all(PEERS.map(async (name) => `${name} ${await debianVersion(name)}`));
  return [...debian, ...PEER_PACKAGES.map((name) => `${name} ${peerVersion(name)}`)];
}

async function debianVersion(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)('dpkg-query', ['-W', '-f', '${Version}', name]);
  return stdout;
}
