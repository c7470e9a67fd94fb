/** What was delivered, on the webhooks' thread: where each endpoint stands, what is behind, what was given up. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { openSqlite, transact } from '../../store/sqlite.ts';
import type { DeadLetterRow } from './control.ts';
import type { Lane, LoggedEvent, OutboxChanges, OutboxState } from './outbox.ts';

/** Dead letters that are kept of an endpoint; the oldest go first. */
const MAX_DEAD = 100_000;

const MIGRATIONS = [
  `
  CREATE TABLE endpoint (
    name TEXT PRIMARY KEY, log TEXT NOT NULL, cursor INTEGER NOT NULL, failures INTEGER NOT NULL,
    failingSince INTEGER, notBefore INTEGER NOT NULL, disabled INTEGER NOT NULL, lastError TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE lane (
    name TEXT NOT NULL, lane TEXT NOT NULL, seq INTEGER NOT NULL, attempts INTEGER NOT NULL,
    firstFailed INTEGER, notBefore INTEGER NOT NULL, PRIMARY KEY (name, lane)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE dead (
    name TEXT NOT NULL, seq INTEGER NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL, diedAt INTEGER NOT NULL,
    at INTEGER NOT NULL, type TEXT NOT NULL, room TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (name, seq)
  ) STRICT, WITHOUT ROWID;
  `,
];

export class DeliveryFile {
  readonly #sql: DatabaseSync;
  readonly #endpoint: StatementSync;
  readonly #lane: StatementSync;
  readonly #noLane: StatementSync;
  readonly #dead: StatementSync;
  readonly #revived: StatementSync;

  constructor(path: string) {
    // What a loss of power takes is delivered again.
    const sql = openSqlite({ path, busyTimeout: 2000, durability: 'normal', alone: false, migrations: MIGRATIONS });
    this.#sql = sql;
    this.#endpoint = sql.prepare('INSERT OR REPLACE INTO endpoint VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    this.#lane = sql.prepare('INSERT OR REPLACE INTO lane VALUES (?, ?, ?, ?, ?, ?)');
    this.#noLane = sql.prepare('DELETE FROM lane WHERE name = ? AND lane = ?');
    this.#dead = sql.prepare('INSERT OR REPLACE INTO dead VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#revived = sql.prepare('DELETE FROM dead WHERE name = ? AND seq = ?');
  }

  /** Where an endpoint stands in the log `log`; undefined where it has not been seen before. */
  state(name: string): (OutboxState & { log: string }) | undefined {
    const row = this.#sql.prepare('SELECT * FROM endpoint WHERE name = ?').get(name);
    if (row === undefined) return undefined;
    return {
      log: String(row['log']),
      cursor: Number(row['cursor']),
      failures: Number(row['failures']),
      failingSince: numberOf(row['failingSince']),
      notBefore: Number(row['notBefore']),
      disabled: row['disabled'] === 1,
      lastError: row['lastError'] === null ? undefined : String(row['lastError']),
    };
  }

  lanes(name: string): Map<string, Lane> {
    const rows = this.#sql.prepare('SELECT * FROM lane WHERE name = ?').all(name);
    return new Map(
      rows.map((row): [string, Lane] => [
        String(row['lane']),
        {
          seq: Number(row['seq']),
          attempts: Number(row['attempts']),
          firstFailed: numberOf(row['firstFailed']),
          notBefore: Number(row['notBefore']),
        },
      ]),
    );
  }

  /** Stores what has changed, in one transaction. */
  save(name: string, log: string, { state, lanes, dead, revived }: OutboxChanges): void {
    transact(this.#sql, () => {
      const { cursor, failures, failingSince = null, notBefore, disabled, lastError = null } = state;
      this.#endpoint.run(name, log, cursor, failures, failingSince, notBefore, Number(disabled), lastError);
      for (const [key, lane] of lanes) {
        if (lane === undefined) this.#noLane.run(name, key);
        else this.#lane.run(name, key, lane.seq, lane.attempts, lane.firstFailed ?? null, lane.notBefore);
      }
      for (const { event, attempts, reason, diedAt } of dead) {
        const { seq, at, type, room, text } = event;
        this.#dead.run(name, seq, attempts, reason, diedAt, at, type, room, text);
      }
      for (const seq of revived) this.#revived.run(name, seq);
      if (dead.length > 0) this.#trim(name);
    });
  }

  deadLetters(name: string, after: number, limit: number): DeadLetterRow[] {
    return this.#sql
      .prepare(
        'SELECT seq, attempts, reason, diedAt, body AS text FROM dead WHERE name = ? AND seq > ? ORDER BY seq LIMIT ?',
      )
      .all(name, after, limit) as DeadLetterRow[];
  }

  countDead(name: string): number {
    return Number(this.#sql.prepare('SELECT count(*) AS n FROM dead WHERE name = ?').get(name)!['n']);
  }

  dead(name: string, seq: number): LoggedEvent | undefined {
    return this.#sql
      .prepare('SELECT seq, at, type, room, body AS text FROM dead WHERE name = ? AND seq = ?')
      .get(name, seq) as LoggedEvent | undefined;
  }

  close(): void {
    this.#sql.close();
  }

  #trim(name: string): void {
    this.#sql
      .prepare(
        'DELETE FROM dead WHERE name = ? AND seq <= ' +
          '(SELECT seq FROM dead WHERE name = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)',
      )
      .run(name, name, MAX_DEAD);
  }
}

function numberOf(value: unknown): number | undefined {
  return value === null ? undefined : Number(value);
}
