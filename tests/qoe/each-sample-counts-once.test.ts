import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { SEQUENCE_WINDOW, SequenceWindow } from '../../src/qoe/sequence-window.ts';

test('a number is new once, late and in disorder too', () => {
  const window = new SequenceWindow();
  assert.deepEqual([5, 3, 5, 4, 3, 900, 5].map(arrive), ['new', 'new', 'seen', 'new', 'seen', 'new', 'old']);

  function arrive(sequence: number) {
    const arrival = window.look(sequence);
    if (arrival === 'new') window.add(sequence);
    return arrival;
  }
});

test('it does as a set of all numbers would', () => {
  // Small steps ahead with holes between them, which are filled when the window has gone round; and now and then a leap.
  const near = fc.integer({ min: -SEQUENCE_WINDOW - 10, max: 60 });
  const step = fc.oneof(
    { weight: 500, arbitrary: near },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 30 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 300, maxLength: 600 }), (steps) => {
      const window = new SequenceWindow();
      const seen = new Set<number>();
      let newest = -1;
      for (const distance of steps) {
        const number = Math.max(0, newest + distance);
        const expected = number <= newest - SEQUENCE_WINDOW ? 'old' : seen.has(number) ? 'seen' : 'new';
        assert.equal(window.look(number), expected);
        if (expected !== 'new') continue;
        window.add(number);
        seen.add(number);
        newest = Math.max(newest, number);
      }
    }),
  );
});
