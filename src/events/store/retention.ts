/** Deletes what is too old, a little at a time, so that it never holds up what is written. */
import type { DatabaseSync } from 'node:sqlite';

import type { LogStart } from './control.ts';
import { DAY_MS } from './usage.ts';

const AT_ONCE = 500;

/** Deletes one step's worth. True when there may be more. `now` in ms. */
export function deleteOld(
  sql: DatabaseSync,
  { retention, usageRetention }: Pick<LogStart, 'retention' | 'usageRetention'>,
  now: number,
): boolean {
  // In the order of their numbers: what is kept has no gap, even where a clock was wrong.
  const oldest = sql.prepare('SELECT seq, at FROM event ORDER BY seq LIMIT ?').all(AT_ONCE);
  const young = oldest.findIndex((row) => Number(row['at']) >= now - retention);
  const old = young === -1 ? oldest : oldest.slice(0, young);
  const last = old.at(-1);
  if (last !== undefined) sql.prepare('DELETE FROM event WHERE seq <= ?').run(last['seq']!);
  sql.prepare('DELETE FROM usage WHERE day < ?').run(Math.floor((now - usageRetention) / DAY_MS));
  return old.length === AT_ONCE;
}
