import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Where mediasoup publishes the binaries of its releases; its own install script knows the same override. */
const RELEASES = 'https://github.com/versatica/mediasoup/releases/download';
const ANSWER_MS = 5_000;
const WHOLE_MS = 120_000;

/**
 * The address of upstream's prebuilt worker, named as mediasoup's install script names it.
 * @param {{ version: string, platform: string, arch: string, kernel: string, env: NodeJS.ProcessEnv }} of
 *   `kernel`: such as `os.release()`
 */
export function prebuiltUrl({ version, platform, arch, kernel, env }) {
  const base = env['MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL'] || RELEASES;
  const suffix = platform === 'linux' ? `-kernel${kernel.split('.')[0]}` : '';
  return `${base}/${version}/mediasoup-worker-${version}-${platform}-${arch}${suffix}.tgz`;
}

/**
 * Downloads and unpacks a prebuilt worker. An isolated network costs at most a few seconds.
 * @param {string} url
 * @param {string} dir receives `mediasoup-worker`
 * @param {{ answerMs?: number }} [options] how long to wait for the beginning of an answer
 * @returns {Promise<{ ok: true } | { ok: false, why: string }>}
 */
export async function downloadWorker(url, dir, { answerMs = ANSWER_MS } = {}) {
  const abort = new AbortController();
  const noAnswer = setTimeout(() => abort.abort(new Error(`no answer within ${answerMs / 1_000} s`)), answerMs);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([abort.signal, AbortSignal.timeout(WHOLE_MS)]) });
    clearTimeout(noAnswer);
    if (!response.ok || !response.body) return { ok: false, why: `the server answers ${response.status}` };
    mkdirSync(dir, { recursive: true });
    await unpack(Readable.from(response.body), dir);
    chmodSync(path.join(dir, 'mediasoup-worker'), 0o755);
    return { ok: true };
  } catch (error) {
    return { ok: false, why: reason(error) };
  } finally {
    clearTimeout(noAnswer);
  }
}

/** @param {Readable} archive @param {string} dir */
async function unpack(archive, dir) {
  const tar = spawn('tar', ['-xzf', '-', '-C', path.resolve(dir), 'mediasoup-worker'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', (status) => {
      if (status === 0) resolve(undefined);
      else reject(new Error('the archive cannot be unpacked'));
    });
  });
  await Promise.all([ended, pipeline(archive, tar.stdin)]);
}

/** @param {unknown} error */
function reason(error) {
  if (!(error instanceof Error)) return String(error);
  // fetch() wraps what happened on the network.
  return error.cause instanceof Error ? error.cause.message : error.message;
}
