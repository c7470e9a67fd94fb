import os from 'node:os';
import path from 'node:path';

import { fingerprint } from './fingerprint.mjs';

/** The files of the fallback build that shape the binary; its README does not. */
const BUILD_FILES = ['build.sh', 'prepare.sh', 'patches', 'overlay'].map((name) => `native/worker/${name}`);

/**
 * What a worker binary is made from, as far as the checkout decides it.
 * @param {string} root
 * @param {string} version mediasoup's
 */
export function workerInputs(root, version) {
  return `${version}-${fingerprint(root, BUILD_FILES).slice(0, 12)}`;
}

/**
 * Where the worker is kept on this machine, outside of any checkout. A home directory can be shared between machines,
 * so what the binary is linked against is part of the name.
 * @param {{ inputs: string, env: NodeJS.ProcessEnv, home: string, platform: string, arch: string, libc: string }} from
 */
export function cachedWorker({ inputs, env, home, platform, arch, libc }) {
  const base = env['SLUICE_CACHE_DIR'] || path.join(env['XDG_CACHE_HOME'] || path.join(home, '.cache'), 'sluice');
  return path.resolve(base, 'mediasoup-worker', `${inputs}-${platform}-${arch}-${libc}`, 'mediasoup-worker');
}

/** @param {string} inputs @param {NodeJS.ProcessEnv} env */
export function cachedWorkerHere(inputs, env) {
  const { platform, arch } = process;
  return cachedWorker({ inputs, env, home: os.homedir(), platform, arch, libc: thisLibc() });
}

function thisLibc() {
  // The report looks up every network interface's name unless told not to.
  Object.assign(process.report, { excludeNetwork: true });
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  const glibc = report.header?.glibcVersionRuntime;
  return glibc ? `glibc${glibc}` : 'libc';
}
