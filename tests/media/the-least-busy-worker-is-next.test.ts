import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { leastLoaded, nextWorker, WorkerLoad } from '../../src/media/load.ts';

test('a worker is full by what it uses, and takes more again when there is clearly room', () => {
  const { load } = worker(0.7);
  const full = [0.5, 0.69, 0.71, 0.69, 0.57, 0.55, 0.69, 0.7].map((cores) => {
    load.measured(cores);
    return load.full;
  });
  assert.deepEqual(full, [false, false, true, true, true, false, false, true]);
});

test('newcomers count before they can be measured, and no longer than until then', () => {
  const { load } = worker(0.7);
  load.measured(0.1);
  load.counts.consumers += 1000;
  assert.ok(load.full, 'a thousand consumers are on their way');
  load.measured(0.1);
  assert.ok(load.full, 'they may have come just before the measurement');
  load.measured(0.1);
  assert.ok(!load.full, 'they were there for all of it, and cost nothing');
  load.counts.consumers -= 1000;
  assert.equal(load.cores, 0.1, 'who leaves gives nothing back that was not measured');
});

test('a burst of rooms spreads evenly before any of them costs anything', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 100 }), (workers, rooms) => {
      const all = Array.from({ length: workers }, () => worker(0.7));
      for (let room = 0; room < rooms; room += 1) leastLoaded(all)!.load.counts.rooms += 1;
      const found = all.map(({ load }) => load.counts.rooms);
      assert.ok(Math.max(...found) - Math.min(...found) <= 1, String(found));
    }),
  );
});

test('a new room goes where least is used, whatever was expected of the rooms that are there', () => {
  const [busy, quiet] = [worker(0.7), worker(0.7)];
  quiet.load.counts.consumers = 5000;
  for (let times = 0; times < 2; times += 1) {
    busy.load.measured(0.4);
    quiet.load.measured(0.1);
  }
  assert.equal(leastLoaded([busy, quiet]), quiet);
});

test('a room stays on its first worker while it can, then on those that it has, then takes another', () => {
  const [own, second, free, other] = [worker(0.7), worker(0.7), worker(0.7), worker(0.7)];
  const all = [own, second, free, other];
  const next = () => all.indexOf(nextWorker([own, second], all)!);
  own.load.measured(0.5);
  assert.equal(next(), 0);
  own.load.measured(0.8);
  second.load.measured(0.6);
  assert.equal(next(), 1);
  second.load.measured(0.75);
  other.load.measured(0.3);
  assert.equal(next(), 2);
  free.load.measured(0.9);
  assert.equal(next(), 3);
  other.load.measured(1);
  assert.equal(next(), 1, 'all are full: the least busy takes it');
  assert.equal(nextWorker([], []), undefined);
});

function worker(fullAt: number): { readonly load: WorkerLoad } {
  return { load: new WorkerLoad(fullAt) };
}
