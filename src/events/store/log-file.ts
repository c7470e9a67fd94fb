/** The log's file on the store's thread: appends events, and with each what it means for usage and for what is open. */
import { randomBytes } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

import { openSqlite, transact } from '../../store/sqlite.ts';
import { type EventFields, SERVER_LOST } from '../event.ts';
import type { EventBatch } from '../journal.ts';
import type { LogStart } from './control.ts';
import { MIGRATIONS } from './schema.ts';
import { DAY_MS, spanByDay } from './usage.ts';

/** How often it is noted that the writer lives, while anybody is in a room, ms. */
const ALIVE_EVERY_MS = 5000;

export class LogFile {
  readonly sql: DatabaseSync;
  /** Unique to this file. */
  readonly id: string;
  /** Events that were added for what another process left open. */
  readonly closed: number;
  readonly #lock: DatabaseSync | undefined;
  readonly #statements: Statements;
  #last: number;
  #aliveAt: number;

  /**
   * Opens or makes the file, and closes what another process left open. Throws what SQLite says, `locked` where another
   * process has the log.
   *
   * @param firstLast The number that an empty file goes on from.
   */
  constructor({ path, busyTimeout, writer }: LogStart, firstLast: number, now: number) {
    this.#lock = path === ':memory:' ? undefined : lock(`${path}.lock`, busyTimeout);
    let sql: DatabaseSync | undefined;
    try {
      // The thread of webhooks reads it, too.
      sql = openSqlite({ path, busyTimeout, durability: 'full', alone: false, migrations: MIGRATIONS });
      this.sql = sql;
      this.#statements = prepare(sql);
      const found = readLog(sql) ?? beginLog(sql, { writer, last: firstLast, alive: now });
      this.id = found.id;
      this.#last = found.last;
      this.#aliveAt = now;
      this.closed = found.writer === writer ? 0 : transact(sql, () => this.#closeAbandoned(writer, found.alive, now));
    } catch (error) {
      sql?.close();
      this.#lock?.close();
      throw error;
    }
  }

  /** The last number in it. */
  get last(): number {
    return this.#last;
  }

  /** Writes `batch` in one transaction, or throws and has written nothing. One that is there already stays as it is. */
  append({ first, texts }: EventBatch): void {
    const before = this.#last;
    if (first + texts.length - 1 <= before) return;
    try {
      transact(this.sql, () => {
        for (const [index, text] of texts.entries()) this.#add(first + index, text);
        this.#statements.last.run(this.#last);
      });
    } catch (error) {
      this.#last = before;
      throw error;
    }
  }

  /** Notes now and then that the writer lives. */
  noteAlive(now: number): void {
    if (now - this.#aliveAt < ALIVE_EVERY_MS && now >= this.#aliveAt) return;
    this.#aliveAt = now;
    if (this.#statements.anybody.get() !== undefined) this.#statements.alive.run(now);
  }

  close(): void {
    if (this.sql.isOpen) this.sql.close();
    this.#lock?.close();
  }

  #add(seq: number, text: string): void {
    const event = JSON.parse(text) as EventFields;
    const at = Date.parse(event.at);
    this.#statements.event.run(seq, at, event.type, event.room ?? null, text);
    this.#last = seq;
    this.#apply(event, at);
  }

  #apply(event: EventFields, at: number): void {
    const { type, roomId = '', room = '', participantId = '', identity = '', keyId = '', producerId = '' } = event;
    const to = this.#statements;
    if (event.roomSeq !== undefined) to.openRoom.run(roomId, room, event.roomSeq);
    switch (type) {
      case 'room-closed':
        to.closeRoom.run(roomId);
        return;
      case 'participant-joined':
        to.openParticipant.run(participantId, roomId, room, identity, keyId, at);
        to.use.run(Math.floor(at / DAY_MS), room, keyId, 1, 0);
        return;
      case 'participant-left': {
        const joined = to.participant.get(participantId);
        if (joined === undefined) return;
        to.closeParticipant.run(participantId);
        for (const { day, ms } of spanByDay(Number(joined['joined']), at)) {
          to.use.run(day, room, String(joined['keyId']), 0, ms);
        }
        return;
      }
      case 'track-published':
        to.openTrack.run(producerId, participantId, event.source ?? '');
        return;
      case 'track-unpublished':
        to.closeTrack.run(producerId);
        return;
      case 'bytes-counted': {
        const { publishedBytes = 0, forwardedBytes = 0, relayedBytes = 0 } = event;
        to.useBytes.run(Math.floor(at / DAY_MS), room, keyId, publishedBytes, forwardedBytes, relayedBytes);
        return;
      }
      default:
        return;
    }
  }

  /** Tracks, then participants, then rooms. They ended when their server was last known to live, not when this one began. */
  #closeAbandoned(writer: string, alive: number, now: number): number {
    const { sql } = this;
    const first = this.#last;
    const lastAt = Number(
      sql.prepare('SELECT max(at) AS at FROM (SELECT at FROM event ORDER BY seq DESC LIMIT 1)').get()?.['at'] ?? 0,
    );
    const at = new Date(Math.min(now, Math.max(alive, lastAt))).toISOString();
    for (const { id: roomId, room, roomSeq: before } of rowsOf<OpenRoom>(sql, 'SELECT * FROM open_room')) {
      let roomSeq = before;
      const add = (event: Omit<EventFields, 'seq' | 'roomSeq' | 'at' | 'room' | 'roomId'>) => {
        roomSeq += 1;
        const { type, ...rest } = event;
        this.#add(this.#last + 1, JSON.stringify({ seq: this.#last + 1, roomSeq, type, at, room, roomId, ...rest }));
      };
      const people = rowsOf<OpenParticipant>(
        sql,
        'SELECT * FROM open_participant WHERE roomId = ? ORDER BY joined',
        roomId,
      );
      for (const { id: participantId, identity } of people) {
        const tracks = rowsOf<OpenTrack>(sql, 'SELECT * FROM open_track WHERE participantId = ?', participantId);
        for (const { id: producerId, source } of tracks) {
          add({ type: 'track-unpublished', identity, participantId, producerId, source });
        }
        add({ type: 'participant-left', identity, participantId, reason: SERVER_LOST });
      }
      add({ type: 'room-closed', reason: SERVER_LOST });
    }
    sql.exec('DELETE FROM open_track; DELETE FROM open_participant; DELETE FROM open_room;');
    sql.prepare('UPDATE log SET writer = ?, last = ?, alive = ?').run(writer, this.#last, now);
    return this.#last - first;
  }
}

type OpenRoom = { id: string; room: string; roomSeq: number };
type OpenParticipant = { id: string; identity: string };
type OpenTrack = { id: string; source: string };

type Statements = Record<
  | 'event'
  | 'last'
  | 'alive'
  | 'anybody'
  | 'openRoom'
  | 'closeRoom'
  | 'participant'
  | 'openParticipant'
  | 'closeParticipant'
  | 'openTrack'
  | 'closeTrack'
  | 'use'
  | 'useBytes',
  StatementSync
>;

function prepare(sql: DatabaseSync): Statements {
  return {
    event: sql.prepare('INSERT INTO event (seq, at, type, room, body) VALUES (?, ?, ?, ?, ?)'),
    last: sql.prepare('UPDATE log SET last = ?'),
    alive: sql.prepare('UPDATE log SET alive = ?'),
    anybody: sql.prepare('SELECT 1 FROM open_participant LIMIT 1'),
    openRoom: sql.prepare('INSERT OR REPLACE INTO open_room (id, room, roomSeq) VALUES (?, ?, ?)'),
    closeRoom: sql.prepare('DELETE FROM open_room WHERE id = ?'),
    participant: sql.prepare('SELECT keyId, joined FROM open_participant WHERE id = ?'),
    openParticipant: sql.prepare('INSERT OR REPLACE INTO open_participant VALUES (?, ?, ?, ?, ?, ?)'),
    closeParticipant: sql.prepare('DELETE FROM open_participant WHERE id = ?'),
    openTrack: sql.prepare('INSERT OR REPLACE INTO open_track VALUES (?, ?, ?)'),
    closeTrack: sql.prepare('DELETE FROM open_track WHERE id = ?'),
    use: sql.prepare(
      'INSERT INTO usage (day, room, keyId, joins, participantMs) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE ' +
        'SET joins = joins + excluded.joins, participantMs = participantMs + excluded.participantMs',
    ),
    useBytes: sql.prepare(
      'INSERT INTO usage (day, room, keyId, joins, participantMs, publishedBytes, forwardedBytes, relayedBytes) ' +
        'VALUES (?, ?, ?, 0, 0, ?, ?, ?) ON CONFLICT DO UPDATE SET ' +
        'publishedBytes = publishedBytes + excluded.publishedBytes, ' +
        'forwardedBytes = forwardedBytes + excluded.forwardedBytes, ' +
        'relayedBytes = relayedBytes + excluded.relayedBytes',
    ),
  };
}

type LogRow = { id: string; writer: string; last: number; alive: number };

function readLog(sql: DatabaseSync): LogRow | undefined {
  return sql.prepare('SELECT id, writer, last, alive FROM log').get() as LogRow | undefined;
}

function beginLog(sql: DatabaseSync, { writer, last, alive }: Omit<LogRow, 'id'>): LogRow {
  const id = randomBytes(6).toString('hex');
  sql.prepare('INSERT INTO log VALUES (?, ?, ?, ?)').run(id, writer, last, alive);
  return { id, writer, last, alive };
}

function rowsOf<Row>(sql: DatabaseSync, query: string, ...values: string[]): Row[] {
  return sql.prepare(query).all(...values) as Row[];
}

/** The log belongs to one process: it holds this file locked for as long as it lives, however it ends. */
function lock(path: string, busyTimeout: number): DatabaseSync {
  const file = new DatabaseSync(path, { timeout: busyTimeout });
  try {
    file.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (x); COMMIT;');
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}
