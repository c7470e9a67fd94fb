/**
 * The store as the main thread has it. Nothing here waits for the disk: what is to be written is gathered, handed to a thread
 * a few times a second, and kept in bounded memory while that cannot write.
 */
import { Worker } from 'node:worker_threads';

import { SluiceError } from '../../kernel/errors.ts';
import type { Order, Report, Retention, SessionChange, SessionStart, StoreFault, StoreStart } from './control.ts';
import { PointBuffer } from './point-buffer.ts';
import type { Answers, Query } from './queries.ts';
import { firstKey } from './keys.ts';
import type { Point } from './rollup.ts';

/** How often what was gathered goes to the thread: with the commit well within the second that a kill may cost. */
const FLUSH_EVERY_MS = 250;
/** Batches that the thread has at once, and the points of each. */
const MAX_UNDERWAY = 8;
const MAX_BATCH = 5000;
/** Points that wait at most: 10,000 sessions for ten seconds, 10 MB. The oldest go first. */
const MAX_POINTS = 100_000;
/** Sessions that began or changed and wait. */
const MAX_SESSIONS = 100_000;
/** Queries that wait. */
const MAX_QUERIES = 64;
const QUERY_WITHIN_MS = 10_000;
const CLOSE_WITHIN_MS = 5000;
const RESTART_AFTER_MS = 1000;

const HOUR = 3_600_000;
export const DEFAULT_RETENTION: Retention = { p1: HOUR, p10: 24 * HOUR, p60: 30 * 24 * HOUR };

/** Its program: a source beside this one, or a bundle of its own beside this one's. */
const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './qoe-store-thread.js', import.meta.url);

/** How the store is. */
export type StoreState = {
  /** Why nothing can be written now, and what was said; undefined while it can. */
  readonly fault: { readonly why: StoreFault; readonly message: string } | undefined;
  /** Points that wait for the thread, are with it, were written, and were dropped for want of room. */
  readonly waiting: number;
  readonly underway: number;
  readonly written: number;
  readonly dropped: number;
};

export type QoeStore = {
  readonly state: StoreState;
  /** A session has begun; returns its key, by which its points and changes name it. */
  start(session: Omit<SessionStart, 'key'>): number;
  /** Something more is known of a session. With `left` it is over. */
  change(change: SessionChange): void;
  add(point: Point): void;
  /** Rejects with `limit-reached` when too much is asked at once, and `internal` when it cannot be answered. */
  ask<Asked extends Query>(query: Asked): Promise<Answers[Asked['type']]>;
  /** Hands over what was gathered and resolves when it is committed, or cannot be within `CLOSE_WITHIN_MS`. */
  close(): Promise<void>;
};

export type StoreOptions = Partial<StoreStart> & {
  readonly path: string;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void;
};

/** Starts the thread. Never waits for the file: where it cannot be opened, the state says so. */
export function openStore({ log, ...options }: StoreOptions): QoeStore {
  const writer = Date.now();
  return new ThreadStore({ retention: DEFAULT_RETENTION, writer, busyTimeout: 200, retryAfter: 1000, ...options }, log);
}

type Waiting = { query: Query; resolve: (rows: never) => void; reject: (error: SluiceError) => void; by: number };

