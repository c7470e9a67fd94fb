/** A place for one relay thread: when the thread dies, the next one takes its place. */
import type { Worker } from 'node:worker_threads';

import type { Order, Report, ThreadStart } from './control.ts';
import { clearGauges, counterBoard, type CounterBoard, newCounterMemory } from './counter-board.ts';
import type { RelayLog, ThreadState } from './options.ts';
import { spawnRelayThread } from './spawn.ts';
import { THREAD_COUNTERS } from './thread-counters.ts';

/** A thread that lived for less is counted as a failure, and the next one waits longer before it starts. */
const STABLE_AFTER_MS = 10_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;
/** How long a thread may take to end after it was told to. */
const CLOSE_WITHIN_MS = 2000;

export type ThreadSlotOptions = {
  readonly index: number;
  /** What the thread is started with, as of now: a later one learns of what has changed since. */
  readonly start: (index: number) => Omit<ThreadStart, 'index' | 'counters'>;
  /** The first thread, where it was spawned before. */
  readonly spawned: Worker | undefined;
  readonly log: RelayLog;
  readonly onUsage: (report: Extract<Report, { type: 'usage' }>) => void;
  /** The thread has ended; another may take its place. */
  readonly onGone: () => void;
};

export class ThreadSlot {
  readonly board: CounterBoard;
  readonly #memory = newCounterMemory();
  readonly #options: ThreadSlotOptions;
  #worker: Worker | undefined;
  #udp: 'addon' | 'dgram' | undefined;
  #running = false;
  #restarts = 0;
  #failures = 0;
  #startedAt = 0;
  #closing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: ThreadSlotOptions) {
    this.#options = options;
    this.board = counterBoard(this.#memory);
  }

  /** How its UDP is done; undefined before it has run. */
  get udp(): 'addon' | 'dgram' | undefined {
    return this.#udp;
  }

  get state(): ThreadState {
    const { thread } = this.board;
    return {
      index: this.#options.index,
      running: this.#running,
      restarts: this.#restarts,
      delay: {
        mean: thread[THREAD_COUNTERS['gauge.delay.mean']]!,
        p99: thread[THREAD_COUNTERS['gauge.delay.p99']]!,
        max: thread[THREAD_COUNTERS['gauge.delay.max']]!,
      },
      busy: thread[THREAD_COUNTERS['gauge.busy']]!,
    };
  }

  /** Starts the first thread. Rejects where it cannot: a server that cannot start says so. */
  start(): Promise<void> {
    return this.#launch(this.#options.spawned);
  }

  send(order: Order): void {
    this.#worker?.postMessage(order);
  }

  /** Ends the thread without asking it, as a fault of its own would: for tests of what happens then. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Ends the thread, asking first, and resolves when it is gone. */
  close(cause: string): Promise<void> {
    this.#closing ??= this.#end(cause);
    return this.#closing;
  }

  async #end(cause: string): Promise<void> {
    clearTimeout(this.#retry);
    const worker = this.#worker;
    if (worker === undefined) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const limit = setTimeout(() => void worker.terminate(), CLOSE_WITHIN_MS);
    this.send({ type: 'close', cause });
    await gone;
    clearTimeout(limit);
  }

  #launch(spawned?: Worker): Promise<void> {
    const { index, start } = this.#options;
    const worker = spawned ?? spawnRelayThread(index);
    worker.ref();
    this.#worker = worker;
    this.send({ type: 'start', start: { ...start(index), index, counters: this.#memory } });
    this.#startedAt = performance.now();
    let failure: Error | undefined;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    worker.on('message', (report: Report) => {
      if (report.type === 'ready') resolve();
      if (report.type === 'failed') failure = new Error(report.message);
      this.#heard(report);
    });
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.once('exit', (code) => {
      const wasRunning = this.#running;
      this.#worker = undefined;
      this.#running = false;
      clearGauges(this.board);
      this.#options.onGone();
      const why = failure ?? new Error(`the thread ended with code ${code}`);
      reject(why);
      if (wasRunning && this.#closing === undefined) this.#died(why);
    });
    return promise;
  }

  #heard(report: Report): void {
    const { log, onUsage, index } = this.#options;
    switch (report.type) {
      case 'ready':
        this.#running = true;
        this.#udp = report.udp;
        if (report.why !== undefined && this.#restarts === 0 && index === 0) {
          log('info', 'TURN uses the UDP sockets of Node.js', { why: report.why });
        }
        return;
      case 'failed':
        return;
      case 'warning':
        return log('warn', report.message, { thread: index });
      case 'usage':
        return onUsage(report);
    }
  }

  #died(error: Error): void {
    const { index, log } = this.#options;
    const lived = performance.now() - this.#startedAt;
    this.#failures = lived < STABLE_AFTER_MS ? this.#failures + 1 : 0;
    const delay = this.#failures <= 1 ? 0 : this.#backoff();
    log('error', 'a relay thread died', { thread: index, reason: error.message, stack: error.stack, retryInMs: delay });
    this.#replace(delay);
  }

  #replace(delay: number): void {
    if (this.#closing !== undefined) return;
    this.#retry = setTimeout(() => void this.#restart(), delay);
  }

  async #restart(): Promise<void> {
    const { index, log } = this.#options;
    this.#restarts += 1;
    try {
      await this.#launch();
      log('info', 'a relay thread was replaced', { thread: index });
    } catch (error) {
      if (this.#closing !== undefined) return;
      this.#failures += 1;
      const delay = this.#backoff();
      const reason = error instanceof Error ? error.message : String(error);
      log('error', 'a relay thread could not be replaced', { thread: index, reason, retryInMs: delay });
      this.#replace(delay);
    }
  }

  #backoff(): number {
    return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, this.#failures - 2));
  }
}
