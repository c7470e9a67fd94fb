import { cachedFile, thisMachine } from './cache.mjs';
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
 * Where the worker is kept on this machine.
 * @param {Omit<Parameters<typeof cachedFile>[0], 'name' | 'file'>} from
 */
export function cachedWorker(from) {
  return cachedFile({ ...from, name: 'mediasoup-worker', file: 'mediasoup-worker' });
}

/** @param {string} inputs @param {NodeJS.ProcessEnv} env */
export function cachedWorkerHere(inputs, env) {
  return cachedWorker({ ...thisMachine(), inputs, env });
}
