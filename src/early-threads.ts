import type { Worker } from 'node:worker_threads';

import { spawnRelayThread } from './relay/spawn.ts';
import { spawnStoreThread } from './store/spawn.ts';

/** Threads that each server has, whatever its configuration says of them. */
export type EarlyThreads = { readonly store: Worker; readonly relay: Worker };

/**
 * Spawns them before the main thread loads what it runs: Node.js takes 50 ms of another core for a thread before it gets
 * to the first line. They keep no process alive until somebody takes them, so that one which only prints just ends.
 */
export function spawnEarlyThreads(): EarlyThreads {
  const threads = { relay: spawnRelayThread(0), store: spawnStoreThread() };
  threads.relay.unref();
  threads.store.unref();
  return threads;
}
