import { Worker } from 'node:worker_threads';

/** Requests make little garbage and packets none: the 48 MB that V8 may take for it only make the process larger. */
const YOUNG_GENERATION_MB = 6;

/** Its program: a source beside this one, or a bundle of its own beside this one's. */
const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './relay-thread.js', import.meta.url);

/** A thread that runs the relay's program, and waits to be told what to be. */
export function spawnRelayThread(index: number): Worker {
  return new Worker(PROGRAM, {
    name: `turn-${index}`,
    // What the process was started with is its own.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
}
