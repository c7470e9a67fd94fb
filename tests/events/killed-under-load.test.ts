import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkCrashes, crash } from '../support/event-crash.ts';
import { startReceiver } from './receiver.ts';

test('killed with SIGKILL under load, again and again: nothing that was told is lost, doubled, or out of order', async (t) => {
  const receiver = await startReceiver(t);
  const crashes = await crash(3, receiver, () => Math.random() * 400);
  checkCrashes(crashes, receiver);
  const lost = crashes.log.filter(({ reason }) => reason === 'server-lost');
  assert.ok(crashes.streamed.length >= 30, 'there was something to lose');
  assert.ok(lost.length > 0, 'people were in rooms when it was killed');
});
