import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { choosePages, withPinned } from '../../client/web/meeting/layout.ts';

test('everyone is on one page where there is a tile for everyone', () => {
  assert.deepEqual(choosePages({ order: ['a', 'b', 'c'], slots: 3, first: [] }), [['a', 'b', 'c']]);
});

test('who has no tile on the first page has one on the next', () => {
  assert.deepEqual(choosePages({ order: ['a', 'b', 'c', 'd', 'e'], slots: 2, first: [] }), [
    ['a', 'b'],
    ['c', 'd'],
    ['e'],
  ]);
});

test('a speaker from another page takes the last place of the first, and keeps it afterwards', () => {
  const order = ['a', 'b', 'c', 'd', 'e'];
  const [during] = choosePages({ order, slots: 3, first: ['a', 'b', 'c'], speaker: 'e' });
  assert.deepEqual(during, ['a', 'b', 'e']);
  assert.deepEqual(choosePages({ order, slots: 3, first: during }), [
    ['a', 'b', 'e'],
    ['c', 'd'],
  ]);
});

test('nobody on the first page moves when somebody else joins', () => {
  const [first] = choosePages({
    order: ['a', 'b', 'c', 'd', 'e', 'f'],
    slots: 3,
    first: ['a', 'c', 'e'],
    speaker: 'c',
  });
  assert.deepEqual(first, ['a', 'c', 'e']);
});

test('a place that became free goes to the next in order', () => {
  const [first] = choosePages({ order: ['a', 'c', 'd', 'e', 'f'], slots: 3, first: ['a', 'b', 'c'] });
  assert.deepEqual(first, ['a', 'c', 'd']);
});

test('everyone is on exactly one page, all pages but the last are full, and a speaker is on the first', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 30, size: 'max' });
  fc.assert(
    fc.property(names, names, fc.integer({ min: 1, max: 25 }), fc.nat(), (order, first, slots, pick) => {
      const speaker = order[pick % order.length]!;
      const pages = choosePages({ order, slots, first, speaker });
      assert.deepEqual(pages.flat().toSorted(), order.toSorted());
      for (const page of pages.slice(0, -1)) assert.equal(page.length, slots);
      assert.ok(pages.at(-1)!.length <= slots && pages.at(-1)!.length > 0);
      if (slots > 1) assert.ok(pages[0]!.includes(speaker));
    }),
  );
});

test('who is pinned is drawn where it would be among the others, so that no tile is moved', () => {
  const order = ['a', 'b', 'c', 'd'];
  assert.deepEqual(withPinned(['a', 'b', 'c', 'd'], undefined, order), order);
  assert.deepEqual(withPinned(['a', 'c', 'd'], 'b', order), order);
  assert.deepEqual(withPinned(['a', 'b', 'c'], 'd', order), order);
  assert.deepEqual(withPinned([], 'd', order), ['d']);
  // Another page, and one that a speaker has come to.
  assert.deepEqual(withPinned(['c'], 'a', order), ['a', 'c']);
  assert.deepEqual(withPinned(['d', 'a'], 'b', order), ['b', 'd', 'a']);
});
