import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { Audible, PAUSE } from '../../src/rooms/audible.ts';
import type { ProducerId } from '../../src/rooms/ids.ts';

const VOICES = ['a', 'b', 'c', 'd', 'e'].map((name) => name as ProducerId);
const [A, B, C, D] = VOICES as [ProducerId, ProducerId, ProducerId, ProducerId];

test('with fewer voices than places, nobody is ever held back', () => {
  const audible = of(4, [A, B, C]);
  for (const levels of [[], [heard(A, -30)], [heard(C, -60), heard(B, -20)]])
    assert.deepEqual(audible.levels(levels), []);
  assert.ok([A, B, C].every((id) => audible.has(id)));
});

test('a new voice is let through at once, in the place of the one that was silent for the longest time', () => {
  const audible = of(2, [A, B, C]);
  audible.levels([heard(A, -30)]);
  for (let round = 0; round < PAUSE; round += 1) audible.levels([heard(B, -30)]);
  assert.deepEqual(audible.levels([heard(B, -30), heard(C, -60)]), [A, C]);
  assert.deepEqual(audible.levels([]), [], 'silence takes no place from anybody');
  assert.deepEqual(audible.levels([heard(A, -58)]), [], 'nor does a pause between two words');
});

test('where all speak, one must be clearly louder than the quietest', () => {
  const audible = of(2, [A, B, C, D]);
  const both = [heard(A, -30), heard(B, -40)];
  audible.levels(both);
  assert.deepEqual(audible.levels([...both, heard(C, -30)]), [], 'as much as syllables differ by');
  assert.deepEqual(audible.levels([...both, heard(C, -24)]), [B, C]);
  assert.deepEqual(audible.levels([...both, heard(C, -24)]), [], 'and it does not go back and forth');
});

test('whatever is said, places are filled, and a voice that is held back has no silent one before it', () => {
  const level = fc.record({ producerId: fc.constantFrom(...VOICES), dBov: fc.integer({ min: -70, max: 0 }) });
  const step = fc.oneof(
    fc.record({
      type: fc.constant('levels' as const),
      levels: fc.uniqueArray(level, { selector: ({ producerId }) => producerId }),
    }),
    fc.record({ type: fc.constantFrom('add' as const, 'remove' as const), id: fc.constantFrom(...VOICES) }),
    fc.record({ type: fc.constant('resize' as const), limit: fc.option(fc.integer({ min: 1, max: 4 })) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50, size: 'max' }), (steps) => {
      const audible = new Audible(2);
      const there = new Set<ProducerId>();
      const known = new Set<ProducerId>();
      const lately: ReadonlySet<ProducerId>[] = [];
      let limit: number | null = 2;
      for (const one of steps) {
        let changed: ProducerId[] = [];
        if (one.type === 'levels') changed = audible.levels(one.levels);
        else if (one.type === 'resize') changed = audible.resize((limit = one.limit));
        else if (one.type === 'remove') {
          if (!there.delete(one.id)) continue;
          changed = audible.remove(one.id);
          known.delete(one.id);
        } else if (!there.has(one.id)) {
          there.add(one.id);
          audible.add(one.id);
          if (audible.has(one.id)) known.add(one.id);
        }
        for (const id of changed) if (!known.delete(id)) known.add(id);
        const chosen = VOICES.filter((id) => audible.has(id));
        assert.deepEqual(new Set(chosen), known, 'what changed is told');
        assert.equal(chosen.length, Math.min(limit ?? Infinity, there.size));
        if (one.type !== 'levels') continue;
        const now = new Set(one.levels.map(({ producerId }) => producerId));
        lately.unshift(now);
        lately.length = Math.min(lately.length, PAUSE + 1);
        const waits = VOICES.some((id) => there.has(id) && now.has(id) && !audible.has(id));
        if (waits) assert.ok(chosen.every((id) => lately.some((round) => round.has(id))));
      }
    }),
  );
});

function of(limit: number, ids: readonly ProducerId[]): Audible {
  const audible = new Audible(limit);
  for (const id of ids) audible.add(id);
  return audible;
}

function heard(producerId: ProducerId, dBov: number) {
  return { producerId, dBov };
}
