import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

import { THREAD_COUNTERS } from './thread-counters.ts';

/** How busy a thread is. */
export type ThreadLoad = {
  /** Writes what was measured since the last call. */
  sample(): void;
  stop(): void;
};

/** The delay is sampled by a timer in libuv; each sample wakes the thread. */
const RESOLUTION_MS = 50;

/** Measures the event loop that this runs in, into `counters`. */
export function watchEventLoop(counters: Float64Array): ThreadLoad {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let before = performance.eventLoopUtilization();

  // The histogram holds times between samples, in nanoseconds.
  const late = (nanoseconds: number) => {
    const milliseconds = nanoseconds / 1e6 - RESOLUTION_MS;
    return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0;
  };
  return {
    sample() {
      const now = performance.eventLoopUtilization();
      counters[THREAD_COUNTERS['gauge.delay.mean']] = late(delay.mean);
      counters[THREAD_COUNTERS['gauge.delay.p99']] = late(delay.percentile(99));
      counters[THREAD_COUNTERS['gauge.delay.max']] = late(delay.max);
      counters[THREAD_COUNTERS['gauge.busy']] = performance.eventLoopUtilization(now, before).utilization;
      before = now;
      delay.reset();
    },
    stop: () => void delay.disable(),
  };
}
