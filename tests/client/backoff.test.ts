import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { retryDelay } from '../../client/sdk/backoff.ts';

test('the first attempt comes within an eighth of a second, later ones in doubling steps of up to 5 s', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) => retryDelay(attempt, 0)),
    [125, 250, 500, 1000, 2000, 4000, 5000, 5000],
  );
});

test('chance shortens a wait by up to half, and never below what the server asked for', () => {
  fc.assert(
    fc.property(
      fc.nat(100),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.nat(120),
      (attempt, random, retryAfter) => {
        const full = retryDelay(attempt, 0);
        const delay = retryDelay(attempt, random, retryAfter);
        assert.ok(delay >= Math.max(full / 2, retryAfter * 1000));
        assert.ok(delay <= Math.max(full, retryAfter * 1000));
      },
    ),
  );
});
