import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { type Rank, Relevance } from '../../src/rooms/relevance.ts';

const key = fc.nat(11);
const step = fc.oneof(
  fc.record({ type: fc.constant('set' as const), key, pinned: fc.boolean(), shown: fc.boolean(), spoke: fc.boolean() }),
  fc.record({ type: fc.constant('delete' as const), key }),
  fc.record({ type: fc.constant('resize' as const), limit: fc.option(fc.integer({ min: 1, max: 6 })) }),
);

test('whatever changes, the chosen ones are the first of all in order, and what changed is told', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const relevance = new Relevance<number>(3);
      const ranks = new Map<number, Rank>();
      let limit: number | null = 3;
      let turns = 0;
      for (const [at, one] of steps.entries()) {
        const before = chosenOf(relevance);
        let told: number[];
        if (one.type === 'resize') {
          limit = one.limit;
          told = relevance.resize(limit);
        } else if (one.type === 'delete') {
          ranks.delete(one.key);
          told = relevance.delete(one.key);
        } else {
          const known = ranks.get(one.key);
          const spokeAt = one.spoke ? (turns += 1) : (known?.spokeAt ?? 0);
          const rank = { pinned: one.pinned, shown: one.shown, spokeAt, place: known?.place ?? at };
          ranks.set(one.key, rank);
          told = relevance.set(one.key, rank);
        }
        const expected = [...ranks].toSorted(byRelevance).slice(0, limit ?? ranks.size);
        const after = chosenOf(relevance);
        assert.deepEqual(after, new Set(expected.map(([which]) => which)));
        for (let which = 0; which < 12; which += 1) {
          if (before.has(which) !== after.has(which)) assert.ok(told.includes(which), `${which} was not told`);
        }
      }
    }),
  );
});

test('nothing moves because somebody comes, or because one of those that are shown speaks', () => {
  const relevance = new Relevance<string>(2);
  const rank = { pinned: false, shown: true, spokeAt: 0 };
  relevance.set('ada', { ...rank, place: 1 });
  relevance.set('bob', { ...rank, place: 2 });
  relevance.set('cy', { ...rank, place: 3 });
  assert.deepEqual([relevance.has('ada'), relevance.has('bob'), relevance.has('cy')], [true, true, false]);
  assert.deepEqual(relevance.set('bob', { ...rank, place: 2, spokeAt: 1 }), []);
  assert.deepEqual(relevance.set('cy', { ...rank, place: 3, spokeAt: 2 }), ['ada', 'cy'], 'who never spoke gives way');
  assert.deepEqual(relevance.set('ada', { ...rank, place: 1, pinned: true }), ['bob', 'ada'], 'a pin comes first');
});

function chosenOf(relevance: Relevance<number>): Set<number> {
  return new Set(Array.from({ length: 12 }, (_, which) => which).filter((which) => relevance.has(which)));
}

function byRelevance([, one]: [number, Rank], [, other]: [number, Rank]): number {
  return (
    Number(other.pinned) - Number(one.pinned) ||
    Number(other.shown) - Number(one.shown) ||
    other.spokeAt - one.spokeAt ||
    one.place - other.place
  );
}
