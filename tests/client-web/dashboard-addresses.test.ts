import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { addressOf, isSamePlace, readRoute, type Route } from '../../client/web/dashboard/route.ts';
import { LEVELS } from '../../src/qoe/level.ts';

/** A step of a path cannot be called `.` or `..`, in whatever way it is written; no room or session is. */
const name = fc
  .string({ minLength: 1, maxLength: 128, unit: 'grapheme' })
  .filter((text) => text.isWellFormed() && !/^\.\.?$/u.test(text));
const time = fc.integer({ min: 1, max: 9e13 });
const route: fc.Arbitrary<Route> = fc.oneof(
  fc.constant<Route>({ page: 'live' }),
  fc.constant<Route>({ page: 'today' }),
  name.map((id): Route => ({ page: 'session', id })),
  fc
    .tuple(
      name,
      fc.oneof(
        fc.integer({ min: 1, max: 86_400 }).map((last) => ({ last })),
        fc.tuple(time, time),
      ),
    )
    .filter(([, range]) => !Array.isArray(range) || range[0] < range[1])
    .map(([room, range]): Route => {
      return { page: 'room', room, range: Array.isArray(range) ? { from: range[0], to: range[1] } : range };
    }),
  fc
    .record(
      { identity: name, room: name, level: fc.constantFrom(...LEVELS), from: time, to: time },
      { requiredKeys: [], noNullPrototype: true },
    )
    .map((search): Route => ({ page: 'sessions', search })),
);

test('every page has an address that leads back to it, whatever rooms and people are called', () => {
  fc.assert(
    fc.property(route, (wanted) => {
      const { pathname, search, origin, hash } = new URL(addressOf(wanted), 'http://localhost');
      assert.equal(origin + hash, 'http://localhost');
      assert.deepEqual(readRoute(pathname, search), wanted);
    }),
    { examples: [[{ page: 'session', id: '%2F../?#' }]] },
  );
});

test('whatever a link holds, it leads somewhere', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 8 }), { maxLength: 4 }), fc.string(), (steps, search) => {
      const { page } = readRoute(['/dashboard', ...steps].join('/'), search);
      assert.ok(['live', 'room', 'sessions', 'session', 'today', 'unknown'].includes(page));
    }),
  );
  assert.deepEqual(readRoute('/dashboard/rooms/%E0%A4%A', ''), { page: 'unknown' });
  assert.deepEqual(readRoute('/dashboard/sessions', '?level=awful&from=-3&to=x'), { page: 'sessions', search: {} });
  assert.deepEqual(readRoute('/dashboard/rooms/lab', '?from=9&to=3'), {
    page: 'room',
    room: 'lab',
    range: { last: 300 },
  });
});

test('another time of the same room is the same place, and another room is not', () => {
  const lab: Route = { page: 'room', room: 'lab', range: { last: 300 } };
  assert.ok(isSamePlace(lab, { ...lab, range: { from: 1, to: 2 } }));
  assert.ok(!isSamePlace(lab, { ...lab, room: 'attic' }));
  assert.ok(!isSamePlace(lab, { page: 'live' }));
});
