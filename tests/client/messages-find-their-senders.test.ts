import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { DataMessage, RemoteParticipant } from '../../client/sdk/api.ts';
import { createMessages } from '../../client/sdk/messages.ts';
import { createScope } from '../../client/sdk/scope.ts';

const ada = { identity: 'ada' } as RemoteParticipant;

test('a message that is faster than the news of its sender waits for it', (t) => {
  const { messages, heard, people } = createWorld(t);
  messages.take(from('id-1', 'too early'));
  messages.take(from('id-2', 'never told'));
  assert.equal(heard.length, 0);
  people.set('id-1', ada);
  messages.arrived();
  messages.take(from('id-1', 'in time'));
  assert.deepEqual(
    heard.map(({ participant, payload }) => [participant.identity, payload]),
    [
      ['ada', 'too early'],
      ['ada', 'in time'],
    ],
  );
});

test('who is never told of is forgotten, and floods of strangers are bounded', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { messages, heard, people } = createWorld(t);
  for (let n = 0; n < 500; n += 1) messages.take(from('id-1', String(n)));
  people.set('id-1', ada);
  messages.arrived();
  assert.equal(heard.length, 100);
  assert.equal(heard.at(-1)?.payload, '499');

  people.clear();
  messages.take(from('id-1', 'late'));
  t.mock.timers.tick(6000);
  people.set('id-1', ada);
  messages.arrived();
  assert.equal(heard.length, 100);
});

function createWorld(t: TestContext) {
  const scope = createScope();
  t.after(() => scope.close());
  const people = new Map<string, RemoteParticipant>();
  const heard: DataMessage[] = [];
  const messages = createMessages({
    scope,
    self: () => 'me',
    cipher: undefined,
    request: () => Promise.reject(new Error('nothing is sent here')),
    inTurn: (task) => task(),
    participant: (id) => people.get(id),
    idOf: () => '',
    received: (message) => heard.push(message),
    problem: (error) => assert.fail(error),
  });
  return { messages, heard, people };
}

function from(id: string, payload: string) {
  return { header: { t: 'message', from: id as never, text: true } as const, payload };
}
