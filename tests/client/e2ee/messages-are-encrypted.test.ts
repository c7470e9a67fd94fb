/** Messages between participants whose SDKs encrypt, with a server between them that reads and changes what it likes. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { DataMessage, E2eeKeys, Payload, RemoteParticipant } from '../../../client/sdk/api.ts';
import { createE2eeKeys } from '../../../client/sdk/e2ee/keys.ts';
import { createMessageCipher } from '../../../client/sdk/e2ee/message-cipher.ts';
import type { SluiceClientError } from '../../../client/sdk/errors.ts';
import { createMessages, type Messages } from '../../../client/sdk/messages.ts';
import { createScope } from '../../../client/sdk/scope.ts';
import type { DataHeader, DeliveredHeader } from '../../../src/rooms/data-header.ts';
import { KEY, OTHER_KEY } from './support.ts';

test('what is read is what was written, text and bytes, in order; the server reads topics and nothing else', async (t) => {
  const { ada, bob, seen } = call(t);
  const said: Payload[] = [
    'for your eyes',
    '',
    new Uint8Array([0, 255, 7]),
    new Uint8Array(),
    'your eyes, ß '.repeat(500),
  ];
  await Promise.all(said.map((payload) => ada.messages.send(payload, { topic: 'lines' })));
  await ada.messages.send('eyes only', { lossy: true, to: bob.person });
  await bob.hears(said.length + 1);
  assert.deepEqual(
    bob.heard.map(({ payload, topic, direct }) => [payload, topic, direct]),
    [...said.map((payload) => [payload, 'lines', false]), ['eyes only', undefined, true]],
  );
  for (const { payload } of seen) assert.doesNotMatch(`${payload} ${atob(payload)}`, /your eyes|eyes only/);
});

test('a call and its answer are encrypted, also the words of an answer that failed', async (t) => {
  const { ada, bob, seen } = call(t);
  bob.messages.handle('shout', ({ payload }) => String(payload).toUpperCase());
  bob.messages.handle('fail', () => Promise.reject(new Error('out of lemons')));
  assert.equal(await ada.messages.call(bob.person, 'shout', 'hello', {}), 'HELLO');
  await assert.rejects(ada.messages.call(bob.person, 'fail', 'x', {}), {
    code: 'call-failed',
    message: 'out of lemons',
  });
  await assert.rejects(ada.messages.call(bob.person, 'none', 'x', {}), { code: 'no-method' });
  for (const { payload } of seen) assert.doesNotMatch(`${payload} ${atob(payload)}`, /hello|lemons/i);
});

test('who leaves opens nothing of what follows, and who comes nothing of before: messages follow the keys', async (t) => {
  const { ada, bob, seen } = call(t);
  await ada.messages.send('before', {});
  await bob.hears(1);
  await ada.keys.ratchet('ada');
  await ada.messages.send('ratcheted', {});
  await bob.hears(2);
  const { key, index, generation } = (await ada.keys.exportKey('ada'))!;
  const newcomer = createE2eeKeys();
  newcomer.setKey('ada', key, { index, generation });
  const scope = createScope();
  t.after(() => scope.close());
  const cipher = createMessageCipher({ keys: newcomer, scope, self: () => 'eve' });
  const outcomes = [];
  for (const { payload } of seen) {
    const sealed = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    outcomes.push(await cipher.open('ada', ['message', null, false], sealed));
  }
  assert.deepEqual(outcomes, [
    { ok: false, why: 'no-key' },
    { ok: true, payload: 'ratcheted' },
  ]);

  ada.keys.setKey('ada', new Uint8Array(32).fill(9), { index: 1 });
  await ada.messages.send('without Bob', {});
  await bob.settled();
  assert.equal(bob.heard.length, 2);
});

test('without a key nothing is sent; with another one nothing is read, which is told once for each sender', async (t) => {
  const { ada, bob } = call(t, { keyless: true });
  await assert.rejects(ada.messages.send('hello', {}), { code: 'encryption-failed' });
  ada.keys.setKey('ada', OTHER_KEY);
  for (const word of ['one', 'two']) await ada.messages.send(word, {});
  await bob.settled();
  assert.deepEqual(bob.heard, []);
  assert.deepEqual(
    bob.problems.map(({ code, message }) => [code, message]),
    [['encryption-failed', 'What ada sent could not be decrypted: wrong-key.']],
  );
  // Whoever cannot read a call says so.
  bob.messages.handle('shout', () => assert.fail('called'));
  await assert.rejects(ada.messages.call(bob.person, 'shout', 'hello', {}), { code: 'call-failed' });
});

test('the server can pass off nothing as something else: of another person, about another thing, or twice', async (t) => {
  const { ada, bob, replay } = call(t);
  await ada.messages.send('the meeting is at five', { topic: 'plans' });
  await bob.hears(1);
  await replay((header) => header, 'bob');
  await replay((header) => ({ ...header, topic: 'orders' }), 'bob');
  await replay((header) => ({ ...header, direct: true }), 'bob');
  await replay((header) => ({ ...header, from: 'id-eve' as never }), 'bob');
  await replay((header) => ({ t: 'call', from: header.from, id: 1, method: 'plans' }), 'bob');
  assert.equal(bob.heard.length, 1);
});

test('an answer answers its own call: one of another call, though of the same number, is not taken', async (t) => {
  const first = call(t);
  first.bob.messages.handle('balance', () => 'a million');
  assert.equal(await first.ada.messages.call(first.bob.person, 'balance', '', {}), 'a million');
  const answer = first.seen.at(-1)!;

  const second = call(t, { answers: () => answer.payload });
  second.bob.messages.handle('balance', () => 'nothing');
  await assert.rejects(second.ada.messages.call(second.bob.person, 'balance', '', {}), { code: 'encryption-failed' });
});

test('what is not encrypted is not read', async (t) => {
  const { bob } = call(t);
  bob.messages.take({ header: { t: 'message', from: 'id-ada' as never, text: true }, payload: 'trust me' });
  await bob.settled();
  assert.deepEqual(bob.heard, []);
  assert.match(bob.problems[0]?.message ?? '', /unencrypted/);
});

type Side = ReturnType<typeof createSide>;
type Passed = { header: DeliveredHeader; payload: string };

/** Ada and Bob, who have each other's keys. `keyless`: Ada has none of her own. `answers`: what the server hands on in place of what was answered. */
function call(t: TestContext, { keyless = false, answers }: { keyless?: boolean; answers?: () => string } = {}) {
  const seen: Passed[] = [];
  const sides: Record<string, Side> = {};
  const pass = async (from: string, { header, payload }: { header: DataHeader; payload: string }) => {
    const to = from === 'ada' ? 'bob' : 'ada';
    const changed = header.t === 'answer' && answers !== undefined ? answers() : payload;
    const passed = { header: delivered(header, from), payload: changed };
    seen.push(passed);
    sides[to]!.messages.take(passed);
  };
  const keys = { ada: createE2eeKeys(), bob: createE2eeKeys() };
  for (const [name, its] of Object.entries(keys)) {
    if (name !== 'ada' || !keyless) its.setKey('ada', KEY);
    its.setKey('bob', OTHER_KEY);
    its.setKey('eve', KEY);
    sides[name] = createSide(t, name, its, pass);
  }
  return {
    ...{ ada: sides['ada']!, bob: sides['bob']!, seen },
    /** Hands the first message on once more, changed. */
    replay: async (change: (header: DeliveredHeader & { t: 'message' }) => DeliveredHeader, to: string) => {
      const [first] = seen;
      const header = change(first!.header as DeliveredHeader & { t: 'message' });
      sides[to]!.messages.take({ header, payload: first!.payload });
      await sides[to]!.settled();
    },
  };
}

