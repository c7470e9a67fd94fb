/** What is known of the quality of sessions over time: asked for once, and then appended to as it happens. Pure. */
import type { CauseId } from '../../../src/qoe/causes.ts';
import type { Level } from '../../../src/qoe/level.ts';
import type { Columns, Person, RoomSession } from './answers.ts';

type Value = number | null;

/** A stretch of `step` seconds of one session. Units as the API has them. */
export type Row = {
  /** ms since the epoch. */
  t: number;
  up: Value;
  down: Value;
  experience: Value;
  /** The lowest of `up` and `down` in it. */
  lowest: Value;
  bitrateUp: Value;
  bitrateDown: Value;
  lossUp: Value;
  lossDown: Value;
  rtt: Value;
  level: Level;
  cause: CauseId | null;
};

export type Track = {
  readonly session: string;
  readonly identity: string;
  joined: number;
  left: number | null;
  /** In the order of time, one for each `t`. */
  rows: Row[];
};

/** Columns, as they are answered, as rows. */
export function rowsOf(columns: Columns): Row[] {
  return columns.t.map((t, at) => ({
    t,
    up: columns.up[at] ?? null,
    down: columns.down[at] ?? null,
    experience: columns.experience[at] ?? null,
    lowest: columns.lowest[at] ?? null,
    bitrateUp: columns.bitrateUp[at] ?? null,
    bitrateDown: columns.bitrateDown[at] ?? null,
    lossUp: columns.lossUp[at] ?? null,
    lossDown: columns.lossDown[at] ?? null,
    rtt: columns.rtt[at] ?? null,
    level: columns.level[at] ?? 'excellent',
    cause: columns.cause[at] ?? null,
  }));
}

export function trackOf({ session, identity, joined, left, series }: RoomSession): Track {
  return { session, identity, joined, left, rows: rowsOf(series) };
}

/** A score as it was told live, as a row of one second. */
export function rowOf(person: Person): Row {
  const { up, down, both, experience, bitrateUp, bitrateDown, lossUp, lossDown, rtt } = person;
  return {
    t: Math.floor(person.at / 1000) * 1000,
    up: up.score,
    down: down.score,
    experience,
    lowest: both.score,
    bitrateUp,
    bitrateDown,
    lossUp,
    lossDown,
    rtt,
    level: both.level,
    cause: both.cause?.code ?? null,
  };
}

/** The sessions of one room, in steps of one length. */
export class History {
  /** What it is of: a room and a range. */
  readonly key: string;
  readonly #tracks = new Map<string, Track>();

  constructor(key = '') {
    this.key = key;
  }

  /** Takes what was asked for, beside what came live meanwhile. */
  load(tracks: readonly Track[]): void {
    for (const track of tracks) {
      const live = this.#tracks.get(track.session)?.rows ?? [];
      const last = track.rows.at(-1)?.t ?? -Infinity;
      this.#tracks.set(track.session, { ...track, rows: [...track.rows, ...live.filter(({ t }) => t > last)] });
    }
  }

  /** Appends a second, and forgets what was before `from`, ms. A second that is told of twice counts as it was told last. */
  append(person: Person, from: number): void {
    let track = this.#tracks.get(person.session);
    if (track === undefined) {
      const { session, identity, joined } = person;
      track = { session, identity, joined, left: null, rows: [] };
      this.#tracks.set(session, track);
    }
    const row = rowOf(person);
    const last = track.rows.at(-1);
    if (last === undefined || row.t > last.t) track.rows.push(row);
    else if (row.t === last.t) track.rows[track.rows.length - 1] = row;
    // Not one by one: an array that loses its first row each second is copied each second.
    if ((track.rows[60]?.t ?? Infinity) < from) track.rows = track.rows.filter(({ t }) => t >= from);
  }

  /** Those of whom something is known from `from` to `to`, the first to come first: their colours stay theirs. */
  tracks(from: number, to: number): Track[] {
    return [...this.#tracks.values()]
      .filter(({ rows }) => (rows.at(-1)?.t ?? -Infinity) >= from && (rows[0]?.t ?? Infinity) < to)
      .toSorted((a, b) => a.joined - b.joined || (a.session < b.session ? -1 : 1));
  }
}
