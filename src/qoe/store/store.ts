/**
 * The store as the main thread has it. Nothing here waits for the disk: what is to be written is gathered, handed to a thread
 * a few times a second, and kept in bounded memory while that cannot write.
 */
import { SluiceError } from '../../kernel/errors.ts';
import type { StoreFault } from '../../store/fault.ts';
import { Questions } from '../../store/questions.ts';
import type { StoreLink, StoreThread } from '../../store/store-thread.ts';
import type { Order, Report, Retention, SessionChange, SessionStart, StoreStart } from './control.ts';
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
const CLOSE_WITHIN_MS = 5000;
/** A thread that has orders and says nothing for so long hangs, in a call to a disk that does not answer or in a damaged file. */
const STALLED_AFTER_MS = 30_000;

const HOUR = 3_600_000;
export const DEFAULT_RETENTION: Retention = { p1: HOUR, p10: 24 * HOUR, p60: 30 * 24 * HOUR };

/** How the store is. */
export type StoreState = {
  /** Why nothing can be written now, and what was said; undefined while it can. */
  readonly fault: { readonly why: StoreFault; readonly message: string } | undefined;
  /** Points that wait for the thread, are with it, were written, and were dropped for want of room. */
  readonly waiting: number;
  readonly underway: number;
  readonly written: number;
  readonly dropped: number;
  /** Where a file is now that could not be read, and in whose place an empty one was begun by this process. */
  readonly setAside: string | undefined;
};

export type QoeStore = {
  readonly state: StoreState;
  /** A session has begun; returns its key, by which its points and changes name it. */
  start(session: Omit<SessionStart, 'key'>): number;
  /** Something more is known of a session. With `left` it is over. */
  change(change: SessionChange): void;
  add(point: Point): void;
  /** Rejects with `limit-reached` when too much is asked at once, and `store-unavailable` when it cannot be answered. */
  ask<Asked extends Query>(query: Asked): Promise<Answers[Asked['type']]>;
  /** Hands over what was gathered and resolves when it is committed, or cannot be within `CLOSE_WITHIN_MS`. */
  close(): Promise<void>;
};

export type StoreOptions = Partial<StoreStart> & {
  readonly thread: StoreThread;
  readonly path: string;
  /** How long the thread may say nothing to its orders before that is a fault, ms. */
  readonly stalledAfter?: number;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void;
};

/** Opens the store on `thread`. Never waits for the file: where it cannot be opened, the state says so. */
export function openStore({ thread, log, stalledAfter = STALLED_AFTER_MS, ...options }: StoreOptions): QoeStore {
  const defaults = { retention: DEFAULT_RETENTION, writer: Date.now(), busyTimeout: 200, retryAfter: 1000 };
  return new ThreadStore(thread, { ...defaults, ...options }, { log, stalledAfter });
}

class ThreadStore implements QoeStore {
  readonly #log: StoreOptions['log'];
  readonly #stalledAfter: number;
  readonly #points = new PointBuffer(MAX_POINTS);
  #starts: SessionStart[] = [];
  readonly #changes = new Map<number, SessionChange>();
  /** Sessions that go on, for a file that has to be begun anew. */
  readonly #live = new Map<number, SessionStart>();
  /** What the thread has and has not committed. */
  readonly #underway = new Map<number, Extract<Order, { type: 'write' }>['batch']>();
  readonly #questions = new Questions('store-unavailable');
  readonly #flushing = setInterval(() => this.#flush(), FLUSH_EVERY_MS).unref();
  readonly #link: StoreLink<Order>;
  #sequence = 0;
  #key: number;
  #fault: StoreState['fault'];
  #setAside: string | undefined;
  /** When the thread last said anything, or was given something to do. */
  #heardAt = performance.now();
  #written = 0;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(
    thread: StoreThread,
    start: StoreStart,
    { log, stalledAfter }: Required<Pick<StoreOptions, 'log' | 'stalledAfter'>>,
  ) {
    this.#key = firstKey(start.writer);
    this.#log = log;
    this.#stalledAfter = stalledAfter;
    this.#link = thread.attach('qoe', start, {
      heard: (report: Report) => this.#heard(report),
      gone: (message) => this.#gone(message),
    });
  }

  get state(): StoreState {
    let underway = 0;
    for (const { points } of this.#underway.values()) underway += PointBuffer.count(points);
    const { length: waiting, dropped } = this.#points;
    const fault = this.#fault ?? this.#stall();
    return { fault, waiting, underway, written: this.#written, dropped, setAside: this.#setAside };
  }

  #stall(): StoreState['fault'] {
    if (this.#underway.size === 0 || performance.now() - this.#heardAt < this.#stalledAfter) return undefined;
    return { why: 'thread', message: 'The thread does not answer.' };
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
    if (!this.#link.running)
      return Promise.reject(new SluiceError('store-unavailable', { cause: this.#fault?.message }));
    return this.#questions.ask((sequence) => this.#send({ type: 'query', sequence, query }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const until = performance.now() + CLOSE_WITHIN_MS;
    while (this.#link.running && this.#fault === undefined && performance.now() < until) {
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
    this.#questions.refuseAll('The store is closed.');
    await this.#link.close();
  }

  #send(order: Order): void {
    this.#link.send(order);
  }

  #flush(): void {
    while (this.#link.running && this.#underway.size < MAX_UNDERWAY && this.#hasWork()) {
      const batch = {
        starts: this.#starts,
        changes: [...this.#changes.values()],
        points: this.#points.take(MAX_BATCH),
      };
      this.#starts = [];
      this.#changes.clear();
      if (this.#underway.size === 0) this.#heardAt = performance.now();
      this.#sequence += 1;
      const sequence = this.#sequence;
      this.#underway.set(sequence, batch);
      this.#send({ type: 'write', sequence, batch });
    }
  }

  #hasWork(): boolean {
    return this.#points.length > 0 || this.#starts.length > 0 || this.#changes.size > 0;
  }

  #gone(message: string): void {
    this.#questions.refuseAll(message);
    if (this.#closing === undefined) this.#becameFaulty('thread', message);
  }

  #heard(report: Report): void {
    this.#heardAt = performance.now();
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
        this.#setAside = report.movedTo;
        this.#log('error', 'the QoE store was corrupt and begins anew', { movedTo: report.movedTo });
        return this.#announceAgain();
      case 'answer':
        return this.#questions.answered(report.sequence, report.rows);
      case 'refused':
        return this.#questions.refused(report.sequence, report.message);
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
