/** One mediasoup worker from its start to its death: process, server port, and what it uses. */
import { readFile } from 'node:fs/promises';

import { createWorker, workerBin as defaultWorkerBin } from 'mediasoup';
import type { WebRtcServer, Worker, WorkerSettings } from 'mediasoup/types';

import { explainStart, listenInfos } from './addresses.ts';
import { gatheringWrites } from './gathered-writes.ts';
import { WorkerLoad } from './load.ts';
import type { ListenAddress, WorkerLogLevel } from './options.ts';
import { Sampler } from './sampler.ts';

/** A worker that has not answered for so long hangs, and is ended so that it is replaced. */
const HANGS_AFTER_MS = 15_000;
/**
 * The most that one look adds to a worker's silence: where this process or the whole machine stood still for longer, nobody
 * was there to hear an answer.
 */
const MOST_PER_LOOK_MS = 5000;

export type WorkerProcess = {
  readonly worker: Worker;
  readonly server: WebRtcServer;
  readonly startedAt: number;
  /** What to tell when the worker dies. `workers`: on how many the room is. */
  readonly rooms: Set<{ lost(): void; readonly workers: number }>;
  /** What is on it, and how busy that makes it. */
  readonly load: WorkerLoad;
  /** Whose tracks and transports are measured, in turn. */
  readonly sampler: Sampler;
  /** The last counts of transports that are closed, on their way. */
  readonly readings: Set<Promise<void>>;
  readonly usage: { cpuSeconds: number; cpuLoad: number; rssBytes: number };
  /** Reads `usage` anew, and ends a worker that no longer answers. Never throws. */
  sample(): Promise<void>;
};

export type WorkerStart = {
  listen: readonly ListenAddress[];
  port: number;
  workerBin: string | undefined;
  logLevel?: WorkerLogLevel;
  /** Share of a core from which on it is full. Default: it never is. */
  fullAt?: number;
  /** Milliseconds without an answer after which a worker counts as hanging. */
  hangsAfterMs?: number;
};

/** Starts a worker which listens on `port`. Rejects with an explained `Error`. */
export async function startWorkerProcess(start: WorkerStart): Promise<WorkerProcess> {
  const { listen, port, workerBin, logLevel = 'warn', fullAt = Infinity, hangsAfterMs = HANGS_AFTER_MS } = start;
  let worker: Worker | undefined;
  try {
    worker = await createOwnedWorker({ logLevel, ...(workerBin === undefined ? {} : { workerBin }) });
    const server = await worker.createWebRtcServer({ listenInfos: listenInfos(listen, port) });
    return workerProcess(worker, server, { fullAt, hangsAfterMs });
  } catch (error) {
    worker?.close();
    throw explainStart(error, port, workerBin ?? defaultWorkerBin);
  }
}

/**
 * mediasoup closes a worker itself when this process gets SIGINT or SIGTERM. Here those signals start a drain, in
 * which media must go on; so its handlers, which are set before `createWorker` first yields, are taken off again.
 */
async function createOwnedWorker(settings: WorkerSettings): Promise<Worker> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const before = new Set<NodeJS.SignalsListener>(signals.flatMap((signal) => process.listeners(signal)));
  const limit = process.getMaxListeners();
  const created = gatheringWrites(() => createWorker(settings));
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) if (!before.has(listener)) process.off(signal, listener);
  }
  process.setMaxListeners(limit);
  return created;
}

function workerProcess(
  worker: Worker,
  server: WebRtcServer,
  { fullAt, hangsAfterMs }: { fullAt: number; hangsAfterMs: number },
): WorkerProcess {
  const load = new WorkerLoad(fullAt);
  const usage = { cpuSeconds: 0, cpuLoad: 0, rssBytes: 0 };
  let sampledAt: number | undefined;
  let asked = false;
  let lookedAt = 0;
  let silentMs = 0;

  async function sample(): Promise<void> {
    const at = performance.now();
    silentMs = asked ? silentMs + Math.min(at - lookedAt, MOST_PER_LOOK_MS) : 0;
    lookedAt = at;
    if (asked) {
      if (silentMs > hangsAfterMs) endNow(worker);
      return;
    }
    asked = true;
    try {
      const { ru_utime: user, ru_stime: system, ru_maxrss: peakKib } = await worker.getResourceUsage();
      const now = performance.now();
      const cpuSeconds = (user + system) / 1000;
      // The first sample holds what the start itself cost.
      const used = sampledAt === undefined ? 0 : ((cpuSeconds - usage.cpuSeconds) * 1000) / (now - sampledAt);
      usage.cpuLoad = Math.min(1, Math.max(0, used));
      load.measured(usage.cpuLoad);
      usage.cpuSeconds = cpuSeconds;
      sampledAt = now;
      usage.rssBytes = (await residentBytes(worker.pid)) ?? peakKib * 1024;
    } catch {
      // The channel to a worker that lives is broken: nothing more can be asked of it.
      if (!worker.closed) endNow(worker);
    } finally {
      asked = false;
    }
  }

  return {
    worker,
    server,
    startedAt: performance.now(),
    rooms: new Set(),
    load,
    sampler: new Sampler(),
    readings: new Set(),
    usage,
    sample,
  };
}

/** Ends the worker's process without asking it; its `died` event follows. */
export function endNow(worker: Worker): void {
  if (worker.subprocessClosed) return;
  try {
    process.kill(worker.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** The resident set from Linux's /proc; undefined elsewhere. */
async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const found = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'latin1'));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}
