/** The database on the store's thread: opens, writes batches. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { openSqlite, transact } from '../../store/sqlite.ts';
import { JOIN_STEPS } from '../session.ts';
import type { Batch, NumberedBatch, StoreStart } from './control.ts';
import { POINT_COLUMNS, POINT_FIELDS, POINT_SIZE, ROLLUP_P10, ROLLUP_P60, STEPS, worstOf } from './rollup.ts';
import { MIGRATIONS } from './schema.ts';

export class Database {
  readonly sql: DatabaseSync;
  readonly #point: StatementSync;
  readonly #mark: StatementSync;
  readonly #start: StatementSync;
  readonly #change: StatementSync;
  readonly #tally: StatementSync;
  readonly #cost: StatementSync;
  readonly #sessionCost: StatementSync;
  readonly #done: StatementSync;
  readonly #progress: StatementSync;
  readonly #writer: number;

  /** Opens or makes the file. Throws what SQLite says. */
  constructor({ path, busyTimeout, writer }: Pick<StoreStart, 'path' | 'busyTimeout' | 'writer'>) {
    this.#writer = writer;
    const sql = openSqlite({ path, busyTimeout, durability: 'normal', alone: true, migrations: MIGRATIONS });
    this.sql = sql;
    try {
      const columns = ['slot', 'session', 't', ...POINT_COLUMNS];
      this.#point = sql.prepare(
        `INSERT OR REPLACE INTO p1 (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      );
      this.#mark = sql.prepare('INSERT OR IGNORE INTO dirty VALUES (?)');
      this.#start = sql.prepare(
        'INSERT INTO session (key, id, room, roomId, identity, joined) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      );
      this.#change = sql.prepare(
        'UPDATE session SET "left" = coalesce(?, "left"), endReason = coalesce(?, endReason), ' +
          `${JOIN_STEPS.map((step) => `${step} = coalesce(?, ${step})`).join(', ')}, ` +
          'reconnects = coalesce(?, reconnects) WHERE key = ?',
      );
      this.#tally = sql.prepare(
        'UPDATE session SET lost = lost + ?, poor = poor + ?, good = good + ?, excellent = excellent + ?, ' +
          'scoreN = scoreN + ?, scoreSum = scoreSum + ?, scoreMin = min(scoreMin, ?), lastT = max(lastT, ?) ' +
          'WHERE key = ?',
      );
      this.#cost = sql.prepare(
        'INSERT INTO cost (day, room, cause, seconds, cost) ' +
          'SELECT ?, room, ?, ?, ? FROM session WHERE key = ? ' +
          'ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds, cost = cost + excluded.cost',
      );
      this.#sessionCost = sql.prepare(
        'INSERT INTO session_cost (session, cause, seconds, cost) VALUES (?, ?, ?, ?) ' +
          'ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds, cost = cost + excluded.cost',
      );
      this.#done = sql.prepare('SELECT sequence FROM progress WHERE writer = ?');
      this.#progress = sql.prepare('INSERT OR REPLACE INTO progress VALUES (?, ?)');
    } catch (error) {
      sql.close();
      throw error;
    }
  }

  /** Writes those of `batches` that are not written yet in one transaction, or throws and has written nothing. */
  write(batches: readonly NumberedBatch[]): void {
    transact(this.sql, () => {
      const before = Number(this.#done.get(this.#writer)?.['sequence'] ?? -1);
      let done = before;
      for (const { sequence, batch } of batches) {
        // One that was sent again may also have waited beside itself.
        if (sequence <= done) continue;
        this.#write(batch);
        done = sequence;
      }
      if (done > before) this.#progress.run(this.#writer, done);
    });
  }

  #write({ starts, changes, points }: Batch): void {
    for (const { key, id, room, roomId, identity, joined } of starts) {
      this.#start.run(key, id, room, roomId, identity, joined);
    }
    this.#writePoints(points);
    for (const { key, left, endReason, joinSteps, reconnects } of changes) {
      const steps = JOIN_STEPS.map((_, index) => joinSteps?.[index] ?? null);
      this.#change.run(left ?? null, endReason ?? null, ...steps, reconnects ?? null, key);
    }
  }

  #writePoints(points: Float64Array): void {
    const slots = new Set<number>();
    const costs = new Map<string, CostTally>();
    for (let at = 0; at < points.length; at += POINT_SIZE) {
      const t = points[at + P.t]!;
      const session = points[at + P.session]!;
      const [cause, cost] = [points[at + P.cause]!, points[at + P.cost]!];
      const slot = Math.floor(t / STEPS.p1.slot);
      const level = points[at + P.level]!;
      const score = points[at + P.experience]!;
      this.#point.run(
        ...[slot, session, t],
        ...[orNull(points[at + P.up]!), orNull(points[at + P.down]!), orNull(score)],
        ...[orNull(points[at + P.bitrateUp]!), orNull(points[at + P.bitrateDown]!)],
        ...[orNull(points[at + P.lossUp]!), orNull(points[at + P.lossDown]!), orNull(points[at + P.rtt]!)],
        ...[level, worstOf(cause, cost)],
      );
      this.#tally.run(
        ...[Number(level === 0), Number(level === 1), Number(level === 2), Number(level === 3)],
        ...[score >= 0 ? 1 : 0, Math.max(0, score), score >= 0 ? score : 999, t, session],
      );
      slots.add(slot);
      if (cause >= 0 && cost > 0) addCost(costs, Math.floor(t / 86_400), cause, session, cost);
    }
    for (const slot of slots) this.#mark.run(slot);
    for (const { day, cause, session, seconds, cost } of costs.values()) {
      this.#cost.run(day, cause, seconds, cost, session);
      this.#sessionCost.run(session, cause, seconds, cost);
    }
  }

  /**
   * Rolls up the slots that are over at `now` (ms) and were written since they were rolled up last; some of them at once. Rows are
   * made anew from those below, so it may happen twice.
   */
  rollUp(now: number): void {
    const over = Math.floor(now / 1000 / STEPS.p1.slot);
    const slots = this.sql.prepare('SELECT slot FROM dirty WHERE slot < ? ORDER BY slot LIMIT 12').all(over);
    if (slots.length === 0) return;
    transact(this.sql, () => {
      const minutes = new Set<number>();
      for (const { slot } of slots as { slot: number }[]) {
        this.sql.prepare(ROLLUP_P10).run(slot);
        this.sql.prepare('DELETE FROM dirty WHERE slot = ?').run(slot);
        minutes.add(Math.floor((slot * STEPS.p1.slot) / STEPS.p10.slot));
      }
      for (const minute of minutes) this.sql.prepare(ROLLUP_P60).run(minute);
    });
  }

  close(): void {
    if (this.sql.isOpen) this.sql.close();
  }
}

/** Where each number of a point stands. */
const P = Object.fromEntries(POINT_FIELDS.map((name, index) => [name, index])) as Readonly<
  Record<(typeof POINT_FIELDS)[number], number>
>;

function orNull(value: number): number | null {
  return value >= 0 ? value : null;
}

type CostTally = { day: number; cause: number; session: number; seconds: number; cost: number };

function addCost(costs: Map<string, CostTally>, day: number, cause: number, session: number, cost: number): void {
  const key = `${day} ${cause} ${session}`;
  const found = costs.get(key);
  if (found === undefined) costs.set(key, { day, cause, session, seconds: 1, cost });
  else {
    found.seconds += 1;
    found.cost += cost;
  }
}
