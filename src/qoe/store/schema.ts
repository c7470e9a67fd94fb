/** The tables, as the steps by which a file of an older version becomes one of this. */
import { BUCKET_NAMES, POINT_COLUMNS } from './rollup.ts';

const key = 'slot INTEGER NOT NULL, session INTEGER NOT NULL, t INTEGER NOT NULL';
const end = 'PRIMARY KEY (slot, session, t)) STRICT, WITHOUT ROWID;';
const buckets = BUCKET_NAMES.map((name) => `${name} INTEGER NOT NULL`).join(', ');

/**
 * `PRAGMA user_version` counts the steps that a file has had. A step that was released is never changed.
 *
 * A session's level, by which it is searched, is the worst one in which it was for a while: a second of trouble does not make
 * a bad call.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE session (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    room TEXT NOT NULL,
    roomId TEXT NOT NULL,
    identity TEXT NOT NULL,
    joined INTEGER NOT NULL,
    "left" INTEGER,
    endReason TEXT,
    joinSocket INTEGER, joinAnswered INTEGER, joinConnected INTEGER, joinFirstFrame INTEGER,
    reconnects INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0,
    poor INTEGER NOT NULL DEFAULT 0,
    good INTEGER NOT NULL DEFAULT 0,
    excellent INTEGER NOT NULL DEFAULT 0,
    scoreN INTEGER NOT NULL DEFAULT 0,
    scoreSum INTEGER NOT NULL DEFAULT 0,
    scoreMin INTEGER NOT NULL DEFAULT 999,
    lastT INTEGER NOT NULL DEFAULT 0,
    level INTEGER GENERATED ALWAYS AS (
      CASE WHEN lost >= 5 THEN 0 WHEN poor >= 10 THEN 1 WHEN good >= 30 THEN 2 ELSE 3 END
    ) VIRTUAL
  ) STRICT;
  CREATE INDEX session_joined ON session (joined, key);
  CREATE INDEX session_level ON session (level, joined, key);
  CREATE INDEX session_identity ON session (identity, joined, key);
  CREATE INDEX session_room ON session (room, joined, key);
  CREATE INDEX session_left ON session ("left");

  CREATE TABLE p1 (${key}, ${POINT_COLUMNS.map((name) => `${name} INTEGER`).join(', ')}, ${end}
  CREATE TABLE p10 (${key}, ${buckets}, ${end}
  CREATE TABLE p60 (${key}, ${buckets}, ${end}

  -- Slots of p1 that were written since they were rolled up.
  CREATE TABLE dirty (slot INTEGER PRIMARY KEY) STRICT;

  CREATE TABLE cost (
    day INTEGER NOT NULL, room TEXT NOT NULL, cause INTEGER NOT NULL,
    seconds INTEGER NOT NULL, cost INTEGER NOT NULL,
    PRIMARY KEY (day, room, cause)
  ) STRICT, WITHOUT ROWID;

  -- The last batch of the process that writes, so that one which is sent again is not counted twice.
  CREATE TABLE progress (writer INTEGER PRIMARY KEY, sequence INTEGER NOT NULL) STRICT;
  `,
  `
  -- What each cause cost a session.
  CREATE TABLE session_cost (
    session INTEGER NOT NULL, cause INTEGER NOT NULL,
    seconds INTEGER NOT NULL, cost INTEGER NOT NULL,
    PRIMARY KEY (session, cause)
  ) STRICT, WITHOUT ROWID;
  `,
];
