import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { CAUSES, describeCause, PLACES } from '../../src/qoe/causes.ts';
import { FIELD_NAMES, type FieldRule, FIELDS } from '../../src/qoe/fields.ts';
import { FLOOR, LEVELS } from '../../src/qoe/level.ts';
import { REJECTIONS } from '../../src/qoe/sample.ts';

const page = readFileSync(new URL('../../docs/qoe.md', import.meta.url), 'utf8');
const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));

test('docs/qoe.md has every field with its samples, unit, range and origin, and no other', () => {
  const start = rows.findIndex((cells) => cells[1] === 'field');
  const table = rows.slice(
    start + 2,
    rows.findIndex((cells, index) => index > start && cells.length < 2),
  );
  assert.deepEqual(
    table.map((cells) => cells[1]),
    FIELD_NAMES.map((name) => `\`${name}\``),
  );
  for (const [index, name] of FIELD_NAMES.entries()) {
    const { of, unit, min, max, from, words }: FieldRule = FIELDS[name];
    const range = words?.map((word) => `\`${word}\``).join(', ') ?? `${min} to ${max.toLocaleString('en-US')}`;
    assert.deepEqual(table[index]!.slice(2, -1), [of.join(', '), unit, range, from], name);
  }
});

test('it names every rejection, level and place', () => {
  for (const name of [...REJECTIONS, ...PLACES]) assert.ok(page.includes(`\`${name}\``), name);
  for (const level of LEVELS.slice(1)) {
    assert.ok(
      rows.some((cells) => cells[1] === level && cells[2] === FLOOR[level].toString().padEnd(3, '.0')),
      level,
    );
  }
});

test('every cause has a sentence', () => {
  for (const cause of CAUSES.keys()) {
    assert.match(describeCause(cause, 0.08), /^[A-Za-z]/u);
    assert.doesNotMatch(describeCause(cause, Number.NaN), /NaN/u);
  }
  assert.equal(describeCause(0, 0.08), 'loss 8 % up');
  assert.equal(describeCause(5, 300), 'delay 300 ms down');
});
