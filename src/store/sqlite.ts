/** SQLite as all parts of the store use it: opened in WAL mode, migrated, written in transactions. */
import { DatabaseSync } from 'node:sqlite';

export type SqliteOptions = {
  /** The database's file, or `:memory:`. */
  readonly path: string;
  /** How long a lock that another process holds is waited for at once, ms. */
  readonly busyTimeout: number;
  /**
   * What a commit waits for (https://sqlite.org/pragma.html#pragma_synchronous). `normal`: the system's page cache. It
   * outlives the process however that ends, and a loss of power takes what came after the last checkpoint. `full`: the disk.
   */
  readonly durability: 'normal' | 'full';
  /**
   * Whether this connection is the only one, of this process and others, and refuses them. SQLite then keeps the index of the
   * log in its own memory (https://sqlite.org/wal.html#noshm): no file beside the database is mapped, and whatever happens
   * to such a file can neither kill the process (SIGBUS where it is cut short) nor send SQLite around in circles.
   */
  readonly alone: boolean;
  /** `PRAGMA user_version` counts the steps that a file has had. A step that was released is never changed. */
  readonly migrations: readonly string[];
};

/** Opens or makes the file. Throws what SQLite says, and then holds nothing open. */
export function openSqlite({ path, busyTimeout, durability, alone, migrations }: SqliteOptions): DatabaseSync {
  const sql = new DatabaseSync(path, { timeout: busyTimeout });
  try {
    // Before anything is read: later it does not keep the index out of the file.
    if (alone) sql.exec('PRAGMA locking_mode = EXCLUSIVE');
    sql.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}; PRAGMA journal_size_limit = 67108864; ` +
        'PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF;',
    );
    migrate(sql, migrations);
    return sql;
  } catch (error) {
    sql.close();
    throw error;
  }
}

/** All that `act` writes, or, where it throws, nothing. */
export function transact<Result>(sql: DatabaseSync, act: () => Result): Result {
  sql.exec('BEGIN IMMEDIATE');
  try {
    const result = act();
    sql.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk may have rolled it back already.
    if (sql.isTransaction) sql.exec('ROLLBACK');
    throw error;
  }
}

function migrate(sql: DatabaseSync, migrations: readonly string[]): void {
  const { user_version: version } = sql.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > migrations.length) {
    throw new Error(`The store was written by a newer version of this server (${version} > ${migrations.length}).`);
  }
  for (const [index, step] of migrations.entries()) {
    if (index >= version) transact(sql, () => sql.exec(`${step} PRAGMA user_version = ${index + 1};`));
  }
}
