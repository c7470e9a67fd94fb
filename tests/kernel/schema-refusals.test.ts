import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';
import { Type } from 'typebox';

import { SluiceError } from '../../src/kernel/errors.ts';
import { compileNextValidator, createParser, isAtMost, lazyValidator } from '../../src/kernel/schema.ts';

const Body = Type.Object(
  { name: Type.String({ maxLength: 8 }), tags: Type.Optional(Type.Array(Type.Integer())) },
  { additionalProperties: false },
);

test('what fits comes back as it is; all else is refused with what is wrong where', () => {
  const parse = createParser(Body, 'The body');
  const fitting = { name: 'lab', tags: [1, 2] };
  assert.equal(parse(fitting), fitting);
  const { detail, errors } = refusal(() => parse({ tags: ['x'], colour: 'red' }));
  assert.equal(detail, 'The body does not fit its schema.');
  assert.deepEqual(errors.map(({ path }) => path).toSorted(), ['/colour', '/name', '/tags/0']);
});

test('a refusal lists few violations, however many there are', () => {
  const { errors } = refusal(() => createParser(Body, 'The body')({ name: 'lab', tags: Array(400).fill('x') }));
  assert.equal(errors.length, 8);
});

test('what is too large to be explained cheaply is refused unexplained, and what is large and fits is let in', () => {
  const parse = createParser(Body, 'The body');
  const numbers = Array.from({ length: 20_000 }, (_, index) => index);
  parse({ name: 'lab', tags: numbers });
  const { detail, errors } = refusal(() => parse({ name: 'lab', tags: [...numbers, 'x'] }));
  assert.equal(detail, 'The body does not fit its schema, and is too large to say why.');
  assert.deepEqual(errors, []);
});

test('the edge of what is explained: 500 properties and items, at whatever depth', () => {
  const parse = createParser(Body, 'The body');
  // The object has two properties of its own.
  assert.equal(refusal(() => parse({ name: 'lab', tags: Array(498).fill('x') })).errors.length, 8);
  assert.equal(refusal(() => parse({ name: 'lab', tags: Array(499).fill('x') })).errors.length, 0);
});

test('a value is at most as large as the number of its properties and items', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(40), (value, limit) => {
      assert.equal(isAtMost(limit, value), sizeOf(value) <= limit);
    }),
  );
});

test('a value that is large beyond measure costs no more than the limit to refuse', () => {
  // Deeper than any recursion could follow.
  let deep: unknown = 'end';
  for (let depth = 0; depth < 200_000; depth += 1) deep = [deep];
  assert.equal(isAtMost(500, deep), false);
  const { errors } = refusal(() => createParser(Body, 'The body')({ name: 'lab', tags: deep }));
  assert.deepEqual(errors, []);
});

test('validators are compiled at their first use or in spare time, each once', () => {
  while (compileNextValidator());
  const [first, second] = [lazyValidator(Body), lazyValidator(Body)];
  const used = first();
  assert.equal(compileNextValidator(), true, 'the second one was waiting');
  assert.equal(compileNextValidator(), false, 'the first one was not');
  assert.equal(first(), used);
  assert.equal(second().Check({ name: 'lab' }), true);
});

/** What `action` was refused with. */
function refusal(action: () => unknown): { detail: string; errors: readonly { path: string }[] } {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof SluiceError);
    assert.equal(error.code, 'invalid-request');
    return { detail: error.detail ?? '', errors: error.errors ?? [] };
  }
  return assert.fail('it was let through');
}

/** Properties and items in `value`, and in them. */
function sizeOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const parts = Object.values(value);
  return parts.reduce((sum: number, part) => sum + sizeOf(part), parts.length);
}
