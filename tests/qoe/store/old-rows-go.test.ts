import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Database } from '../../../src/qoe/store/database.ts';
import { PointBuffer } from '../../../src/qoe/store/point-buffer.ts';
import { closeAbandoned, deleteOld } from '../../../src/qoe/store/retention.ts';
import { firstKey } from '../../../src/qoe/store/keys.ts';
import { pointAt } from './store.ts';

const T0 = 1_700_006_400;
const HOUR = 3600;
const retention = { p1: HOUR * 1000, p10: 24 * HOUR * 1000, p60: 30 * 24 * HOUR * 1000 };

test('rows are kept as long as their step says, and not much longer', () => {
  const database = new Database({ path: ':memory:', busyTimeout: 100, writer: 5 });
  const key = firstKey(5);
  const session = { key, id: 'a', room: 'lobby', roomId: 'r', identity: 'ann', joined: T0 * 1000 };
  const buffer = new PointBuffer(1000);
  for (let second = 0; second < 120; second += 1) buffer.add(pointAt(key, T0 + second, { cause: 1, cost: 9 }));
  database.write([
    {
      sequence: 1,
      batch: { starts: [session], changes: [{ key, left: (T0 + 120) * 1000 }], points: buffer.take(1000) },
    },
  ]);
  for (let turn = 0; turn < 5; turn += 1) database.rollUp((T0 + 500) * 1000);
  const count = (table: string) => Number(database.sql.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
  const counts = () => ['p1', 'p10', 'p60', 'session', 'cost'].map(count);

  assert.deepEqual(counts(), [120, 12, 2, 1, 1]);
  age(HOUR - 60);
  assert.deepEqual(counts(), [120, 12, 2, 1, 1]);
  age(HOUR + 200);
  assert.deepEqual(counts(), [0, 12, 2, 1, 1]);
  age(25 * HOUR);
  assert.deepEqual(counts(), [0, 0, 2, 1, 1]);
  age(32 * 24 * HOUR);
  assert.deepEqual(counts(), [0, 0, 0, 0, 0]);
  database.close();

  function age(seconds: number): void {
    while (deleteOld(database.sql, retention, (T0 + seconds) * 1000));
  }
});

test('sessions of a process that was killed end when they were last heard of; those of this one go on', () => {
  const database = new Database({ path: ':memory:', busyTimeout: 100, writer: 5 });
  const start = (key: number, id: string) => ({
    key,
    id,
    room: 'lobby',
    roomId: 'r',
    identity: 'ann',
    joined: T0 * 1000,
  });
  const buffer = new PointBuffer(10);
  buffer.add(pointAt(firstKey(4), T0 + 70));
  const starts = [start(firstKey(4), 'old'), start(firstKey(5), 'new')];
  database.write([{ sequence: 1, batch: { starts, changes: [], points: buffer.take(10) } }]);
  closeAbandoned(database.sql, 5);
  const rows = database.sql.prepare('SELECT id, "left", endReason FROM session ORDER BY key').all();
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      { id: 'old', left: (T0 + 71) * 1000, endReason: 'server-ended' },
      { id: 'new', left: null, endReason: null },
    ],
  );
  database.close();
});
