/**
 * What a thread of the relay can take of control messages, for 30 s: first as the issue counts it (what is this datagram,
 * what does the message hold, is its time-limited credential good, and whose state does it renew), then a whole Refresh
 * through the TURN server: nonce, MESSAGE-INTEGRITY, the allocation's lifetime and a signed answer. One thread alone, then
 * one for each core at the same time.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { figure } from '../figure.ts';
import type { Row } from '../row.ts';
import type { PipelineStart } from './pipeline-thread.ts';

const SECONDS = { pipeline: 30, refresh: 5 } as const;
/** Operations per second on all cores, in millions. */
const TARGET = 7.4;

export const pipeline: Row = {
  about: '30 s of datagram classify → STUN parse → credential check → state update, millions of operations a second',
  async measure({ note }) {
    const cores = availableParallelism();
    const one = await sustained(1, 'pipeline', 10);
    const all = await sustained(cores, 'pipeline', SECONDS.pipeline);
    const inTypeScript = await sustained(1, 'pipeline', 10, 'typescript');
    const refreshes = await sustained(1, 'refresh', SECONDS.refresh);
    const allRefreshes = await sustained(cores, 'refresh', SECONDS.refresh);
    note(`${cores} cores; each round is a second`);
    const unit = 'M/s';
    return [
      figure({ metric: 'pipeline', unit, rounds: all, atLeast: TARGET }),
      figure({ metric: 'pipeline.per-core', unit, rounds: all.map((rate) => rate / cores) }),
      figure({ metric: 'pipeline.one-thread', unit, rounds: one }),
      figure({ metric: 'pipeline.one-thread-typescript', unit, rounds: inTypeScript }),
      figure({ metric: 'pipeline.refresh', unit, rounds: allRefreshes }),
      figure({ metric: 'pipeline.refresh-one-thread', unit, rounds: refreshes }),
    ];
  },
};

/** Millions of operations in each second, all threads together. */
async function sustained(
  threads: number,
  kind: PipelineStart['kind'],
  seconds: number,
  by: PipelineStart['by'] = 'relay',
): Promise<number[]> {
  const perThread = await Promise.all(Array.from({ length: threads }, () => run({ kind, seconds, by })));
  return Array.from(
    { length: seconds },
    (_, second) => perThread.reduce((sum, its) => sum + (its[second] ?? 0), 0) / 1e6,
  );
}

function run(start: PipelineStart): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('pipeline-thread.ts', import.meta.url), { workerData: start });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
