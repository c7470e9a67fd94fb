import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createLevels, SILENCE } from '../../client/sdk/levels.ts';

test('a frame says whose level has changed, and the rest stays', () => {
  const levels = createLevels();
  levels.apply({ l: [3, -42, 5, -30] });
  assert.deepEqual(levels.apply({ l: [3, -20, 5, -30] }), {
    changed: [3],
    qualityChanged: [],
    speakerChanged: false,
  });
  assert.deepEqual([levels.level(3), levels.level(5), levels.level(9)], [-20, -30, SILENCE]);
});

test('a speaker that a frame does not mention stays; null is nobody', () => {
  const levels = createLevels();
  assert.equal(levels.apply({ s: 0 }).speakerChanged, true);
  assert.equal(levels.apply({ l: [0, -9] }).speakerChanged, false);
  assert.equal(levels.speaker, 0);
  assert.equal(levels.apply({ s: null }).speakerChanged, true);
  assert.equal(levels.speaker, undefined);
});

test('whoever gets a number that has become free starts silent and is not the speaker', () => {
  const levels = createLevels();
  levels.apply({ l: [2, -10], s: 2 });
  levels.forget(2);
  assert.deepEqual([levels.level(2), levels.speaker], [SILENCE, undefined]);
});

test('a join starts from what the server knows, and forgets the session before', () => {
  const levels = createLevels();
  levels.apply({ l: [1, -10], s: 1 });
  levels.reset({ l: [4, -50] });
  assert.deepEqual([levels.level(1), levels.level(4), levels.speaker], [SILENCE, -50, undefined]);
});

test('a connection is excellent until a frame says otherwise, and again after its owner has left', () => {
  const levels = createLevels();
  assert.deepEqual(levels.apply({ q: [3, 1, 4, 3] }).qualityChanged, [3]);
  assert.deepEqual(levels.apply({ q: [3, 1] }).qualityChanged, []);
  assert.deepEqual([levels.quality(3), levels.quality(4)], ['poor', 'excellent']);
  assert.deepEqual(levels.apply({ q: [3, 9] }).qualityChanged, [], 'a code of a later server is no news');
  levels.forget(3);
  assert.equal(levels.quality(3), 'excellent');
  levels.apply({ q: [3, 0] });
  levels.reset({ q: [5, 2] });
  assert.deepEqual([levels.quality(3), levels.quality(5)], ['excellent', 'good']);
});

test('half a pair is no level', () => {
  const levels = createLevels();
  assert.deepEqual(levels.apply({ l: [1] }).changed, []);
});
