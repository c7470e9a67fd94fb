import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { SessionRow } from '../../../src/qoe/store/queries.ts';
import { begin, NOW, open, pointAt, scratch, written } from './store.ts';

test('a session is stored with its steps, its end and the seconds of each level', async (t) => {
  const path = scratch(t);
  const { store } = open(t, path);
  const key = begin(store, 'a');
  for (let second = 0; second < 20; second += 1) {
    store.add(pointAt(key, NOW + second, { level: second < 12 ? 1 : 3, experience: 200 + second }));
  }
  store.change({ key, joinSteps: [10, 21, null, null] });
  await written(store, 20);
  store.change({ key, joinSteps: [null, null, 80, 140], reconnects: 2 });
  store.change({ key, left: NOW * 1000 + 20_000, endReason: 'left' });
  await store.close();

  const again = open(t, path);
  const row = await again.store.ask({ type: 'session', id: 'a' });
  assert.deepEqual(
    { ...row },
    {
      ...{ key, id: 'a', room: 'lobby', roomId: 'r1', identity: 'ann', joined: NOW * 1000 },
      ...{ left: NOW * 1000 + 20_000, endReason: 'left', reconnects: 2 },
      ...{ joinSocket: 10, joinAnswered: 21, joinConnected: 80, joinFirstFrame: 140 },
      ...{ lost: 0, poor: 12, good: 0, excellent: 8, scoreN: 20, scoreSum: 4190, scoreMin: 200, level: 1 },
    },
  );
  assert.equal(await again.store.ask({ type: 'session', id: 'b' }), undefined);
});

test('pages hold every session once, newest first, whatever is asked for', async (t) => {
  const path = scratch(t);
  const { store } = open(t, path);
  let points = 0;
  for (let index = 0; index < 60; index += 1) {
    // Several join in the same millisecond.
    const joined = NOW * 1000 + Math.floor(index / 7) * 1000;
    const key = begin(store, `s${index}`, { joined, room: `room${index % 2}`, identity: `user${index % 3}` });
    for (let second = 0; second < (index % 5 === 0 ? 12 : 1); second += 1) {
      store.add(pointAt(key, NOW + second, { level: index % 5 === 0 ? 1 : 3 }));
      points += 1;
    }
  }
  await written(store, points);
  const all = await pages({});
  assert.equal(new Set(all.map(({ id }) => id)).size, 60);
  assert.deepEqual(
    all,
    all.toSorted((a, b) => b.joined - a.joined || b.key - a.key),
  );
  assert.equal((await pages({ level: 1 })).length, 12);
  assert.equal((await pages({ identity: 'user1' })).length, 20);
  assert.equal((await pages({ room: 'room1', level: 1 })).length, 6);
  const from = NOW * 1000 + 2000;
  assert.equal((await pages({ from, to: from + 2000 })).length, 14);

  async function pages(filter: object): Promise<SessionRow[]> {
    const rows: SessionRow[] = [];
    let after: { joined: number; key: number } | undefined;
    do {
      const page = await store.ask({ type: 'sessions', limit: 7, after, ...filter });
      rows.push(...page.rows);
      after = page.next;
    } while (after !== undefined);
    return rows;
  }
});

test('what cost quality most is told, the dearest first, for all rooms or one', async (t) => {
  const path = scratch(t);
  const { store } = open(t, path);
  const lobby = begin(store, 'a', { room: 'lobby' });
  const attic = begin(store, 'b', { room: 'attic' });
  store.add(pointAt(lobby, NOW, { cause: 0, cost: 100 }));
  store.add(pointAt(lobby, NOW + 1, { cause: 0, cost: 50 }));
  store.add(pointAt(attic, NOW, { cause: 11, cost: 240 }));
  store.add(pointAt(attic, NOW + 1));
  await written(store, 4);
  const day = { from: NOW * 1000, to: NOW * 1000 + 1 };
  const all = await store.ask({ type: 'costs', ...day });
  assert.deepEqual(
    all.map((row) => ({ ...row })),
    [
      { cause: 11, seconds: 1, cost: 240 },
      { cause: 0, seconds: 2, cost: 150 },
    ],
  );
  const one = await store.ask({ type: 'costs', ...day, room: 'lobby' });
  assert.deepEqual(
    one.map(({ cause }) => cause),
    [0],
  );
});

test('a query that SQLite cannot answer is refused, and the store goes on', async (t) => {
  const path = scratch(t);
  const { store } = open(t, path);
  await assert.rejects(store.ask({ type: 'session', id: (2n ** 70n) as unknown as string }), {
    code: 'store-unavailable',
  });
  assert.deepEqual((await store.ask({ type: 'sessions', limit: 10 })).rows, []);
  const many = Array.from({ length: 100 }, () =>
    store.ask({ type: 'session', id: 'x' }).catch((error: unknown) => error),
  );
  const refused = (await Promise.all(many)).filter((each) => each instanceof Error);
  assert.equal(refused.length, 36);
});
