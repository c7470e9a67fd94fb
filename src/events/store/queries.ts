/** What the log can be asked. Each answer is bounded. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import { DAY_MS } from './usage.ts';

export type LogQuery =
  /** Events with higher numbers than `after`, the lowest first. Without `after`: from the oldest that is kept. */
  | { type: 'events'; after: number | undefined; room: string | undefined; limit: number }
  | ({ type: 'usage'; limit: number; after: UsageKey | undefined } & UsageFilter);

/** Days since the epoch, UTC; both are included. */
export type UsageFilter = {
  readonly from: number;
  readonly to: number;
  readonly room: string | undefined;
  readonly keyId: string | undefined;
};

/** The order of usage, and where a page ends. */
export type UsageKey = { readonly day: number; readonly room: string; readonly keyId: string };

export type EventsAnswer =
  | {
      readonly events: readonly { readonly seq: number; readonly type: string; readonly text: string }[];
      /** All events up to this number were looked at. */
      readonly upTo: number;
      /** The last number in the log. */
      readonly last: number;
    }
  /** `after` is a number from which this log cannot go on. It has `first` to `last`; `first` is one more where it is empty. */
  | { readonly missing: { readonly first: number; readonly last: number } };

/** `room` is empty where bytes were relayed for no room. */
export type UsageRow = UsageKey & {
  readonly joins: number;
  readonly participantMs: number;
  readonly publishedBytes: number;
  readonly forwardedBytes: number;
  readonly relayedBytes: number;
};
export type UsageAnswer = { readonly rows: readonly UsageRow[]; readonly asOf: number; readonly more: boolean };

/** The answer to each query. */
export type LogAnswers = { events: EventsAnswer; usage: UsageAnswer };

/** Bytes of events in one answer, about: then it ends, though not at its limit. */
const MAX_BYTES = 1024 * 1024;

/** Answers `query` as of `now`, ms; throws what SQLite says. */
export function answer(sql: DatabaseSync, query: LogQuery, now: number): EventsAnswer | UsageAnswer {
  return query.type === 'events' ? events(sql, query) : usage(sql, query, now);
}

function events(sql: DatabaseSync, { after, room, limit }: Extract<LogQuery, { type: 'events' }>): EventsAnswer {
  const last = Number(sql.prepare('SELECT last FROM log').get()!['last']);
  const first = Number(sql.prepare('SELECT min(seq) AS seq FROM event').get()!['seq'] ?? last + 1);
  const from = after ?? first - 1;
  if (from < first - 1 || from > last) return { missing: { first, last } };
  const statement =
    room === undefined
      ? sql.prepare('SELECT seq, type, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?')
      : sql.prepare('SELECT seq, type, body FROM event WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?');
  const found: { seq: number; type: string; text: string }[] = [];
  let bytes = 0;
  for (const row of statement.iterate(...(room === undefined ? [] : [room]), from, limit)) {
    const text = String(row['body']);
    found.push({ seq: Number(row['seq']), type: String(row['type']), text });
    bytes += text.length;
    if (bytes > MAX_BYTES) return { events: found, upTo: found.at(-1)!.seq, last };
  }
  return { events: found, upTo: found.length < limit ? last : found.at(-1)!.seq, last };
}

/** Those who are in a room count up to now. */
function usage(sql: DatabaseSync, query: Extract<LogQuery, { type: 'usage' }>, now: number): UsageAnswer {
  const { from, to, room, keyId, after, limit } = query;
  const conditions: [string, ...SQLInputValue[]][] = [['day BETWEEN ? AND ?', from, to]];
  if (room !== undefined) conditions.push(['room = ?', room]);
  if (keyId !== undefined) conditions.push(['keyId = ?', keyId]);
  if (after !== undefined) conditions.push(['(day, room, keyId) > (?, ?, ?)', after.day, after.room, after.keyId]);
  const where = conditions.map(([text]) => text).join(' AND ');
  const values = conditions.flatMap(([, ...each]) => each);
  const rows = sql
    .prepare(
      `WITH RECURSIVE present (day, room, keyId, since) AS (
         SELECT joined / ${DAY_MS}, room, keyId, joined FROM open_participant
         UNION ALL SELECT day + 1, room, keyId, (day + 1) * ${DAY_MS} FROM present WHERE (day + 1) * ${DAY_MS} < ?
       )
       SELECT day, room, keyId, sum(joins) AS joins, sum(ms) AS participantMs, sum(publishedBytes) AS publishedBytes,
         sum(forwardedBytes) AS forwardedBytes, sum(relayedBytes) AS relayedBytes
       FROM (
         SELECT day, room, keyId, joins, participantMs AS ms, publishedBytes, forwardedBytes, relayedBytes
         FROM usage WHERE ${where}
         UNION ALL SELECT day, room, keyId, 0, max(0, min(?, (day + 1) * ${DAY_MS}) - since), 0, 0, 0
         FROM present WHERE ${where}
       ) GROUP BY day, room, keyId ORDER BY day, room, keyId LIMIT ?`,
    )
    .all(now, ...values, now, ...values, limit + 1) as UsageRow[];
  return { rows: rows.slice(0, limit), asOf: now, more: rows.length > limit };
}
