import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 30 * 60_000;
const RETRY_MS = 50;

/**
 * Runs `work` while no other process of this user on this machine runs work of the same name; the others wait.
 *
 * The lock is a listening local socket: the kernel gives it to one process, tells the waiting ones the moment that its
 * holder is gone, and so leaves nothing stale behind a holder that was killed.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {{ onWait?: () => void, patienceMs?: number }} [options] `onWait` is called once, if another holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(name, work, { onWait, patienceMs = PATIENCE_MS } = {}) {
  const address = addressOf(name);
  const deadline = performance.now() + patienceMs;
  let waited = false;
  for (;;) {
    const release = await take(address);
    if (release) {
      try {
        return await work();
      } finally {
        release();
      }
    }
    if (!waited) onWait?.();
    waited = true;
    if (performance.now() > deadline) throw new Error(`another process has held the lock "${name}" for too long`);
    await holderGone(address, deadline);
  }
}

/** @param {string} name */
function addressOf(name) {
  const id = createHash('sha256').update(name).digest('hex').slice(0, 24);
  const file = `sluice-${os.userInfo().uid}-${id}`;
  // Linux has names without a file. Elsewhere a file remains after a crash, and is removed once nobody answers on it.
  return process.platform === 'linux' ? `\0${file}` : path.join(os.tmpdir(), `${file}.sock`);
}

/** @param {string} address @returns {Promise<(() => void) | undefined>} how to release it, if it was free */
function take(address) {
  /** @type {Set<import('node:net').Socket>} */
  const waiting = new Set();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => {}).on('close', () => waiting.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () =>
      resolve(() => {
        server.close();
        for (const socket of waiting) socket.destroy();
      }),
    );
  });
}

/** @param {string} address @param {number} deadline @returns {Promise<void>} */
async function holderGone(address, deadline) {
  await new Promise((resolve) => {
    const socket = connect(address);
    const timer = setTimeout(() => socket.destroy(), Math.max(0, deadline - performance.now()));
    socket.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'ECONNREFUSED' && !address.startsWith('\0')) rmSync(address, { force: true });
    });
    socket.resume().once('close', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
  await sleep(RETRY_MS);
}
