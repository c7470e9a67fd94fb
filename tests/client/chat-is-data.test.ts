import assert from 'node:assert/strict';
import { test } from 'node:test';

import type {
  ChatMessage,
  DataMessage,
  LocalParticipant,
  RemoteParticipant,
  SendDataOptions,
} from '../../client/sdk/api.ts';
import { createChat, requireOpenTopic } from '../../client/sdk/chat.ts';

const ADA = { identity: 'ada', name: 'Ada' } as RemoteParticipant;

test('what one says is sent as text of a topic, and is in the chat once it is on its way', async () => {
  const { chat, sent, told, deliver } = createWorld();
  const saying = chat.say('hello');
  assert.deepEqual(chat.messages, []);
  deliver();
  const message = await saying;
  assert.deepEqual(sent, [['hello', { topic: 'sluice.chat' }]]);
  assert.deepEqual([message.identity, message.name, message.text], ['self', 'Me', 'hello']);
  assert.deepEqual(chat.messages, [message]);
  assert.deepEqual(told, [message]);
});

test('what is not sent is not in the chat', async () => {
  const { chat, fail } = createWorld();
  const saying = chat.say('hello');
  fail(new Error('no way'));
  await assert.rejects(saying, /no way/);
  assert.deepEqual(chat.messages, []);
});

test('what is empty, too long or not granted is refused here, and not sent', async () => {
  const { chat, sent, grants } = createWorld();
  await assert.rejects(chat.say(''), { code: 'invalid-request' });
  await assert.rejects(chat.say('x'.repeat(4097)), { code: 'invalid-request' });
  grants.data = false;
  await assert.rejects(chat.say('x'), { code: 'forbidden' });
  Object.assign(grants, { data: true, hidden: true });
  await assert.rejects(chat.say('x'), { code: 'forbidden' });
  assert.deepEqual(sent, []);
});

test('what others say is in the chat, and what only looks like it is not', () => {
  const { chat, told } = createWorld();
  assert.equal(chat.take(from('hello')), true);
  assert.equal(chat.take({ ...from('between us'), direct: true }), true);
  assert.equal(chat.take(from(new Uint8Array([104, 105]))), true);
  assert.equal(chat.take(from('')), true);
  assert.equal(chat.take(from('x'.repeat(4097))), true);
  assert.equal(chat.take({ ...from('of a later SDK'), topic: 'sluice.reactions' }), true);
  assert.equal(chat.take({ ...from("the application's"), topic: 'sluices' }), false);
  assert.equal(chat.take({ ...from("the application's"), topic: undefined }), false);
  assert.deepEqual(
    chat.messages.map(({ identity, name, text }) => [identity, name, text]),
    [['ada', 'Ada', 'hello']],
  );
  assert.equal(told.length, 1);
});

test('the newest 500 messages are kept, each with an id of its own', () => {
  const { chat } = createWorld();
  for (let n = 1; n <= 600; n += 1) chat.take(from(`line ${n}`));
  assert.equal(chat.messages.length, 500);
  assert.deepEqual([chat.messages[0]?.text, chat.messages.at(-1)?.text], ['line 101', 'line 600']);
  assert.equal(new Set(chat.messages.map(({ id }) => id)).size, 500);
});

test('an application cannot send under a topic that is reserved', () => {
  assert.throws(() => requireOpenTopic({ topic: 'sluice.chat' }), { code: 'invalid-request' });
  for (const topic of ['chat', 'sluices', '']) requireOpenTopic({ topic });
  requireOpenTopic({});
});

function createWorld() {
  const sent: [unknown, SendDataOptions][] = [];
  const told: ChatMessage[] = [];
  const grants = { data: true, hidden: false };
  const { promise, resolve: deliver, reject: fail } = Promise.withResolvers<void>();
  const chat = createChat({
    self: { identity: 'self', name: 'Me', grants } as unknown as LocalParticipant,
    send: (payload, options) => (sent.push([payload, options]), promise),
    said: (message) => told.push(message),
  });
  return { chat, sent, told, grants, deliver, fail };
}

function from(payload: DataMessage['payload']): DataMessage {
  return { participant: ADA, payload, topic: 'sluice.chat', direct: false };
}
