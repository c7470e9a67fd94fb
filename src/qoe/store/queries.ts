/** What the store can be asked. Each answer is bounded. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import { LEVELS } from '../level.ts';
import { BUCKET_NAMES, type Bucket, bucketOf, POINT_COLUMNS, readWorst, STEPS, type StepName } from './rollup.ts';

/** Times are ms since the epoch; `from` is included, `to` is not. */
export type Query =
  | { type: 'session'; id: string }
  | ({ type: 'sessions' } & SessionFilter & Page)
  /** Those that were in the room at any time from `from` to `to`; MAX_KEYS at most. */
  | { type: 'room'; room: string; from: number; to: number }
  | { type: 'session-costs'; key: number }
  /** How many sessions that began from `from` to `to` have each level. */
  | { type: 'levels'; from: number; to: number; room?: string | undefined }
  | { type: 'timeline'; keys: readonly number[]; from: number; to: number; step: StepName }
  | { type: 'costs'; from: number; to: number; room?: string | undefined };

export type SessionFilter = {
  from?: number | undefined;
  to?: number | undefined;
  /** A number of LEVELS: the session's worst for a while. */
  level?: number | undefined;
  identity?: string | undefined;
  room?: string | undefined;
};

export type Page = {
  /** 1 to 200. */
  limit: number;
  /** Where the page before ended, as its `next` has it. */
  after?: { joined: number; key: number } | undefined;
};

/** A session as it is stored. Times in ms since the epoch, steps in ms, seconds of each level, scores · 100. */
export type SessionRow = {
  key: number;
  id: string;
  room: string;
  roomId: string;
  identity: string;
  joined: number;
  left: number | null;
  endReason: string | null;
  joinSocket: number | null;
  joinAnswered: number | null;
  joinConnected: number | null;
  joinFirstFrame: number | null;
  reconnects: number;
  lost: number;
  poor: number;
  good: number;
  excellent: number;
  scoreN: number;
  scoreSum: number;
  /** 999 while nothing was scored. */
  scoreMin: number;
  level: number;
};

export type TimelineRow = Bucket & { session: number; t: number };
export type CostRow = { cause: number; seconds: number; cost: number };

/** The answer to each query. */
export type Answers = {
  session: SessionRow | undefined;
  /** The newest first. `next` is where the next page goes on; undefined after the last. */
  sessions: { rows: SessionRow[]; next: { joined: number; key: number } | undefined };
  room: SessionRow[];
  'session-costs': CostRow[];
  /** By LEVELS. */
  levels: number[];
  timeline: TimelineRow[];
  /** The dearest first. */
  costs: CostRow[];
};

export const MAX_PAGE = 200;
/** Rows of a timeline: 50 participants for an hour in steps of 10 s. */
export const MAX_ROWS = 20_000;
export const MAX_KEYS = 500;
/** Slots of a day in p10, the most that a retention has by default. */
const MAX_SLOTS = 1500;

const SESSION_COLUMNS =
  'key, id, room, roomId, identity, joined, "left", endReason, joinSocket, joinAnswered, joinConnected, ' +
  'joinFirstFrame, reconnects, lost, poor, good, excellent, scoreN, scoreSum, scoreMin, level';

/** Answers `query`; throws what SQLite says. */
export function answer(sql: DatabaseSync, query: Query): Answers[Query['type']] {
  switch (query.type) {
    case 'session':
      return plain<SessionRow>(sql.prepare(`SELECT ${SESSION_COLUMNS} FROM session WHERE id = ?`).all(query.id))[0];
    case 'sessions':
      return sessions(sql, query);
    case 'room':
      return plain<SessionRow>(
        sql
          .prepare(
            `SELECT ${SESSION_COLUMNS} FROM session WHERE room = ? AND joined < ? AND ("left" IS NULL OR "left" > ?) ` +
              'ORDER BY joined DESC, key DESC LIMIT ?',
          )
          .all(query.room, query.to, query.from, MAX_KEYS),
      );
    case 'session-costs':
      return plain<CostRow>(
        sql
          .prepare('SELECT cause, seconds, cost FROM session_cost WHERE session = ? ORDER BY cost DESC, cause')
          .all(query.key),
      );
    case 'levels':
      return levels(sql, query);
    case 'timeline':
      return timeline(sql, query);
    case 'costs':
      return costs(sql, query);
  }
}

