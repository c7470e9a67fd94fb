import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { groupMessages } from '../../client/web/meeting/chat-groups.ts';

const MINUTE = 60_000;

test('what one person says in three minutes stands under one name', () => {
  const messages = [said('ada', 0), said('ada', 2 * MINUTE), said('ada', 3 * MINUTE)];
  assert.deepEqual(groupMessages(messages), [[messages[0], messages[1]], [messages[2]]]);
});

test('an answer in between starts a new group', () => {
  assert.equal(groupMessages([said('ada', 0), said('grace', 1), said('ada', 2)]).length, 3);
});

test('no message is lost, doubled or moved', () => {
  const messages = fc.array(fc.record({ identity: fc.constantFrom('ada', 'grace'), at: fc.nat(10 * MINUTE) }));
  fc.assert(
    fc.property(messages, (all) => {
      const groups = groupMessages(all);
      assert.deepEqual(groups.flat(), all);
      for (const group of groups) assert.equal(new Set(group.map(({ identity }) => identity)).size, 1);
    }),
  );
});

function said(identity: string, at: number): { identity: string; at: number } {
  return { identity, at };
}
