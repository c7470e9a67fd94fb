import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { Failure } from './failure.mjs';
import { fingerprint } from './fingerprint.mjs';
import { serverNode } from './node-version.mjs';
import { run } from './run.mjs';
import { readState, writeState } from './state.mjs';

/**
 * Something that is built from the checkout into dist/.
 * `after` is a program that makes it faster, and whose failure leaves it as good as it was.
 * @typedef {{ name: string, tool: string, args: string[], config: string, output: string, inputs: string[], after?: string }} Bundle
 */

/** @satisfies {Bundle} */
export const PAGES = {
  name: 'pages',
  tool: 'node_modules/vite/bin/vite.js',
  args: ['build', '--config', 'client/vite.config.ts', '--logLevel', 'warn'],
  config: 'client/vite.config.ts',
  output: 'dist/client',
  // The client shares the wire schema, what that imports, and the words of quality with the server.
  inputs: [
    ...['client', 'src/kernel', 'src/rooms', 'src/signaling/wire.ts', 'src/qoe/level.ts', 'src/qoe/causes.ts'],
    'package-lock.json',
  ],
};

/** @satisfies {Bundle} */
export const SERVER = {
  name: 'server',
  tool: 'node_modules/rolldown/bin/cli.mjs',
  args: ['--config', 'rolldown.config.ts', '--log-level', 'warn'],
  config: 'rolldown.config.ts',
  output: 'dist/server',
  // The command line speaks through the server SDK, and probes the worker as the bootstrap does.
  inputs: [
    ...['src', 'client/server-sdk', 'scripts/bootstrap/worker-probe.mjs'],
    ...['rolldown.config.ts', 'package-lock.json', 'scripts/code-cache.mjs'],
  ],
  after: 'scripts/code-cache.mjs',
};

/**
 * Whether the bundle was built from what is in the checkout now.
 * @param {string} root
 * @param {Bundle} bundle
 */
export function bundleIsReady(root, bundle) {
  if (!existsSync(path.join(root, bundle.config))) return true;
  return isBuilt(root, bundle) && readState(root, bundle.name) === fingerprint(root, bundle.inputs);
}

/**
 * Builds the bundle unless it is fresh.
 * @param {import('./context.ts').Context} context
 * @param {Bundle} bundle
 * @throws {Failure}
 */
export async function buildBundle({ root, env, verbose, report }, bundle) {
  if (bundleIsReady(root, bundle)) return;
  // Before the build, so that an edit during it is built next time.
  const inputs = fingerprint(root, bundle.inputs);
  await report.task(`${bundle.name}: build ${bundle.output}`, async () => {
    const node = serverNode(root) ?? process.execPath;
    const command = [path.join(root, bundle.tool), ...bundle.args];
    const { ok, output } = await run(node, command, { cwd: root, env, verbose });
    if (ok && isBuilt(root, bundle)) {
      if (bundle.after !== undefined) await run(node, [path.join(root, bundle.after)], { cwd: root, env, verbose });
      return;
    }
    throw new Failure(`The build of the ${bundle.name} failed.`, {
      output,
      advice: `See what it says above; \`node ${[bundle.tool, ...bundle.args].join(' ')}\` repeats it alone.`,
    });
  });
  writeState(root, bundle.name, inputs);
}

/** @param {string} root @param {Bundle} bundle */
function isBuilt(root, { output }) {
  const dir = path.join(root, output);
  return existsSync(dir) && readdirSync(dir).length > 0;
}
