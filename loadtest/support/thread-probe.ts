/**
 * Loaded before a server's own code (`--import`), into its main thread and its worker threads: measures garbage
 * collections and the delay of each event loop, and tells the parent when it is asked with a message.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type * as workerThreads from 'node:worker_threads';
import { BroadcastChannel, isMainThread, threadName } from 'node:worker_threads';

/** What became of a thread since the last reset. Times in milliseconds. */
export type ThreadReport = {
  /** `main`, or the name that the server gave its thread: `turn-0`, `store`, … */
  readonly name: string;
  /** Of the operating system. */
  readonly tid: number;
  readonly collections: number;
  readonly worstPause: number;
  readonly totalPause: number;
  /** Ready, and without a core to run on: milliseconds of each second. */
  readonly waited: number;
  readonly delay: { readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number };
};

export type ProbeQuestion = { readonly probe: 'reset' | 'report' };
export type ProbeAnswer = { readonly probe: 'report'; readonly threads: ThreadReport[] };

/** The histogram holds the times between two turns of a timer of this many milliseconds. */
const RESOLUTION_MS = 10;
/** How long threads may take to answer. */
const GATHER_MS = 300;
const CHANNEL = 'sluice-thread-probe';

const name = isMainThread ? 'main' : (threadName ?? 'unnamed');
const tid = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
let pauses: number[] = [];
let since = { at: performance.now(), waited: waitedMs() };
const observer = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) pauses.push(duration);
});
observer.observe({ entryTypes: ['gc'] });

const channel = new BroadcastChannel(CHANNEL);
channel.unref();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads, not windows
const tell = (message: ThreadReport | ProbeQuestion['probe']) => channel.postMessage(message);

if (isMainThread) {
  probeThreadsToCome();
  listenToParent();
} else {
  onMessage((message) => {
    if (message === 'reset') reset();
    else if (message === 'report') tell(report());
  });
}

function onMessage(take: (message: unknown) => void): void {
  channel.addEventListener('message', (event) => take((event as Event & { data: unknown }).data));
}

function reset(): void {
  pauses = [];
  since = { at: performance.now(), waited: waitedMs() };
  delay.reset();
}

function report(): ThreadReport {
  const late = (nanoseconds: number) => {
    const milliseconds = nanoseconds / 1e6 - RESOLUTION_MS;
    return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0;
  };
  return {
    ...{ name, tid, collections: pauses.length },
    worstPause: Math.max(0, ...pauses),
    totalPause: pauses.reduce((sum, pause) => sum + pause, 0),
    waited: ((waitedMs() - since.waited) * 1000) / (performance.now() - since.at),
    delay: {
      p50: late(delay.percentile(50)),
      p99: late(delay.percentile(99)),
      p999: late(delay.percentile(99.9)),
      max: late(delay.max),
    },
  };
}

/** The second number of Linux's schedstat: nanoseconds that the thread has waited in a run queue. */
function waitedMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1]) / 1e6;
}

function listenToParent(): void {
  const threads: ThreadReport[] = [];
  onMessage((message) => {
    if (typeof message === 'object') threads.push(message as ThreadReport);
  });
  process.on('message', ({ probe }: ProbeQuestion) => {
    tell(probe);
    if (probe === 'reset') return reset();
    threads.length = 0;
    threads.push(report());
    const answer = () => void process.send?.({ probe: 'report', threads } satisfies ProbeAnswer);
    setTimeout(answer, GATHER_MS).unref();
  });
  process.channel?.unref();
}

/** Threads that say which flags they take would be started without this. */
function probeThreadsToCome(): void {
  const threads = createRequire(import.meta.url)('node:worker_threads') as typeof workerThreads;
  const itself = ['--import', import.meta.url];
  threads.Worker = new Proxy(threads.Worker, {
    construct: (Worker, [program, options]: [URL | string, { execArgv?: string[] }?]) =>
      new Worker(program, { ...options, execArgv: [...(options?.execArgv ?? []), ...itself] }),
  });
  syncBuiltinESMExports();
}
