/** Keeps at a database file that may be full, locked, gone or damaged: tries, says what is wrong, waits, tries again. */
import { faultOf, moveAside, type StoreFault } from './fault.ts';

/** What becomes of a file, for all parts of the store. */
export type FileReport =
  | { type: 'fault'; why: StoreFault; message: string }
  | { type: 'healed' }
  /** The file was not a database any more and stands aside under another name: an empty one took its place. */
  | { type: 'reset'; movedTo: string };

export type KeeperOptions<Database> = {
  readonly path: string;
  /** How long after a failure it is tried again, ms. */
  readonly retryAfter: number;
  readonly open: () => Database;
  readonly tell: (report: FileReport) => void;
  /** ms since the epoch. */
  readonly now: () => number;
};

export class Keeper<Database extends { close(): void }> {
  readonly #options: KeeperOptions<Database>;
  #database: Database | undefined;
  #faulty = false;
  #retryAt = -Infinity;

  constructor(options: KeeperOptions<Database>) {
    this.#options = options;
  }

  get faulty(): boolean {
    return this.#faulty;
  }

  /** The database as it is; throws where it cannot be opened. */
  open(): Database {
    this.#database ??= this.#options.open();
    return this.#database;
  }

  /** Lets `act` write, unless the time to try again has not come. True when it has. */
  attempt(act: (database: Database) => void): boolean {
    if (this.#options.now() < this.#retryAt) return false;
    try {
      act(this.open());
    } catch (error) {
      this.#failed(error);
      return false;
    }
    this.#retryAt = -Infinity;
    if (this.#faulty) {
      this.#faulty = false;
      this.#options.tell({ type: 'healed' });
    }
    return true;
  }

  /** What `act` reads; throws what SQLite says. What it finds to be damaged is dealt with as by `attempt`. */
  read<Result>(act: (database: Database) => Result): Result {
    try {
      return act(this.open());
    } catch (error) {
      if (faultOf(error) === 'corrupt') this.#failed(error);
      throw error;
    }
  }

  /** Lets go of the file. The next attempt opens it again. */
  close(): void {
    try {
      this.#database?.close();
    } catch {
      // It is not to be used any more, whatever it says.
    }
    this.#database = undefined;
  }

  #failed(error: unknown): void {
    const why = faultOf(error);
    this.#faulty = true;
    this.#retryAt = this.#options.now() + this.#options.retryAfter;
    this.#options.tell({ type: 'fault', why, message: messageOf(error) });
    // A lock and a full disk pass. What else is wrong may be wrong with the connection.
    if (why !== 'locked' && why !== 'full') this.close();
    if (why === 'corrupt') this.#startAnew();
  }

  #startAnew(): void {
    try {
      this.#options.tell({ type: 'reset', movedTo: moveAside(this.#options.path, this.#options.now()) });
      this.#retryAt = -Infinity;
    } catch (error) {
      this.#options.tell({ type: 'fault', why: 'unwritable', message: messageOf(error) });
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
