import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownTrouble, reasonOf, troubleOf } from '../../client/web/meeting/connection.ts';
import { CAUSES } from '../../src/qoe/causes.ts';

test('every cause that the server knows has words for the person it is about', () => {
  assert.deepEqual(
    CAUSES.map(({ id }) => id).filter((id) => reasonOf(id) === undefined),
    [],
  );
});

test('a cause of a later server, or none, is left unsaid', () => {
  assert.equal(reasonOf('solar-flare'), undefined);
  assert.equal(reasonOf(undefined), undefined);
});

test('a connection that is good enough has no mark', () => {
  const levels = ['excellent', 'good', 'poor', 'lost'] as const;
  assert.deepEqual(
    levels.map((quality) => troubleOf({ quality })),
    [undefined, undefined, 'poor', 'lost'],
  );
});

test('a device that is too slow is not called a connection', () => {
  assert.equal(ownTrouble('poor', 'loss-up'), 'Your connection is poor. Part of what you send gets lost.');
  assert.match(ownTrouble('poor', 'cpu-source'), /^This device holds your call back\. This device is too busy/);
  assert.match(ownTrouble('poor', 'decoder-receiver'), /^This device/);
  assert.equal(ownTrouble('lost', undefined), 'Your connection is lost.');
});
