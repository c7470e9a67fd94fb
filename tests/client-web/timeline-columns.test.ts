import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  columnOf,
  gridOf,
  type Run,
  runsOf,
  stepFor,
  troublesOf,
  valueOf,
} from '../../client/web/dashboard/charts/timeline-data.ts';
import { dashOf, colourOf } from '../../client/web/dashboard/charts/styles.ts';
import type { Row } from '../../client/web/dashboard/history.ts';
import { LEVELS, type Level } from '../../src/qoe/level.ts';

const START = 1_700_000_000;

test('each row is at its own place of the grid, whatever the step', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 10, 60),
      fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 60, size: 'max' }),
      (step, places) => {
        const rows = places.toSorted((a, b) => a - b).map((place) => row((START / 60) * 60 + place * step, place));
        const from = Math.floor(START / 60) * 60;
        const aligned = rows.map((its) => ({ ...its, t: (from + its.rtt! * step) * 1000 }));
        const x = gridOf(from * 1000, (from + 200 * step) * 1000, step);
        const column = columnOf(aligned, x, step, ({ rtt }) => rtt);
        assert.equal(x.length, 201);
        assert.equal(column.length, x.length);
        for (const [index, value] of column.entries()) {
          if (typeof value === 'number') assert.equal(x[index], from + value * step);
        }
        assert.equal(column.filter((value) => typeof value === 'number').length, places.length);
      },
    ),
  );
});

test('a late second is bridged, and an interruption is a gap', () => {
  const rows = [0, 1, 3, 10].map((place) => row(START + place, place));
  const column = columnOf(rows, gridOf(START * 1000, (START + 10) * 1000, 1), 1, ({ rtt }) => rtt);
  assert.deepEqual(column, [0, 1, undefined, 3, null, null, null, null, null, null, 10]);
});

test('of both ways the worse score and loss count, and all bits', () => {
  const both: Row = { ...row(START, 30), up: 2.5, down: 4, lowest: null, lossUp: 0.1, lossDown: 0.02 };
  const wide = { ...both, bitrateUp: 1000, bitrateDown: 500 };
  assert.equal(valueOf(wide, 'score', 'both'), 2.5);
  assert.equal(valueOf({ ...wide, lowest: 1.5 }, 'score', 'both'), 1.5);
  assert.equal(valueOf(wide, 'score', 'down'), 4);
  assert.equal(valueOf(wide, 'loss', 'both'), 0.1);
  assert.equal(valueOf(wide, 'bitrate', 'both'), 1500);
  assert.equal(valueOf({ ...wide, bitrateUp: null }, 'bitrate', 'both'), 500);
});

test('stretches of a level are joined, and end where another begins', () => {
  const levels: Level[] = ['good', 'good', 'poor', 'poor', 'good'];
  const rows = levels.map((level, place) => ({ ...row(START + place, 0), level }));
  assert.deepEqual(runsOf(rows, 1), [
    { from: START, to: START + 2, level: 'good' },
    { from: START + 2, to: START + 4, level: 'poor' },
    { from: START + 4, to: START + 5, level: 'good' },
  ]);
});

test('at each moment the worst trouble of anybody is shaded, and nothing where there is none', () => {
  const run = fc
    .record({ from: fc.nat(40), length: fc.integer({ min: 1, max: 12 }), level: fc.constantFrom(...LEVELS) })
    .map(({ from, length, level }): Run => ({ from, to: from + length, level }));
  fc.assert(
    fc.property(fc.array(fc.array(run, { maxLength: 4 }), { maxLength: 5, size: 'max' }), (lanes) => {
      const troubles = troublesOf(lanes.map((runs) => ({ runs })));
      const at = (runs: readonly Run[], moment: number) => runs.filter(({ from, to }) => from <= moment && moment < to);
      for (let moment = 0.5; moment < 60; moment += 1) {
        const levels = at(lanes.flat(), moment).map(({ level }) => level);
        const worst = (['lost', 'poor'] as const).find((level) => levels.includes(level));
        assert.deepEqual(
          at(troubles, moment).map(({ level }) => level),
          worst === undefined ? [] : [worst],
        );
      }
    }),
  );
});

test('however long the range, there are some hundred rows to draw, and not tens of thousands', () => {
  for (const seconds of [60, 300, 900, 3600, 21_600, 86_400]) {
    const rows = seconds / stepFor(seconds);
    assert.ok(rows >= 60 && rows <= 1500, `${seconds} s: ${rows} rows`);
  }
});

test('no two of the first 32 lines look alike, and neighbours differ even without colour', () => {
  const looks = Array.from({ length: 32 }, (_, style) => `${colourOf(style)} ${dashOf(style).join()}`);
  assert.equal(new Set(looks).size, 32);
  for (let style = 1; style < 32; style += 1) assert.notDeepEqual(dashOf(style), dashOf(style - 1));
});

function row(seconds: number, rtt: number): Row {
  const nothing = { up: null, down: null, experience: null, lowest: null, bitrateUp: null, bitrateDown: null };
  return { t: seconds * 1000, ...nothing, lossUp: null, lossDown: null, rtt, level: 'excellent', cause: null };
}
