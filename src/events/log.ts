/**
 * The event log as the main thread has it. A fact is handed to the store's thread within milliseconds, with all that came
 * meanwhile; it is announced when that has said that it is on the disk, and never before.
 */
import type { StoreFault } from '../store/fault.ts';
import { Questions } from '../store/questions.ts';
import type { StoreLink, StoreThread } from '../store/store-thread.ts';
import type { EventFact, StoredEvent } from './event.ts';
import { Journal } from './journal.ts';
import type { LogOrder, LogReport, LogStart } from './store/control.ts';
import type { LogAnswers, LogQuery } from './store/queries.ts';

/** What comes within this time after a fact goes to the disk together with it, ms. */
const GATHER_MS = 2;
/** Events of one transaction. */
const MAX_BATCH = 2000;
/** Facts that wait while nothing can be written, some 40 MB. */
const MAX_WAITING = 50_000;
const CLOSE_WITHIN_MS = 5000;

/** How the log is. */
export type LogState = {
  /** Why nothing can be written now, and what was said; undefined while it can. */
  readonly fault: { readonly why: StoreFault; readonly message: string } | undefined;
  /** Whether it has been read how far the log is: before that nothing is written. */
  readonly open: boolean;
  /** Facts that wait for the disk. */
  readonly waiting: number;
  /** So many wait that nobody may join. */
  readonly full: boolean;
  /** Facts that were left out for want of room. */
  readonly dropped: number;
  /** The number of the event that was announced last. */
  readonly announced: number;
  /** Unique to the log's file; undefined until it is open. */
  readonly id: string | undefined;
};

export type EventLog = {
  readonly state: LogState;
  /** Resolves when the log is open, or it has turned out that it cannot be opened now. */
  readonly opened: Promise<void>;
  /** Takes the next fact; it is announced when it is stored. */
  append(fact: EventFact): void;
  /** Calls back for each event that is announced from here on, in their order. Returns how to stop it. */
  listen(listener: (event: StoredEvent) => void): () => void;
  /** Calls back with the last number in it each time that another file is the log, the first time included. */
  onOpened(listener: (last: number) => void): void;
  /** Rejects with `events-unavailable` where the store cannot answer, `limit-reached` when too much is asked at once. */
  ask<Asked extends LogQuery>(query: Asked): Promise<LogAnswers[Asked['type']]>;
  /** Hands over what waits, and resolves when it is stored and announced, or cannot be within 5 s. */
  close(): Promise<void>;
};

export type EventLogOptions = Partial<LogStart> & {
  readonly thread: StoreThread;
  readonly path: string;
  readonly retention: number;
  readonly usageRetention: number;
  readonly writer: string;
  readonly maxWaiting?: number;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void;
};

/** Opens the log on `thread`. Never waits for the file: where it cannot be opened, the state says so. */
export function openEventLog({ thread, log, maxWaiting = MAX_WAITING, ...options }: EventLogOptions): EventLog {
  return new StoredLog(thread, { busyTimeout: 100, retryAfter: 1000, ...options }, maxWaiting, log);
}

class StoredLog implements EventLog {
  readonly #log: EventLogOptions['log'];
  readonly #link: StoreLink<LogOrder>;
  readonly #journal: Journal;
  readonly #questions = new Questions('events-unavailable');
  readonly #listeners = new Set<(event: StoredEvent) => void>();
  readonly #openListeners: ((last: number) => void)[] = [];
  #fault: LogState['fault'];
  #id: string | undefined;
  #announced = 0;
  #dropped = 0;
  #gathering: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  readonly #opened = Promise.withResolvers<void>();

  constructor(thread: StoreThread, start: LogStart, maxWaiting: number, log: EventLogOptions['log']) {
    this.#log = log;
    this.#journal = new Journal(maxWaiting);
    this.#link = thread.attach('events', start, {
      heard: (report: LogReport) => this.#heard(report),
      gone: (message) => this.#gone(message),
    });
  }

  get state(): LogState {
    const { waiting, full } = this.#journal;
    const [fault, id] = [this.#fault, this.#id];
    return { fault, open: id !== undefined, waiting, full, dropped: this.#dropped, announced: this.#announced, id };
  }

  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  append(fact: EventFact): void {
    if (!this.#journal.append(fact)) this.#dropped += 1;
    this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  listen(listener: (event: StoredEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onOpened(listener: (last: number) => void): void {
    this.#openListeners.push(listener);
  }

  ask<Asked extends LogQuery>(query: Asked): Promise<LogAnswers[Asked['type']]> {
    const answer = this.#questions.ask<LogAnswers[Asked['type']]>((sequence) => {
      if (this.#link.running) this.#link.send({ type: 'query', sequence, query });
      else queueMicrotask(() => this.#questions.refused(sequence, 'There is no thread to ask.'));
    });
    return answer;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const until = performance.now() + CLOSE_WITHIN_MS;
    while (this.#link.running && this.#fault === undefined && performance.now() < until && this.#journal.waiting > 0) {
      this.#flush();
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        setTimeout(resolve, 100);
      });
    }
    clearTimeout(this.#gathering);
    if (this.#journal.waiting > 0) {
      this.#log('error', 'the event log is closed with facts unwritten', { facts: this.#journal.waiting });
    }
    this.#questions.refuseAll('The log is closed.');
    await this.#link.close();
  }

  #flush(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (!this.#link.running) return;
    const batch = this.#journal.takeBatch(MAX_BATCH);
    if (batch !== undefined) this.#link.send({ type: 'append', ...batch });
  }

  #heard(report: LogReport): void {
    switch (report.type) {
      case 'opened': {
        const anew = this.#id !== undefined && this.#id !== report.log;
        if (report.closed > 0) {
          this.#log('warn', 'an earlier server was killed: what it left open is closed', { events: report.closed });
        }
        const isOther = this.#id !== report.log;
        this.#id = report.log;
        if (isOther) for (const listener of this.#openListeners) listener(report.last);
        this.#opened.resolve();
        if (this.#fault?.why === 'thread') this.#healed();
        this.#announced = Math.max(this.#announced, report.last);
        this.#announce(this.#journal.opened(report.last, anew));
        return this.#flush();
      }
      case 'written':
        this.#announce(this.#journal.committed(report.last));
        this.#drained?.();
        return this.#flush();
      case 'fault':
        return this.#becameFaulty(report.why, report.message);
      case 'healed':
        return this.#healed();
      case 'reset':
        return this.#log('error', 'the event log was damaged and begins anew', { movedTo: report.movedTo });
      case 'answer':
        return this.#questions.answered(report.sequence, report.answer);
      case 'refused':
        return this.#questions.refused(report.sequence, report.message);
    }
  }

  #announce(events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.#announced = event.seq;
      for (const listener of this.#listeners) listener(event);
    }
  }

  #gone(message: string): void {
    this.#questions.refuseAll(message);
    if (this.#closing === undefined) this.#becameFaulty('thread', message);
  }

  #becameFaulty(why: StoreFault, message: string): void {
    if (this.#fault?.why !== why) this.#log('error', 'the event log cannot be written', { why, message });
    this.#fault = { why, message };
    this.#opened.resolve();
  }

  #healed(): void {
    if (this.#fault !== undefined) this.#log('info', 'the event log can be written again', {});
    this.#fault = undefined;
  }
}
