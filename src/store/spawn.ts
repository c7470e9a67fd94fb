import { Worker } from 'node:worker_threads';

/** Its program: a source above this one, or a bundle of its own beside this one's. */
const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? '../store-program.ts' : './store-thread.js', import.meta.url);

/** A thread that runs the store's program, and waits for orders. */
export function spawnStoreThread(): Worker {
  return new Worker(PROGRAM, {
    name: 'store',
    // node:sqlite is a release candidate in Node 22, and says so once to everybody who starts the server.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
}
