import { Failure } from './failure.mjs';
import { fingerprint } from './fingerprint.mjs';
import { isInstalled, readLock } from './lock-file.mjs';
import { serverNode } from './node-version.mjs';
import { run, withoutProjectCommands } from './run.mjs';
import { readState, writeState } from './state.mjs';

const STATE = 'packages';

/**
 * Whether the npm packages of the lock file are installed, and a Node that runs the server with them.
 * @param {string} root
 */
export function packagesAreReady(root) {
  return serverNode(root) !== undefined && readState(root, STATE) === lockFingerprint(root);
}

/**
 * Installs the lock file's packages unless they are there. No install script runs: mediasoup's would try a download
 * and then a build that need more of the network than npm's registry. The one that is needed, which fetches the pinned
 * Node from the registry, runs by name.
 * @param {import('./context.ts').Context} context
 * @throws {Failure}
 */
export async function installPackages({ root, env, verbose, report }) {
  if (packagesAreReady(root)) return;
  const npmEnv = withoutProjectCommands(env, root);
  if (!isInstalled(readLock(root, 'package-lock.json'), readLock(root, 'node_modules/.package-lock.json'))) {
    await report.task('npm packages: npm ci', () =>
      npm(
        ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'],
        'npm could not install the packages.',
      ),
    );
  }
  if (!serverNode(root)) {
    report.say(`Node ${process.versions.node} cannot run the server (that takes Node 22.18 or a later 22)`);
    await report.task('Node 22: npm rebuild node', () =>
      npm(['rebuild', 'node', '--no-audit', '--no-fund'], 'npm could not fetch the Node 22 that the project pins.'),
    );
    if (!serverNode(root)) {
      throw new Failure('The pinned Node 22 is missing although npm reports that it was installed.', {
        advice: 'Install Node 22.18 or a later 22 and run the same command again.',
      });
    }
  }
  writeState(root, STATE, lockFingerprint(root));

  /** @param {string[]} args @param {string} what */
  async function npm(args, what) {
    const { ok, output } = await run('npm', args, { cwd: root, env: npmEnv, verbose });
    if (ok) return;
    throw new Failure(what, { output, advice: 'See what npm says above; then run the same command again.' });
  }
}

/** @param {string} root */
function lockFingerprint(root) {
  return fingerprint(root, ['package-lock.json']);
}
