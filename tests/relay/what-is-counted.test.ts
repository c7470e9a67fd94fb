import assert from 'node:assert/strict';
import { test } from 'node:test';

import { counterBoard, newCounterMemory, sumOfBoards } from '../../src/relay/counter-board.ts';
import { relayMetrics } from '../../src/relay/report.ts';
import { createUsageTally } from '../../src/relay/usage-tally.ts';

test('every counter is shown by exactly one metric, but for what threads tell of themselves', () => {
  const boards = [counterBoard(newCounterMemory()), counterBoard(newCounterMemory())];
  let value = 0;
  for (const table of [...Object.values(boards[0]!), ...Object.values(boards[1]!)]) {
    for (const index of table.keys()) table[index] = 2 ** -20 + (value += 1);
  }
  const sums = sumOfBoards(boards);
  const all = Object.values(sums).flatMap((table: Record<string, number>) => Object.entries(table));
  const shown = relayMetrics(sums, []).flatMap(({ samples }) => samples.map((sample) => sample.value));
  const missing = all.filter(([, sum]) => !shown.includes(sum)).map(([name]) => name);
  assert.deepEqual(missing, ['gauge.delay.mean', 'gauge.delay.p99', 'gauge.delay.max', 'gauge.busy']);
  assert.equal(new Set(shown).size, shown.length, 'none twice');
});

test('no two samples of a metric have the same labels', () => {
  for (const { name, samples } of relayMetrics(sumOfBoards([counterBoard(newCounterMemory())]), [])) {
    const labels = samples.map((sample) => JSON.stringify(sample.labels));
    assert.equal(new Set(labels).size, labels.length, name);
  }
});

test('the tally adds up by identity, and forgets those that were seen longest ago', () => {
  const tally = createUsageTally(2);
  const usage = (bytes: number) => ({ packetsUp: 1, bytesUp: bytes, packetsDown: 2, bytesDown: 3 * bytes });
  tally.add('ada', usage(10), true);
  tally.add('bob', usage(1), true);
  tally.add('ada', usage(5), false);
  assert.deepEqual(tally.get('ada'), { packetsUp: 2, bytesUp: 15, packetsDown: 4, bytesDown: 45, allocations: 1 });
  tally.add('eve', usage(1), true);
  assert.deepEqual(
    [...tally.entries()].map(([identity]) => identity),
    ['ada', 'eve'],
  );
});