function createSide(
  t: TestContext,
  identity: string,
  keys: E2eeKeys,
  pass: (from: string, sent: { header: DataHeader; payload: string }) => Promise<void>,
) {
  const scope = createScope();
  t.after(() => scope.close());
  const heard: DataMessage[] = [];
  const problems: SluiceClientError[] = [];
  const cipher = createMessageCipher({ keys, scope, self: () => identity });
  let opening: Promise<unknown> = Promise.resolve();
  const messages: Messages = createMessages({
    scope,
    self: () => identity,
    cipher: {
      ...cipher,
      open(...parameters) {
        const opened = cipher.open(...parameters);
        opening = Promise.allSettled([opening, opened]);
        return opened;
      },
    },
    request: (async (_name: string, sent: { header: DataHeader; payload: string }) => pass(identity, sent)) as never,
    inTurn: (task) => task(),
    participant: (id) => ({ identity: id.replace('id-', '') }) as RemoteParticipant,
    idOf: ({ identity: whose }) => `id-${whose}`,
    received: (message) => heard.push(message),
    problem: (problem) => problems.push(problem),
  });
  /** When nothing is being decrypted any more. */
  async function settled(): Promise<void> {
    for (let rounds = 0; rounds < 20; rounds += 1) {
      await opening;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return {
    ...{ keys, messages, heard, problems, settled, person: { identity } as RemoteParticipant },
    hears: async (count: number): Promise<void> => {
      for (let rounds = 0; heard.length < count && rounds < 100; rounds += 1) await settled();
      assert.equal(heard.length, count);
    },
  };
}

/** As the server hands a header on. */
function delivered(header: DataHeader, from: string): DeliveredHeader {
  const sender = `id-${from}` as never;
  if (header.t !== 'message') {
    const { to: _, ...rest } = header;
    return { ...rest, from: sender };
  }
  const { to, ...rest } = header;
  return { ...rest, from: sender, ...(to === undefined ? {} : { direct: true }) };
}