function sessions(sql: DatabaseSync, query: SessionFilter & Page): Answers['sessions'] {
  const limit = Math.max(1, Math.min(MAX_PAGE, query.limit));
  const conditions: [string, ...SQLInputValue[]][] = [];
  if (query.level !== undefined) conditions.push(['level = ?', query.level]);
  if (query.identity !== undefined) conditions.push(['identity = ?', query.identity]);
  if (query.room !== undefined) conditions.push(['room = ?', query.room]);
  if (query.from !== undefined) conditions.push(['joined >= ?', query.from]);
  if (query.to !== undefined) conditions.push(['joined < ?', query.to]);
  // Row values walk the index from where the page before ended, however far that is.
  if (query.after !== undefined) conditions.push(['(joined, key) < (?, ?)', query.after.joined, query.after.key]);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(([text]) => text).join(' AND ')}`;
  const rows = plain<SessionRow>(
    sql
      .prepare(`SELECT ${SESSION_COLUMNS} FROM session ${where} ORDER BY joined DESC, key DESC LIMIT ?`)
      .all(...conditions.flatMap(([, ...values]) => values), limit + 1),
  );
  if (rows.length <= limit) return { rows, next: undefined };
  rows.pop();
  const { joined, key } = rows.at(-1)!;
  return { rows, next: { joined, key } };
}

function levels(sql: DatabaseSync, { from, to, room }: Extract<Query, { type: 'levels' }>): number[] {
  const statement = sql.prepare(
    'SELECT count(*) AS n FROM session WHERE level = ? AND joined >= ? AND joined < ?' +
      (room === undefined ? '' : ' AND room = ?'),
  );
  return LEVELS.map((_, level) =>
    Number(statement.get(level, from, to, ...(room === undefined ? [] : [room]))?.['n'] ?? 0),
  );
}

function timeline(sql: DatabaseSync, query: Extract<Query, { type: 'timeline' }>): TimelineRow[] {
  const { slot, seconds } = STEPS[query.step];
  const from = Math.floor(query.from / 1000);
  const to = Math.ceil(query.to / 1000);
  const last = Math.floor((to - 1) / slot);
  const first = Math.max(Math.floor((from - seconds) / slot), last - MAX_SLOTS);
  // One seek for each slot. The row in which `from` lies counts, too.
  const statement = sql.prepare(
    'WITH RECURSIVE slots (n) AS (SELECT ? UNION ALL SELECT n + 1 FROM slots WHERE n < ?) ' +
      `SELECT session, t, ${(query.step === 'p1' ? POINT_COLUMNS : BUCKET_NAMES).join(', ')} ` +
      `FROM slots CROSS JOIN ${query.step} ON slot = n AND session = ? AND t > ? AND t < ? ORDER BY t LIMIT ?`,
  );
  const rows: TimelineRow[] = [];
  for (const key of query.keys.slice(0, MAX_KEYS)) {
    if (rows.length >= MAX_ROWS) break;
    const found = statement.all(first, last, key, from - seconds, to, MAX_ROWS - rows.length);
    rows.push(...(query.step === 'p1' ? found.map(pointRow) : plain<TimelineRow>(found)));
  }
  return rows;
}

/** A row of p1 in the form of the others. */
function pointRow(row: Record<string, unknown>): TimelineRow {
  const number = (name: string) => (row[name] === null ? -1 : Number(row[name]));
  const [session, t] = [number('session'), number('t')];
  const point = Object.fromEntries(POINT_COLUMNS.map((name) => [name, number(name)])) as Record<
    (typeof POINT_COLUMNS)[number],
    number
  >;
  return { session, t, ...bucketOf({ ...point, session, t, ...(readWorst(point.worst) ?? { cause: -1, cost: 0 }) }) };
}

function costs(sql: DatabaseSync, { from, to, room }: Extract<Query, { type: 'costs' }>): CostRow[] {
  const days = [Math.floor(from / 86_400_000), Math.ceil(to / 86_400_000)] as const;
  return plain(
    sql
      .prepare(
        'SELECT cause, sum(seconds) AS seconds, sum(cost) AS cost FROM cost ' +
          `WHERE day >= ? AND day < ? ${room === undefined ? '' : 'AND room = ?'} ` +
          'GROUP BY cause ORDER BY sum(cost) DESC, cause',
      )
      .all(...days, ...(room === undefined ? [] : [room])),
  );
}

/** SQLite's rows have no prototype, which structured clone gives back anyway. */
function plain<Row>(rows: readonly Record<string, unknown>[]): Row[] {
  return rows as Row[];
}
