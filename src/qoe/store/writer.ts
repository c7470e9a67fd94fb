/**
 * Writes batches in their order, and keeps at it: while the disk is full, the file locked or gone, batches wait and the last
 * of them is told as not written. How many may wait is the sender's to bound.
 */
import { Keeper } from '../../store/keeper.ts';
import { closeAbandoned, deleteOld } from './retention.ts';
import type { NumberedBatch, Report, StoreStart } from './control.ts';
import { Database } from './database.ts';
import { answer, type Answers, type Query } from './queries.ts';

/** How long deleting may take at once, ms. */
const DELETE_FOR_MS = 20;

export class Writer {
  readonly #options: StoreStart;
  readonly #tell: (report: Report) => void;
  readonly #now: () => number;
  readonly #keeper: Keeper<Database>;
  #waiting: NumberedBatch[] = [];
  #abandonedClosed = false;

  constructor(options: StoreStart, tell: (report: Report) => void, now: () => number = Date.now) {
    this.#options = options;
    this.#tell = tell;
    this.#now = now;
    const { path, retryAfter } = options;
    this.#keeper = new Keeper({ path, retryAfter, open: () => this.#open(), tell, now });
  }

  /** Takes a batch, and writes it unless what waits has to wait on. */
  take(batch: NumberedBatch): void {
    this.#waiting.push(batch);
    this.work();
  }

  /** Tries what waits, where its time has come. Call it now and then. */
  work(): void {
    const done = this.#keeper.attempt((database) => {
      if (this.#waiting.length > 0) database.write(this.#waiting);
      database.rollUp(this.#now());
    });
    const last = this.#waiting.at(-1);
    if (!done || last === undefined) return;
    this.#waiting = [];
    this.#tell({ type: 'written', sequence: last.sequence });
  }

  #open(): Database {
    const database = new Database(this.#options);
    if (!this.#abandonedClosed) {
      closeAbandoned(database.sql, this.#options.writer);
      this.#abandonedClosed = true;
    }
    return database;
  }

  /** Answers `query`; throws where the database cannot. */
  ask(query: Query): Answers[Query['type']] {
    return this.#keeper.read(({ sql }) => answer(sql, query));
  }

  /** Deletes what is too old, for some ms. True when there is more. */
  deleteOld(): boolean {
    if (this.#keeper.faulty) return false;
    const until = performance.now() + DELETE_FOR_MS;
    try {
      return this.#keeper.read(({ sql }) => {
        while (performance.now() < until) {
          if (!deleteOld(sql, this.#options.retention, this.#now())) return false;
        }
        return true;
      });
    } catch {
      // A lock or a full disk: the next write finds it, too.
      return false;
    }
  }

  /** Lets go of the file. The next write opens it again. */
  close(): void {
    this.#keeper.close();
  }
}
