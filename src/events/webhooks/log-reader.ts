/** The event log as the webhooks' thread reads it: by a connection of its own, which never writes. */
import { DatabaseSync } from 'node:sqlite';

import type { LoggedEvent, LogReader } from './outbox.ts';

const COLUMNS = "seq, at, type, coalesce(room, '') AS room, body AS text";

export class LogFileReader implements LogReader {
  readonly #sql: DatabaseSync;
  readonly #after;
  readonly #ofRoom;
  readonly #roomless;
  readonly #one;

  constructor(path: string) {
    const sql = new DatabaseSync(path, { readOnly: true, timeout: 2000 });
    this.#sql = sql;
    this.#after = sql.prepare(`SELECT ${COLUMNS} FROM event WHERE seq > ? ORDER BY seq LIMIT ?`);
    this.#ofRoom = sql.prepare(
      `SELECT ${COLUMNS} FROM event WHERE room = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT 1`,
    );
    this.#roomless = sql.prepare(
      `SELECT ${COLUMNS} FROM event WHERE room IS NULL AND seq BETWEEN ? AND ? ORDER BY seq LIMIT 1`,
    );
    this.#one = sql.prepare(`SELECT ${COLUMNS} FROM event WHERE seq = ?`);
  }

  /** Unique to the log's file, and the last number in it. */
  get position(): { id: string; last: number } {
    return this.#sql.prepare('SELECT id, last FROM log').get() as { id: string; last: number };
  }

  after(seq: number, limit: number): LoggedEvent[] {
    return this.#after.all(seq, limit) as LoggedEvent[];
  }

  ofRoom(room: string, from: number, to: number): LoggedEvent | undefined {
    return (room === '' ? this.#roomless.get(from, to) : this.#ofRoom.get(room, from, to)) as LoggedEvent | undefined;
  }

  one(seq: number): LoggedEvent | undefined {
    return this.#one.get(seq) as LoggedEvent | undefined;
  }

  close(): void {
    this.#sql.close();
  }
}
