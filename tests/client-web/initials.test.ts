import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { AVATAR_HUES, hueOf, initialsOf } from '../../client/web/ui/initials.ts';

for (const [name, initials] of [
  ['Ada Lovelace', 'AL'],
  ['linus', 'L'],
  ['Karen Spärck Jones', 'KJ'],
  ['Jean-Luc Picard', 'JP'],
  ['  (guest) 7 ', 'G7'],
  ['王 小明', '王小'],
  ['ßeta', 'S'],
  ['👋', '?'],
  ['', '?'],
] as const) {
  test(`${JSON.stringify(name)} is ${initials}`, () => assert.equal(initialsOf(name), initials));
}

test('any name has one or two letters and one of the colours, always the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      assert.ok([1, 2].includes(Array.from(initialsOf(name)).length));
      const hue = hueOf(name);
      assert.ok(Number.isInteger(hue) && hue >= 0 && hue < AVATAR_HUES);
      assert.equal(hueOf(name), hue);
    }),
  );
});
