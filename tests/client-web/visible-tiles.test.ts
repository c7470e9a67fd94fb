import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { chooseVisible } from '../../client/web/meeting/layout.ts';

test('everyone is visible where there is a tile for everyone', () => {
  assert.deepEqual(chooseVisible(['a', 'b', 'c'], [], 3), ['a', 'b', 'c']);
});

test('one tile is left to those who have none', () => {
  assert.deepEqual(chooseVisible(['a', 'b', 'c', 'd'], [], 3), ['a', 'b']);
});

test('a speaker who has no tile takes the last one, and keeps it afterwards', () => {
  const order = ['a', 'b', 'c', 'd', 'e'];
  const during = chooseVisible(order, ['a', 'b', 'c'], 4, 'e');
  assert.deepEqual(during, ['a', 'b', 'e']);
  assert.deepEqual(chooseVisible(order, during, 4), ['a', 'b', 'e']);
});

test('nobody who has a tile moves when somebody else joins', () => {
  assert.deepEqual(chooseVisible(['a', 'b', 'c', 'd', 'e', 'f'], ['a', 'c', 'e'], 4, 'c'), ['a', 'c', 'e']);
});

test('a tile that became free goes to the next in order', () => {
  assert.deepEqual(chooseVisible(['a', 'c', 'd', 'e', 'f'], ['a', 'b', 'c'], 4), ['a', 'c', 'd']);
});

test('tiles are for people in the room, each once, and a speaker has one wherever there are two', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(names, names, fc.integer({ min: 1, max: 25 }), fc.nat(), (order, shown, slots, pick) => {
      const speaker = order[pick % order.length]!;
      const visible = chooseVisible(order, shown, slots, speaker);
      assert.equal(new Set(visible).size, visible.length);
      assert.ok(visible.every((id) => order.includes(id)));
      assert.equal(visible.length, order.length <= slots ? order.length : Math.max(1, slots - 1));
      if (slots > 2) assert.ok(visible.includes(speaker));
    }),
  );
});
