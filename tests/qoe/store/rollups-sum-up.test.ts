import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { CAUSES } from '../../../src/qoe/causes.ts';
import { Database } from '../../../src/qoe/store/database.ts';
import { PointBuffer } from '../../../src/qoe/store/point-buffer.ts';
import { answer, type CostRow } from '../../../src/qoe/store/queries.ts';
import {
  type Bucket,
  bucketOf,
  mergeBuckets,
  type Point,
  readWorst,
  STEPS,
  worstOf,
} from '../../../src/qoe/store/rollup.ts';

const T0 = 1_700_000_000 - (1_700_000_000 % 60);

test('what rows say is the same whether they were rolled up in one step or in two, and in any order', () => {
  fc.assert(
    fc.property(fc.array(point(), { minLength: 2, maxLength: 60 }), (points) => {
      const byTen = [...rolledUp(points, 10).values()];
      assert.deepEqual(byTen.reduce(mergeBuckets), points.map(bucketOf).reduce(mergeBuckets));
      assert.deepEqual(byTen.toReversed().reduce(mergeBuckets), byTen.reduce(mergeBuckets));
    }),
  );
});

test("SQLite's rollups are those of the model, though points come late and are rolled up before", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(point(), { minLength: 1, maxLength: 80, selector: keyOf }),
      fc.nat(80),
      (points, early) => {
        const database = memory();
        write(database, 1, points.slice(0, early));
        database.sql.rollUp((T0 + 3600) * 1000);
        write(database, 2, points.slice(early));
        while (dirty(database) > 0) database.sql.rollUp((T0 + 3600) * 1000);
        for (const step of ['p1', 'p10', 'p60'] as const) {
          const query = { type: 'timeline', keys: [1, 2], from: T0 * 1000, to: (T0 + 3600) * 1000, step } as const;
          const rows = answer(database.sql.sql, query) as (Bucket & { session: number; t: number })[];
          const found = new Map(rows.map(({ session, t, ...bucket }) => [`${session} ${t}`, bucket]));
          assert.deepEqual(sorted(found), sorted(rolledUp(points, STEPS[step].seconds)), step);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a batch that is sent again is not counted again', () => {
  const database = memory();
  const points = [{ ...fc.sample(point(), 1)[0]!, session: 1, cause: 2, cost: 70, level: 1 }];
  write(database, 1, points);
  write(database, 1, points);
  const costs = answer(database.sql.sql, { type: 'costs', from: T0 * 1000, to: (T0 + 3600) * 1000 }) as CostRow[];
  assert.deepEqual(
    costs.map((row) => ({ ...row })),
    [{ cause: 2, seconds: 1, cost: 70 }],
  );
  assert.equal(database.sql.sql.prepare('SELECT poor FROM session WHERE key = 1').get()?.['poor'], 1);
  database.sql.close();
});

test('cost and cause are one number, and the dearest is the largest', () => {
  fc.assert(
    fc.property(
      fc.nat(CAUSES.length - 1),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 400 }),
      (cause, cost, other) => {
        assert.deepEqual(readWorst(worstOf(cause, cost)), { cause, cost });
        if (cost > other) assert.ok(worstOf(cause, cost) > worstOf((cause + 1) % CAUSES.length, other));
      },
    ),
  );
  assert.equal(readWorst(worstOf(-1, 0)), undefined);
});

test('a buffer gives back what went in, and loses the oldest when it is full', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('add' as const), fc.nat(300)), { maxLength: 1500 }), (steps) => {
      const buffer = new PointBuffer(300);
      let model: number[] = [];
      let next = 0;
      let dropped = 0;
      for (const step of steps) {
        if (step === 'add') {
          buffer.add({ ...EMPTY, t: next });
          model.push(next);
          next += 1;
          if (model.length > 300) {
            model = model.slice(1);
            dropped += 1;
          }
        } else {
          const taken = buffer.take(step);
          const times = Array.from({ length: PointBuffer.count(taken) }, (_, index) => taken[index * 13 + 1]);
          assert.deepEqual(times, model.splice(0, step));
        }
        assert.deepEqual([buffer.length, buffer.dropped], [model.length, dropped]);
      }
    }),
    { numRuns: 30 },
  );
});

const EMPTY: Point = {
  ...{ session: 1, t: 0, up: -1, down: -1, experience: -1, bitrateUp: -1, bitrateDown: -1 },
  ...{ lossUp: -1, lossDown: -1, rtt: -1, level: 3, cause: -1, cost: 0 },
};

function point(): fc.Arbitrary<Point> {
  const maybe = (max: number) => fc.integer({ min: -1, max });
  return fc
    .record({
      ...{ session: fc.constantFrom(1, 2), t: fc.integer({ min: T0, max: T0 + 179 }) },
      ...{ up: maybe(450), down: maybe(450), experience: maybe(450), bitrateUp: maybe(5000), bitrateDown: maybe(9000) },
      ...{ lossUp: maybe(10_000), lossDown: maybe(10_000), rtt: maybe(2000), level: fc.nat(3) },
      ...{ cause: fc.integer({ min: -1, max: CAUSES.length - 1 }), cost: fc.nat(350) },
    })
    .map((each) => (each.cause < 0 ? { ...each, cost: 0 } : each));
}

const keyOf = ({ session, t }: Point) => `${session} ${t}`;

function rolledUp(points: readonly Point[], seconds: number): Map<string, Bucket> {
  const buckets = new Map<string, Bucket>();
  for (const each of points) {
    const key = `${each.session} ${each.t - (each.t % seconds)}`;
    const before = buckets.get(key);
    buckets.set(key, before === undefined ? bucketOf(each) : mergeBuckets(before, bucketOf(each)));
  }
  return buckets;
}

function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].toSorted(([a], [b]) => a.localeCompare(b));
}

function memory() {
  const sql = new Database({ path: ':memory:', busyTimeout: 100, writer: 1 });
  const starts = [1, 2].map((key) => ({
    ...{ key, id: `s${key}`, room: 'lobby', roomId: 'r1', identity: 'ann', joined: T0 * 1000 },
  }));
  sql.write([{ sequence: 0, batch: { starts, changes: [], points: new Float64Array() } }]);
  return { sql };
}

function write(database: { sql: Database }, sequence: number, points: readonly Point[]): void {
  const buffer = new PointBuffer(1000);
  for (const each of points) buffer.add(each);
  database.sql.write([{ sequence, batch: { starts: [], changes: [], points: buffer.take(1000) } }]);
}

function dirty(database: { sql: Database }): number {
  return Number(database.sql.sql.prepare('SELECT count(*) AS n FROM dirty').get()?.['n']);
}