class ThreadStore implements QoeStore {
  readonly #start: StoreStart;
  readonly #log: StoreOptions['log'];
  readonly #points = new PointBuffer(MAX_POINTS);
  #starts: SessionStart[] = [];
  readonly #changes = new Map<number, SessionChange>();
  /** Sessions that go on, for a file that has to be begun anew. */
  readonly #live = new Map<number, SessionStart>();
  /** What the thread has and has not committed. */
  readonly #underway = new Map<number, Extract<Order, { type: 'write' }>['batch']>();
  readonly #asked = new Map<number, Waiting>();
  readonly #flushing = setInterval(() => this.#flush(), FLUSH_EVERY_MS).unref();
  #worker: Worker | undefined;
  #sequence = 0;
  #key: number;
  #fault: StoreState['fault'];
  #written = 0;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(start: StoreStart, log: StoreOptions['log']) {
    this.#start = start;
    this.#key = firstKey(start.writer);
    this.#log = log;
    this.#launch();
  }

  get state(): StoreState {
    let underway = 0;
    for (const { points } of this.#underway.values()) underway += PointBuffer.count(points);
    const { length: waiting, dropped } = this.#points;
    return { fault: this.#fault, waiting, underway, written: this.#written, dropped };
  }

  start(session: Omit<SessionStart, 'key'>): number {
    const start = { ...session, key: this.#key };
    this.#key += 1;
    this.#live.set(start.key, start);
    if (this.#starts.length < MAX_SESSIONS) this.#starts.push(start);
    return start.key;
  }

  change(change: SessionChange): void {
    const before = this.#changes.get(change.key);
    if (before === undefined && this.#changes.size >= MAX_SESSIONS) return;
    this.#changes.set(change.key, { ...before, ...change });
    if (change.left !== undefined) this.#live.delete(change.key);
  }

  add(point: Point): void {
    this.#points.add(point);
  }

  ask<Asked extends Query>(query: Asked): Promise<Answers[Asked['type']]> {
    if (this.#worker === undefined) return Promise.reject(new SluiceError('internal', { cause: this.#fault?.message }));
    if (this.#asked.size >= MAX_QUERIES) {
      return Promise.reject(new SluiceError('limit-reached', { detail: 'Too many queries wait already.' }));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Answers[Asked['type']]>();
    const sequence = this.#next();
    const by = performance.now() + QUERY_WITHIN_MS;
    this.#asked.set(sequence, { query, resolve, reject, by });
    this.#send({ type: 'query', sequence, query });
    return promise;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const until = performance.now() + CLOSE_WITHIN_MS;
    while (this.#worker !== undefined && this.#fault === undefined && performance.now() < until) {
      this.#flush();
      if (this.#underway.size === 0) break;
      // The next batches are only known when these are written.
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        setTimeout(resolve, FLUSH_EVERY_MS);
      });
    }
    clearInterval(this.#flushing);
    const lost = this.state.waiting + this.state.underway;
    if (lost > 0) this.#log('warn', 'the QoE store is closed with points unwritten', { points: lost });
    this.#refuseAll('The store is closed.');
    const worker = this.#worker;
    if (worker === undefined) return;
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const given = Promise.withResolvers<void>();
    // A thread that hangs in a call to the disk does not even end when it is told to: it is left behind.
    const limit = setTimeout(() => {
      void worker.terminate();
      worker.unref();
      given.resolve();
    }, CLOSE_WITHIN_MS);
    this.#send({ type: 'close' });
    await Promise.race([gone, given.promise]);
    clearTimeout(limit);
  }

  #send(order: Order): void {
    this.#worker?.postMessage(order);
  }

  #next(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  #flush(): void {
    this.#refuseLate();
    while (this.#worker !== undefined && this.#underway.size < MAX_UNDERWAY && this.#hasWork()) {
      const batch = {
        starts: this.#starts,
        changes: [...this.#changes.values()],
        points: this.#points.take(MAX_BATCH),
      };
      this.#starts = [];
      this.#changes.clear();
      const sequence = this.#next();
      this.#underway.set(sequence, batch);
      this.#send({ type: 'write', sequence, batch });
    }
  }

  #hasWork(): boolean {
    return this.#points.length > 0 || this.#starts.length > 0 || this.#changes.size > 0;
  }

  #refuseLate(): void {
    const now = performance.now();
    for (const [sequence, asked] of this.#asked) {
      if (asked.by > now) return;
      this.#asked.delete(sequence);
      asked.reject(new SluiceError('internal', { cause: 'The store did not answer in time.' }));
    }
  }

  #refuseAll(why: string): void {
    for (const { reject } of this.#asked.values()) reject(new SluiceError('internal', { cause: why }));
    this.#asked.clear();
  }

  #launch(): void {
    const worker = new Worker(PROGRAM, {
      workerData: this.#start,
      name: 'qoe-store',
      // node:sqlite is a release candidate in Node 22, and says so once to everybody who starts the server.
      execArgv: [
        ...process.execArgv.filter((flag) => flag === '--enable-source-maps'),
        '--disable-warning=ExperimentalWarning',
      ],
    });
    this.#worker = worker;
    let failure = 'the thread ended';
    worker.on('message', (report: Report) => this.#heard(report));
    worker.on('error', (error) => {
      failure = error instanceof Error ? error.message : String(error);
    });
    worker.once('exit', () => this.#exited(failure));
  }

  #exited(message: string): void {
    this.#worker = undefined;
    this.#refuseAll(message);
    if (this.#closing !== undefined) return;
    this.#becameFaulty('thread', message);
    setTimeout(() => {
      if (this.#closing === undefined) this.#launch();
    }, RESTART_AFTER_MS).unref();
  }

  #heard(report: Report): void {
    switch (report.type) {
      case 'ready':
        if (this.#fault?.why === 'thread') this.#healed();
        return this.#repeat();
      case 'written':
        return this.#committed(report.sequence);
      case 'fault':
        return this.#becameFaulty(report.why, report.message);
      case 'healed':
        return this.#healed();
      case 'reset':
        this.#log('error', 'the QoE store was corrupt and begins anew', { movedTo: report.movedTo });
        return this.#announceAgain();
      case 'answer':
        this.#asked.get(report.sequence)?.resolve(report.rows as never);
        return void this.#asked.delete(report.sequence);
      case 'refused':
        this.#asked.get(report.sequence)?.reject(new SluiceError('internal', { cause: report.message }));
        return void this.#asked.delete(report.sequence);
    }
  }

  /** A thread that died took its batches with it. What it had committed of them is not written twice. */
  #repeat(): void {
    for (const [sequence, batch] of this.#underway) {
      this.#send({ type: 'write', sequence, batch });
    }
  }

  #committed(upTo: number): void {
    for (const [sequence, { points }] of this.#underway) {
      if (sequence > upTo) break;
      this.#written += PointBuffer.count(points);
      this.#underway.delete(sequence);
    }
    this.#drained?.();
    if (this.#hasWork() && this.#points.length >= MAX_BATCH) this.#flush();
  }

  #becameFaulty(why: StoreFault, message: string): void {
    if (this.#fault?.why !== why) this.#log('error', 'the QoE store cannot be written', { why, message });
    this.#fault = { why, message };
  }

  #healed(): void {
    if (this.#fault !== undefined) this.#log('info', 'the QoE store can be written again', {});
    this.#fault = undefined;
  }

  /** A new file knows none of the sessions that go on. Those underway will be written to it after these. */
  #announceAgain(): void {
    const known = new Set(this.#starts.map(({ key }) => key));
    for (const [key, start] of this.#live) {
      if (!known.has(key)) this.#starts.push(start);
    }
  }
}
