/**
 * Writes batches in their order, and keeps at it: while the disk is full, the file locked or gone, batches wait and the last
 * of them is told as not written. How many may wait is the sender's to bound.
 */
import { closeAbandoned, deleteOld } from './retention.ts';
import type { NumberedBatch, Report, StoreStart } from './control.ts';
import { Database, faultOf, moveAside } from './database.ts';
import { answer, type Answers, type Query } from './queries.ts';

/** How long deleting may take at once, ms. */
const DELETE_FOR_MS = 20;

export class Writer {
  readonly #options: StoreStart;
  readonly #tell: (report: Report) => void;
  readonly #now: () => number;
  #database: Database | undefined;
  #waiting: NumberedBatch[] = [];
  #faulty = false;
  #retryAt = -Infinity;
  #abandonedClosed = false;

  constructor(options: StoreStart, tell: (report: Report) => void, now: () => number = Date.now) {
    this.#options = options;
    this.#tell = tell;
    this.#now = now;
  }

  /** Takes a batch, and writes it unless what waits has to wait on. */
  take(batch: NumberedBatch): void {
    this.#waiting.push(batch);
    this.work();
  }

  /** Tries what waits, where its time has come. Call it now and then. */
  work(): void {
    if (this.#now() < this.#retryAt) return;
    try {
      const database = this.#open();
      if (this.#waiting.length > 0) database.write(this.#waiting);
      database.rollUp(this.#now());
      this.#wrote();
    } catch (error) {
      this.#failed(error);
    }
  }

  #wrote(): void {
    const last = this.#waiting.at(-1);
    this.#waiting = [];
    this.#retryAt = -Infinity;
    if (this.#faulty) {
      this.#faulty = false;
      this.#tell({ type: 'healed' });
    }
    if (last !== undefined) this.#tell({ type: 'written', sequence: last.sequence });
  }

  #failed(error: unknown): void {
    const why = faultOf(error);
    const message = error instanceof Error ? error.message : String(error);
    this.#faulty = true;
    this.#retryAt = this.#now() + this.#options.retryAfter;
    this.#tell({ type: 'fault', why, message });
    // A lock and a full disk pass. What else is wrong may be wrong with the connection.
    if (why !== 'locked' && why !== 'full') this.close();
    if (why === 'corrupt') this.#startAnew();
  }

  #startAnew(): void {
    try {
      this.#tell({ type: 'reset', movedTo: moveAside(this.#options.path, this.#now()) });
      this.#retryAt = -Infinity;
    } catch (error) {
      this.#tell({ type: 'fault', why: 'unwritable', message: error instanceof Error ? error.message : String(error) });
    }
  }

  #open(): Database {
    this.#database ??= new Database(this.#options);
    if (!this.#abandonedClosed) {
      closeAbandoned(this.#database.sql, this.#options.writer);
      this.#abandonedClosed = true;
    }
    return this.#database;
  }

  /** Answers `query`; throws where the database cannot. */
  ask(query: Query): Answers[Query['type']] {
    return answer(this.#open().sql, query);
  }

  /** Deletes what is too old, for some ms. True when there is more. */
  deleteOld(): boolean {
    if (this.#faulty || this.#database === undefined) return false;
    const until = performance.now() + DELETE_FOR_MS;
    try {
      while (performance.now() < until) {
        if (!deleteOld(this.#database.sql, this.#options.retention, this.#now())) return false;
      }
      return true;
    } catch {
      // Whatever it is, the next write finds it, too.
      return false;
    }
  }

  /** Lets go of the file. The next write opens it again. */
  close(): void {
    try {
      this.#database?.close();
    } catch {
      // It is not to be used any more, whatever it says.
    }
    this.#database = undefined;
  }
}
