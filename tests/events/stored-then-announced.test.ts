import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { factsOf, muted } from './facts.ts';
import { openLog, scratch, stored, until } from './event-log.ts';

test('facts are announced as they are stored, with numbers of the server and of the room', async (t) => {
  const { log, announced } = openLog(t, scratch(t));
  const [one, two] = [factsOf(1, 1), factsOf(2, 1)];
  for (const fact of [one.started, one.joined, two.started, two.joined, one.left, one.closed]) log.append(fact);
  await until(() => announced.length === 6, 'all are announced');
  assert.deepEqual(
    announced.map(({ seq, roomSeq, type, room }) => [seq, roomSeq, type, room]),
    [
      [1, 1, 'room-started', 'room-1'],
      [2, 2, 'participant-joined', 'room-1'],
      [3, 1, 'room-started', 'room-2'],
      [4, 2, 'participant-joined', 'room-2'],
      [5, 3, 'participant-left', 'room-1'],
      [6, 4, 'room-closed', 'room-1'],
    ],
  );
  assert.deepEqual(
    await stored(log),
    announced.map(({ text }) => JSON.parse(text) as Record<string, unknown>),
  );
  assert.deepEqual((await stored(log))[1], {
    ...{ seq: 2, roomSeq: 2, type: 'participant-joined', at: '2026-11-20T12:00:00.000Z' },
    ...{ room: 'room-1', roomId: 'life-1', identity: 'user-1', participantId: 'p-1-1' },
    ...{ name: 'user-1', hidden: false, keyId: 'key' },
  });
});

test('numbers go on after a restart; what was open when the server ended is closed, tracks first', async (t) => {
  const path = scratch(t);
  const before = openLog(t, path);
  const [one, two, other] = [factsOf(1, 1), factsOf(1, 2), factsOf(2, 1)];
  const facts = [one.started, one.joined, one.published, two.joined, two.left, other.started, other.joined];
  for (const fact of facts) before.log.append(fact);
  await before.close();
  assert.equal(before.announced.length, 7, 'what was taken is stored before it closes');

  const { log, lines, announced } = openLog(t, path);
  log.append(factsOf(3, 1).started);
  await until(() => announced.length === 1, 'it is announced');
  const events = await stored(log);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  assert.deepEqual(
    events.slice(7).map(({ type, room, roomSeq, identity, reason }) => [type, room, roomSeq, identity, reason]),
    [
      ['track-unpublished', 'room-1', 6, 'user-1', undefined],
      ['participant-left', 'room-1', 7, 'user-1', 'server-lost'],
      ['room-closed', 'room-1', 8, undefined, 'server-lost'],
      ['participant-left', 'room-2', 3, 'user-1', 'server-lost'],
      ['room-closed', 'room-2', 4, undefined, 'server-lost'],
      ['room-started', 'room-3', 1, undefined, undefined],
    ],
  );
  assert.ok(lines.some((line) => line.includes('an earlier server was killed')));
  const again = openLog(t, scratch(t));
  await again.log.opened;
  assert.deepEqual(again.lines, [], 'a new log has nothing to close');
});

test('while another program holds the file locked nothing is announced; then everything is, once', async (t) => {
  const path = scratch(t);
  const { log, announced } = openLog(t, path);
  await log.opened;
  const lock = new DatabaseSync(path);
  t.after(() => lock.close());
  lock.exec('BEGIN IMMEDIATE');
  for (let track = 0; track < 50; track += 1) log.append(muted(1, track));
  await until(() => log.state.fault?.why === 'locked', 'the lock is seen');
  assert.equal(announced.length, 0, 'what is not stored is not announced');
  assert.equal(log.state.waiting, 50);
  lock.exec('COMMIT');
  await until(() => announced.length === 50, 'all are announced');
  assert.equal(log.state.fault, undefined);
  assert.deepEqual(
    announced.map(({ seq }) => seq),
    announced.map((_, index) => index + 1),
  );
});

test('a second server does not write into the log of the first', async (t) => {
  const path = scratch(t);
  const first = openLog(t, path);
  first.log.append(factsOf(1, 1).started);
  await until(() => first.announced.length === 1, 'the first writes');
  const second = openLog(t, path);
  second.log.append(factsOf(2, 1).started);
  await until(() => second.log.state.fault?.why === 'locked', 'the second is told');
  await first.close();
  await until(() => second.announced.length === 1, 'it goes on when the first has gone');
  assert.deepEqual(
    (await stored(second.log)).map(({ seq, type, room }) => [seq, type, room]),
    [
      [1, 'room-started', 'room-1'],
      [2, 'room-closed', 'room-1'],
      [3, 'room-started', 'room-2'],
    ],
  );
});

test('a damaged file is moved aside, and no number is given twice', async (t) => {
  const path = scratch(t);
  const first = openLog(t, path);
  first.log.append(factsOf(1, 1).started);
  await first.close();
  writeFileSync(path, 'this is no database '.repeat(1000));
  const { log, announced, lines } = openLog(t, path);
  log.append(factsOf(2, 1).started);
  await until(() => announced.length === 1, 'it goes on');
  assert.ok(announced[0]!.seq > Date.now() - 60_000, 'far above every number that was given');
  assert.ok(lines.includes('the event log was damaged and begins anew'));
  assert.ok(readdirSync(dirname(path)).some((name) => name.startsWith('events.sqlite.corrupt-')));
});
