import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Narrowing } from '../../src/media/narrowing.ts';
import { WayLoss } from '../../src/media/way-loss.ts';

test('an estimate that falls by half at once, with loss, makes everything start anew with most of what came through', () => {
  const way = new Narrowing();
  assert.equal(way.estimated(1_000_000, 0), false);
  assert.equal(way.estimated(960_000, 5000), false);
  assert.equal(way.estimated(217_000, 5400), true);
  assert.deepEqual(way.seen(217_000, 0.4, 5401), { floor: 162_750 });
});

test('a way that was too narrow from the beginning is relied on for nothing: what is told of it is on its way down', () => {
  const way = new Narrowing();
  way.estimated(1_000_000, 0);
  assert.equal(way.estimated(474_000, 1200), true);
  assert.deepEqual(way.seen(474_000, 0.4, 1200), { floor: 0 }, 'pictures start anew all the same');
  way.estimated(120_000, 3300);
  assert.deepEqual(way.seen(120_000, 0.4, 3300), { floor: 0 });
  assert.equal(way.estimated(100_000, 5400), true);
  assert.deepEqual(way.seen(100_000, 0.4, 5400), { floor: 0 }, 'nor is anything of what it began with');
});

test('an estimate that falls without loss, or slowly, changes nothing', () => {
  const sudden = new Narrowing();
  sudden.estimated(1_000_000, 0);
  assert.equal(sudden.estimated(300_000, 500), true);
  assert.equal(sudden.seen(300_000, 0.02, 501), undefined, 'a delay that has grown');
  assert.equal(sudden.seen(300_000, Number.NaN, 501), undefined, 'nobody says');

  const slow = new Narrowing();
  let available = 1_000_000;
  for (let at = 0; at < 20_000; at += 1000) {
    assert.equal(slow.estimated(available, at), false, 'as loss that is there at any rate makes it fall');
    available *= 0.9;
  }
});

test('where less comes through than was relied on, less is relied on; then nothing', () => {
  const way = carried(1_000_000);
  way.estimated(200_000, 500);
  assert.deepEqual(way.seen(200_000, 0.5, 500), { floor: 150_000 });
  assert.equal(way.estimated(150_000, 1500), true, 'it is looked after');
  assert.equal(way.seen(150_000, 0.5, 1500), undefined, 'what was lost before is still told');
  assert.deepEqual(way.seen(150_000, 0.5, 2600), { floor: 75_000 });
  assert.deepEqual(way.seen(75_000, 0.5, 4700), { floor: 0 });
  assert.equal(way.isOver(11_000), true);
  assert.equal(way.estimated(60_000, 11_000), false, 'congestion control is by itself again');
});

test('after a while the estimate stands by itself again', () => {
  const way = carried(1_000_000);
  way.estimated(200_000, 500);
  way.seen(200_000, 0.5, 500);
  assert.equal(way.isOver(5000), false);
  assert.equal(way.isOver(7000), true);
  assert.equal(way.isOver(7001), false, 'and that once');
});

test('a share of loss counts once: where nothing new is heard, the worker tells the last one on and on', () => {
  const loss = new WayLoss();
  assert.equal(loss.told(0), 0);
  assert.equal(loss.told(0), 0);
  assert.equal(loss.told(0.11), 0.11);
  assert.ok(Number.isNaN(loss.told(0.11)));
  assert.equal(loss.told(0.1), 0.1);
  assert.ok(Number.isNaN(loss.told(undefined)));
});

/** A way that has carried so much for long before 0. */
function carried(bitrate: number): Narrowing {
  const way = new Narrowing();
  way.estimated(bitrate, -60_000);
  way.estimated(bitrate, 0);
  return way;
}
