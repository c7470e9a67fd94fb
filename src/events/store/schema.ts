/** The log's tables, as the steps by which a file of an older version becomes one of this. */
export const MIGRATIONS: readonly string[] = [
  `
  -- One row. log: unique to this file. last: the last number that was given. alive: when its writer was last known to live.
  CREATE TABLE log (
    id TEXT NOT NULL, writer TEXT NOT NULL, last INTEGER NOT NULL, alive INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE event (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL, room TEXT, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX event_room ON event (room, seq) WHERE room IS NOT NULL;

  -- What is open as of the last event: what a successor has to close.
  CREATE TABLE open_room (id TEXT PRIMARY KEY, room TEXT NOT NULL, roomSeq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE open_participant (
    id TEXT PRIMARY KEY, roomId TEXT NOT NULL, room TEXT NOT NULL, identity TEXT NOT NULL, keyId TEXT NOT NULL,
    joined INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX open_participant_room ON open_participant (roomId);
  CREATE TABLE open_track (
    id TEXT PRIMARY KEY, participantId TEXT NOT NULL, source TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX open_track_participant ON open_track (participantId);

  -- Of participants that have left, and of all joins. day: days since the epoch, UTC.
  CREATE TABLE usage (
    day INTEGER NOT NULL, room TEXT NOT NULL, keyId TEXT NOT NULL,
    joins INTEGER NOT NULL, participantMs INTEGER NOT NULL,
    PRIMARY KEY (day, room, keyId)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE usage ADD COLUMN publishedBytes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE usage ADD COLUMN forwardedBytes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE usage ADD COLUMN relayedBytes INTEGER NOT NULL DEFAULT 0;
  `,
];
