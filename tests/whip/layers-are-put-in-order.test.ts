import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromSmallest } from '../../src/whip/simulcast-order.ts';

const plain = (...rids: string[]) => rids.map((rid) => ({ rid, restrictions: {} }));

test('restrictions tell which layer is smaller, whatever the names', () => {
  const rids = [
    { rid: 'h', restrictions: { 'max-width': 640 } },
    { rid: 'q', restrictions: { 'max-width': 1280 } },
    { rid: 'f', restrictions: { 'max-width': 320 } },
  ];
  assert.deepEqual(fromSmallest(rids), ['f', 'h', 'q']);
});

test('names that people use tell it too, in any order', () => {
  assert.deepEqual(fromSmallest(plain('f', 'h', 'q')), ['q', 'h', 'f']);
  assert.deepEqual(fromSmallest(plain('q', 'h', 'f')), ['q', 'h', 'f']);
  assert.deepEqual(fromSmallest(plain('h', 'm', 'l')), ['l', 'm', 'h']);
  assert.deepEqual(fromSmallest(plain('high', 'low')), ['low', 'high']);
  assert.deepEqual(fromSmallest(plain('r0', 'r1', 'r2')), ['r0', 'r1', 'r2']);
});

test('else the first is what the sender prefers: the largest', () => {
  assert.deepEqual(fromSmallest(plain('0', '1', '2')), ['2', '1', '0']);
  assert.deepEqual(fromSmallest(plain('hello', 'world')), ['world', 'hello']);
});
