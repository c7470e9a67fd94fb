/** A port with a worker behind it: when the worker dies, the next one takes its place. */
import type { ListenAddress, MediaAddress, MediaLog, WorkerLogLevel, WorkerStats } from './options.ts';
import { endNow, startWorkerProcess } from './worker-process.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A worker that lived for less is counted as a failure, and the next one waits longer before it starts. */
const STABLE_AFTER_MS = 10_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;
/** How long a worker may take to end after it was told to. */
const CLOSE_WITHIN_MS = 2000;

export type SlotOptions = {
  index: number;
  port: number;
  listen: readonly ListenAddress[];
  workerBin: string | undefined;
  logLevel: WorkerLogLevel;
  fullAt: number;
  log: MediaLog;
  /** Called each time that a worker is there again. */
  ready(): void;
};

export class WorkerSlot {
  readonly #options: SlotOptions;
  #process: WorkerProcess | undefined;
  #restarts = 0;
  #failures = 0;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** The worker; undefined while there is none. */
  get process(): WorkerProcess | undefined {
    return this.#process;
  }

  /** Starts the first worker. Rejects when that fails: a server that cannot start says so. */
  async start(): Promise<void> {
    this.#adopt(await startWorkerProcess(this.#options));
  }

  /** Its ports: a worker that takes another's place listens where that did. */
  addresses(): MediaAddress[] {
    const { listen, port } = this.#options;
    return listen.map((address) => ({ ...address, port }));
  }

  stats(): WorkerStats {
    const { index, port } = this.#options;
    const running = this.#process;
    return {
      index,
      port,
      pid: running?.worker.pid,
      restarts: this.#restarts,
      ...(running?.usage ?? { cpuSeconds: 0, cpuLoad: 0, rssBytes: 0 }),
      full: running?.load.full ?? false,
      ...(running?.load.counts ?? { rooms: 0, transports: 0, producers: 0, consumers: 0, pipes: 0 }),
    };
  }

  /** Ends the worker, asking first, and resolves when its process is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    // A worker that is just being started is closed as soon as it is there.
    await this.#starting;
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.worker.subprocessClosed) return;
    const { worker } = running;
    const gone = new Promise<void>((resolve) => worker.once('subprocessclose', resolve));
    const limit = setTimeout(() => endNow(worker), CLOSE_WITHIN_MS);
    worker.close();
    await gone;
    clearTimeout(limit);
  }

  #adopt(started: WorkerProcess): void {
    this.#process = started;
    started.worker.once('died', (error) => this.#died(started, error));
    void started.sample();
  }

  #died(dead: WorkerProcess, error: Error): void {
    this.#process = undefined;
    const { index, port, log } = this.#options;
    const lived = performance.now() - dead.startedAt;
    this.#failures = lived < STABLE_AFTER_MS ? this.#failures + 1 : 0;
    const delay = this.#failures <= 1 ? 0 : this.#backoff();
    const reason = error.message;
    log('error', 'a media worker died', { index, port, reason, rooms: dead.rooms.size, retryInMs: delay });
    // The replacement is under way before rooms are told, so that the rooms' own rebuilding finds it sooner.
    this.#replace(delay);
    for (const room of dead.rooms) room.lost();
  }

  #replace(delay: number): void {
    if (this.#closed) return;
    const attempt = () => {
      this.#starting = this.#restart();
    };
    if (delay === 0) attempt();
    else this.#retry = setTimeout(attempt, delay);
  }

  async #restart(): Promise<void> {
    const { index, port, log } = this.#options;
    try {
      const started = await startWorkerProcess(this.#options);
      this.#restarts += 1;
      this.#adopt(started);
      log('info', 'a media worker was replaced', { index, port, pid: started.worker.pid });
      if (!this.#closed) this.#options.ready();
    } catch (error) {
      this.#failures += 1;
      const delay = this.#backoff();
      const reason = error instanceof Error ? error.message : String(error);
      log('error', 'a media worker could not be replaced', { index, port, reason, retryInMs: delay });
      this.#replace(delay);
    }
  }

  #backoff(): number {
    return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, this.#failures - 2));
  }
}
