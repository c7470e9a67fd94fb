import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { WayUp } from '../../src/media/way-up.ts';

test('whatever a client has for a clock, only what its way gets longer by is seen', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xff_ff_ff_00 }),
      fc.integer({ min: 0, max: 1e9 }),
      fc.integer({ min: 0, max: 2000 }),
      fc.integer({ min: 0, max: 2000 }),
      (theirs, ours, usual, longer) => {
        const way = new WayUp();
        let sent = 0;
        const report = (delay: number) => {
          sent += 1000;
          way.report(theirs + Math.floor(sent / 1000), 0, ours + sent + delay);
        };
        for (let each = 0; each < 10; each += 1) report(usual);
        assert.ok(way.slower < 2, `usual: ${way.slower}`);
        report(usual + longer);
        report(usual + longer);
        assert.ok(Math.abs(way.slower - longer) < 2, `longer: ${way.slower}`);
        report(usual);
        assert.ok(way.slower < 2, `usual again: ${way.slower}`);
      },
    ),
  );
});

test('a report that waited alone says nothing of the way', () => {
  const way = new WayUp();
  for (const [second, delay] of [10, 10, 400, 10, 10].entries()) {
    way.report(second, 0, second * 1000 + delay);
    if (second > 0) assert.ok(way.slower < 1, `after ${second} s: ${way.slower}`);
  }
});

test('no way is shorter than the shortest: a millisecond more behind the least is nothing', () => {
  const way = new WayUp();
  way.report(1, 0, 1010);
  way.report(2, 0, 2011);
  assert.equal(way.slower, 0);
});

test('fractions of a second count as what they are', () => {
  const way = new WayUp();
  way.report(1, 0, 1000);
  way.report(1, 2 ** 31, 1500);
  way.report(1, 2 ** 31 + 2 ** 30, 1750);
  assert.ok(way.slower < 0.1, String(way.slower));
});

test('before two reports nothing is known, and none of what was before counts after a new start', () => {
  const way = new WayUp();
  assert.ok(Number.isNaN(way.slower));
  way.report(1, 0, 0);
  assert.ok(Number.isNaN(way.slower));
  way.report(2, 0, 1000);
  assert.equal(way.slower, 0);
  way.reset();
  way.report(9, 0, 0);
  way.report(10, 0, 1000);
  assert.equal(way.slower, 0);
});
