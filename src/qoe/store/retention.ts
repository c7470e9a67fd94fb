/** Deletes what is too old, a little at a time, so that it never holds up what is written. */
import type { DatabaseSync } from 'node:sqlite';

import { transact } from '../../store/sqlite.ts';
import type { Retention } from './control.ts';
import { firstKey } from './keys.ts';
import { STEP_NAMES, STEPS } from './rollup.ts';

/** Sessions whose rows are deleted in one step. */
const SESSIONS_PER_STEP = 20;

/** Deletes one step's worth. True when there may be more. `now` in ms. */
export function deleteOld(sql: DatabaseSync, retention: Retention, now: number): boolean {
  for (const name of STEP_NAMES) {
    const first = Math.floor((now - retention[name]) / 1000 / STEPS[name].slot);
    const oldest = sql.prepare(`SELECT slot, session FROM ${name} ORDER BY slot, session LIMIT 1`).get();
    if (oldest === undefined || Number(oldest['slot']) >= first) continue;
    // The sessions of a slot lie side by side, each with its rows.
    const last = sql
      .prepare(`SELECT DISTINCT session FROM ${name} WHERE slot = ? ORDER BY session LIMIT ?`)
      .all(oldest['slot']!, SESSIONS_PER_STEP)
      .at(-1)!;
    sql.prepare(`DELETE FROM ${name} WHERE slot = ? AND session <= ?`).run(oldest['slot']!, last['session']!);
    return true;
  }
  const before = now - retention.p60;
  const days = sql.prepare('DELETE FROM cost WHERE day < ?').run(Math.floor(before / 86_400_000));
  const over = '(SELECT key FROM session WHERE "left" < ? ORDER BY "left" LIMIT ?)';
  const some = [before, SESSIONS_PER_STEP * 10] as const;
  const sessions = transact(sql, () => {
    sql.prepare(`DELETE FROM session_cost WHERE session IN ${over}`).run(...some);
    return sql.prepare(`DELETE FROM session WHERE key IN ${over}`).run(...some);
  });
  return Number(days.changes) + Number(sessions.changes) > 0;
}

/** Sessions of an earlier process that were open when it ended: they ended when they were last heard of. */
export function closeAbandoned(sql: DatabaseSync, writer: number): void {
  sql.prepare('DELETE FROM progress WHERE writer <> ?').run(writer);
  sql
    .prepare(
      `UPDATE session SET endReason = 'server-ended', "left" = max(joined, (lastT + 1) * 1000) ` +
        'WHERE "left" IS NULL AND key < ?',
    )
    .run(firstKey(writer));
}
