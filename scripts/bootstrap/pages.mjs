import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { Failure } from './failure.mjs';
import { fingerprint } from './fingerprint.mjs';
import { serverNode } from './node-version.mjs';
import { run } from './run.mjs';
import { readState, writeState } from './state.mjs';

const STATE = 'pages';
const CONFIG = 'client/vite.config.ts';
const OUTPUT = 'dist/client';
/** The client shares the wire schema, and what that imports, with the server. */
const INPUTS = ['client', 'src/kernel', 'src/rooms', 'src/signaling/wire.ts', 'package-lock.json'];

/**
 * Whether dist/client was built from what is in the checkout now.
 * @param {string} root
 */
export function pagesAreReady(root) {
  if (!existsSync(path.join(root, CONFIG))) return true;
  return isBuilt(root) && readState(root, STATE) === fingerprint(root, INPUTS);
}

/**
 * Builds the meeting page and the SDK unless they are fresh.
 * @param {import('./context.ts').Context} context
 * @throws {Failure}
 */
export async function buildPages({ root, env, verbose, report }) {
  if (pagesAreReady(root)) return;
  // Before the build, so that an edit during it is built next time.
  const inputs = fingerprint(root, INPUTS);
  await report.task('pages: vite build', async () => {
    const vite = path.join(root, 'node_modules/vite/bin/vite.js');
    const args = [vite, 'build', '--config', CONFIG, '--logLevel', 'warn'];
    const { ok, output } = await run(serverNode(root) ?? process.execPath, args, { cwd: root, env, verbose });
    if (ok && isBuilt(root)) return;
    throw new Failure('The pages could not be built.', {
      output,
      advice: `See what vite says above; \`npx vite build --config ${CONFIG}\` repeats it alone.`,
    });
  });
  writeState(root, STATE, inputs);
}

/** @param {string} root */
function isBuilt(root) {
  const dir = path.join(root, OUTPUT);
  return existsSync(dir) && readdirSync(dir).length > 0;
}
