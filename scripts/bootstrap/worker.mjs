import { renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { intoCache } from './cache.mjs';
import { Failure } from './failure.mjs';
import { lockedVersion } from './lock-file.mjs';
import { withLock } from './lock.mjs';
import { run, withoutProjectCommands } from './run.mjs';
import { readState, stateFile, writeState } from './state.mjs';
import { cachedWorkerHere, workerInputs } from './worker-cache.mjs';
import { downloadWorker, prebuiltUrl } from './worker-download.mjs';
import { probeWorker } from './worker-probe.mjs';

/** @typedef {import('./context.ts').Context} Context */
/**
 * A binary that has answered the probe, as it was then.
 * @typedef {{ bin: string, from: string, inputs: string, size: number, mtimeMs: number }} ProbedWorker
 */

const STATE = 'worker.json';
/** A link beside the state: where the server finds its worker without any environment variable. */
const LINK = 'mediasoup-worker';

/**
 * Whether the worker that the server will use has answered the probe and has not changed since.
 * @param {Context} context
 */
export function workerIsReady({ root, env }) {
  const chosen = env['MEDIASOUP_WORKER_BIN'];
  const noted = parse(readState(root, STATE));
  if (!noted || noted.inputs !== workerInputs(root, lockedVersion(root, 'mediasoup'))) return false;
  if (chosen ? noted.bin !== path.resolve(chosen) : noted.from === 'MEDIASOUP_WORKER_BIN') return false;
  const now = look(stateFile(root, LINK));
  return now !== undefined && now.size === noted.size && now.mtimeMs === noted.mtimeMs;
}

/**
 * Finds a worker that answers the probe without building one: the one that MEDIASOUP_WORKER_BIN names, else the one in
 * this machine's cache, else upstream's prebuilt one. Needs nothing of node_modules.
 * @param {Context} context
 * @returns {Promise<ProbedWorker | undefined>} undefined where one must be built
 * @throws {Failure} where MEDIASOUP_WORKER_BIN names a binary that fails
 */
export async function findWorker(context) {
  const { root, env, report } = context;
  const version = lockedVersion(root, 'mediasoup');
  const inputs = workerInputs(root, version);
  const chosen = env['MEDIASOUP_WORKER_BIN'];
  if (chosen) {
    const bin = path.resolve(chosen);
    const verdict = await probeWorker(bin, { version });
    if (verdict.ok) return probed(bin, 'MEDIASOUP_WORKER_BIN', inputs);
    throw new Failure(`MEDIASOUP_WORKER_BIN is ${chosen}, which is no worker for this machine: it ${verdict.why}.`, {
      advice: `Set it to a worker of mediasoup ${version}, or unset it to have one fetched or built.`,
    });
  }
  const cached = cachedWorkerHere(inputs, env);
  return withLock(
    cached,
    async () => {
      if (await answers(cached)) return probed(cached, 'cache', inputs);
      if (env['SLUICE_OFFLINE'] === '1' || !(await download(context, version, cached))) return undefined;
      return probed(cached, 'cache', inputs);
    },
    { onWait: () => report.say('waiting for another checkout that prepares the same mediasoup worker') },
  );

  /** @param {string} bin removed if it is there and fails */
  async function answers(bin) {
    if (!look(bin)) return false;
    const verdict = await probeWorker(bin, { version });
    if (verdict.ok) return true;
    report.say(`the cached mediasoup worker ${verdict.why}; removing it`);
    rmSync(bin, { force: true });
    return false;
  }
}

/**
 * Builds the worker from the installed package's own source into this machine's cache.
 * @param {Context} context
 * @returns {Promise<ProbedWorker>}
 * @throws {Failure}
 */
export async function buildWorker({ root, env, verbose, report }) {
  const version = lockedVersion(root, 'mediasoup');
  const inputs = workerInputs(root, version);
  const cached = cachedWorkerHere(inputs, env);
  return withLock(
    cached,
    async () => {
      // Another checkout may have built it while this one waited.
      if (look(cached) && (await probeWorker(cached, { version })).ok) return probed(cached, 'cache', inputs);
      return intoCache(cached, async (built) => {
        await report.task('mediasoup worker: building it, which takes some minutes', async (progress) => {
          const { ok, output } = await run(
            path.join(root, 'native/worker/build.sh'),
            [path.join(root, 'node_modules/mediasoup/worker'), built],
            {
              cwd: root,
              env: withoutProjectCommands(env, root),
              verbose,
              onLine: (line) => {
                const step = /^\[\s*\d+\/\d+\]/.exec(line);
                if (step) progress(step[0]);
              },
            },
          );
          if (ok) return;
          throw new Failure('The mediasoup worker could not be built.', {
            output,
            advice:
              'native/worker/README.md says what the build expects; MEDIASOUP_WORKER_BIN takes a worker built elsewhere.',
          });
        });
        const verdict = await probeWorker(built, { version });
        if (verdict.ok) return probed(cached, 'cache', inputs, built);
        throw new Failure(`The mediasoup worker was built, but it ${verdict.why}.`, {
          advice:
            'native/worker/README.md says what the build expects; MEDIASOUP_WORKER_BIN takes a worker built elsewhere.',
        });
      });
    },
    { onWait: () => report.say('waiting for another checkout that builds the same mediasoup worker') },
  );
}

/**
 * Notes which worker the server is to use. To be called once node_modules is in its final state.
 * @param {Context} context
 * @param {ProbedWorker} worker
 */
export function noteWorker({ root }, worker) {
  writeState(root, STATE, JSON.stringify(worker));
  const link = stateFile(root, LINK);
  const unfinished = `${link}.${process.pid}`;
  rmSync(unfinished, { force: true });
  symlinkSync(worker.bin, unfinished);
  renameSync(unfinished, link);
}

/** @param {Context} context @param {string} version @param {string} cached */
async function download({ env, report }, version, cached) {
  const { platform, arch } = process;
  const url = prebuiltUrl({ version, platform, arch, kernel: os.release(), env });
  return intoCache(cached, async (fetched) => {
    const verdict = await report.task('mediasoup worker: looking for a prebuilt one', async () => {
      const result = await downloadWorker(url, path.dirname(fetched));
      return result.ok ? probeWorker(fetched, { version }) : result;
    });
    if (!verdict.ok) report.say(`no prebuilt mediasoup worker (${verdict.why}): one will be built from source`);
    return verdict.ok;
  });
}

/** @param {string} bin @param {string} from @param {string} inputs @param {string} [now] where it still is */
function probed(bin, from, inputs, now = bin) {
  const { size, mtimeMs } = statSync(now);
  return { bin, from, inputs, size, mtimeMs };
}

/** @param {string} file */
function look(file) {
  return statSync(file, { throwIfNoEntry: false });
}

/** @param {string | undefined} text @returns {ProbedWorker | undefined} */
function parse(text) {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
