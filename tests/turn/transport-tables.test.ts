import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { PairTable } from '../../src/turn/pair-table.ts';
import { TransportTable } from '../../src/turn/transport-table.ts';

test('a table of transport addresses does what a Map does, through growth and removals', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.tuple(fc.constantFrom('set', 'delete', 'get'), fewKeys, value), { maxLength: 1500, size: 'max' }),
      (seed, steps) => {
        const table = new TransportTable(seed);
        const model = new Map<string, number>();
        for (const [step, key, number] of steps) {
          if (step === 'set') {
            table.set(...key, number);
            model.set(key.join(), number);
          } else if (step === 'delete') {
            assert.equal(table.delete(...key), model.delete(key.join()));
          }
          assert.equal(table.get(...key), model.get(key.join()) ?? -1);
          assert.equal(table.size, model.size);
        }
        for (const [key, number] of model) assert.equal(table.get(...parseKey(key)), number);
      },
    ),
    { numRuns: 30 },
  );
});

test('a table of pairs does what a Map does, through growth and removals', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.tuple(fc.constantFrom('set', 'delete'), fewPairs, value), { maxLength: 1500, size: 'max' }),
      (seed, steps) => {
        const table = new PairTable(seed);
        const model = new Map<string, number>();
        for (const [step, [first, second], number] of steps) {
          if (step === 'set') {
            table.set(first, second, number);
            model.set(`${first},${second}`, number);
          } else {
            assert.equal(table.delete(first, second), model.delete(`${first},${second}`));
          }
          assert.equal(table.size, model.size);
        }
        for (const [key, number] of model) {
          const [first = 0, second = 0] = key.split(',').map(Number);
          assert.equal(table.get(first, second), number);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('a table that held much is empty again, and finds nothing', () => {
  const table = new TransportTable(1);
  const keys = Array.from({ length: 5000 }, (_, n): Key => [n % 7, 0, 0, 0xffff, n * 0x10001, n % 65_536]);
  for (const [index, key] of keys.entries()) table.set(...key, index);
  for (const [index, key] of keys.entries()) assert.equal(table.get(...key), index);
  for (const key of keys.toReversed()) assert.ok(table.delete(...key));
  assert.equal(table.size, 0);
  for (const key of keys) assert.equal(table.get(...key), -1);
});

type Key = [owner: number, a: number, b: number, c: number, d: number, port: number];

const value = fc.nat(2 ** 31 - 2);
/** Few enough keys that steps meet, with words of both signs. */
const word = fc.constantFrom(0, 1, -1, 0xffff, 2 ** 31 - 1, -(2 ** 31));
const fewKeys: fc.Arbitrary<Key> = fc.tuple(
  fc.nat(3),
  word,
  word,
  word,
  fc.integer({ min: -200, max: 200 }),
  fc.nat(2),
);
const fewPairs = fc.tuple(fc.nat(3), fc.integer({ min: 0x4000, max: 0x4200 }));

function parseKey(key: string): Key {
  const [owner = 0, a = 0, b = 0, c = 0, d = 0, port = 0] = key.split(',').map(Number);
  return [owner, a, b, c, d, port];
}
