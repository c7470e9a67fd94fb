import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Context } from '../../scripts/bootstrap/context.ts';
import { reporter } from '../../scripts/bootstrap/report.mjs';

/** This checkout. */
export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/** The version that the scratch checkouts' lock file pins. */
export const MEDIASOUP_VERSION = '3.27.1';

/** An empty folder that is gone after the test. */
export function scratchDir(t: TestContext): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-bootstrap-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Writes files, making their folders; a script (it begins with #!) becomes executable. */
export function write(root: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    if (content.startsWith('#!')) chmodSync(file, 0o755);
  }
}

/** As much of a checkout as the worker's steps read, with a cache and a log of its own. */
export function scratchCheckout(t: TestContext, env: NodeJS.ProcessEnv = {}): { context: Context; said: () => string } {
  const root = scratchDir(t);
  write(root, {
    'package-lock.json': JSON.stringify({ packages: { 'node_modules/mediasoup': { version: MEDIASOUP_VERSION } } }),
    'native/worker/build.sh': '#!/bin/sh\nexit 1\n',
  });
  mkdirSync(path.join(root, 'node_modules/mediasoup/worker'), { recursive: true });
  let said = '';
  const report = reporter({
    isTTY: false,
    columns: 80,
    write: (text: string | Uint8Array) => {
      said += String(text);
      return true;
    },
  });
  const { PATH, HOME } = process.env;
  const context = {
    root,
    env: { PATH, HOME, SLUICE_CACHE_DIR: path.join(root, 'cache'), SLUICE_OFFLINE: '1', ...env },
    verbose: false,
    report,
  };
  return { context, said: () => said };
}

/** The worker that this machine's bootstrap has made ready, which the tests run with too. */
export function realWorker(): string {
  const bin = process.env['MEDIASOUP_WORKER_BIN'] ?? path.join(CHECKOUT, 'node_modules/.sluice/mediasoup-worker');
  if (!existsSync(bin)) throw new Error('no mediasoup worker: run `node scripts/bootstrap.mjs --for test` first');
  return bin;
}
