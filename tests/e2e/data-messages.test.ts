import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import type { Page } from 'playwright-core';

import type { Join, Payload, Room } from '../../client/sdk/api.ts';
import { eventually } from './support/eventually.ts';
import { useStage } from './support/stage.ts';

declare const room: Room;
declare const heard: { from: string; payload: string; topic: string; direct: boolean; binary: boolean }[];
declare const sentOverChannels: number;

const stage = useStage();

test('messages reach everyone or some, text and bytes, in order, over data channels', async (t) => {
  const [ada, bob, cy] = await people(t, 'all', ['ada', 'bob', 'cy']);
  await Promise.all([ada, bob, cy].map((page) => overChannels(page)));
  const before = await ada.evaluate(() => sentOverChannels);
  await ada.evaluate(async () => {
    const bobs = room.participants.get('bob')!;
    for (let n = 0; n < 50; n += 1) await room.sendData(`line ${n}`, { topic: 'lines' });
    await room.sendData('only you', { to: bobs });
    await room.sendData(new Uint8Array([0, 255, 7]));
    await room.sendData('quick', { lossy: true });
  });
  assert.equal((await ada.evaluate(() => sentOverChannels)) - before, 53);

  const lines = Array.from({ length: 50 }, (_, n) => `line ${n}`);
  for (const page of [bob, cy]) {
    await eventually(
      'all came',
      () => texts(page),
      (all) => all.includes('quick') && all.includes('0,255,7'),
    );
    const reliable = (await texts(page)).filter((text) => text !== 'quick');
    assert.deepEqual(reliable, [...lines, ...(page === bob ? ['only you'] : []), '0,255,7']);
  }
  const [direct] = (await bob.evaluate(() => heard)).filter(({ payload }) => payload === 'only you');
  assert.deepEqual(direct, { from: 'ada', payload: 'only you', topic: null, direct: true, binary: false });
  assert.deepEqual(await texts(ada), []);
});

test('chat goes over the data channels, and is kept apart from what the application sends', async (t) => {
  const [ada, bob] = await people(t, 'chat', ['ada', 'bob']);
  await overChannels(ada);
  const before = await ada.evaluate(() => sentOverChannels);
  const read = bob.evaluate(
    () => new Promise<string>((resolve) => room.once('chat', ({ identity, text }) => resolve(`${identity}: ${text}`))),
  );
  await ada.evaluate(() => room.sendChat('hello').then(() => room.sendData('not chat')));
  assert.equal(await read, 'ada: hello');
  assert.equal((await ada.evaluate(() => sentOverChannels)) - before, 2);
  await eventually(
    'the other one came',
    () => texts(bob),
    (all) => all.includes('not chat'),
  );
  assert.deepEqual(await texts(bob), ['not chat']);
  for (const page of [ada, bob]) {
    assert.deepEqual(await page.evaluate(() => room.chat.map(({ identity, text }) => [identity, text])), [
      ['ada', 'hello'],
    ]);
  }
});

test('a call brings the answer of the one who was called, or the reason why there is none', async (t) => {
  const [ada, bob] = await people(t, 'calls', ['ada', 'bob']);
  await bob.evaluate(() => {
    room.onCall('shout', ({ participant, payload }) => `${participant.identity}: ${String(payload).toUpperCase()}`);
    room.onCall('break', () => {
      throw new Error('out of order');
    });
    room.onCall('sleep', () => new Promise<Payload>(() => undefined));
    room.onCall('go', () => room.leave().then(() => ''));
  });
  assert.equal(await call(ada, 'shout', 'hello'), 'ada: HELLO');
  assert.equal(await call(ada, 'break'), 'call-failed: out of order');
  assert.match(await call(ada, 'unheard-of'), /^no-method: /);
  assert.match(await call(ada, 'sleep', '', 300), /^call-timeout: /);
  assert.equal(await call(ada, 'go'), 'participant-not-found: The participant has left.');
});

test('where there are no data channels, messages and calls go over signaling', async (t) => {
  const [ada, bob] = await people(t, 'fallback', ['ada', 'bob'], () => {
    RTCPeerConnection.prototype.createDataChannel = () => {
      throw new DOMException('not here', 'NotSupportedError');
    };
  });
  await bob.evaluate(() => void room.onCall('echo', ({ payload }) => payload));
  await ada.evaluate(async () => {
    await room.sendData('one');
    await room.sendData(new Uint8Array([1, 2]));
    await room.sendData('three', { lossy: true });
  });
  await eventually(
    'they came',
    () => texts(bob),
    (all) => all.length === 3,
  );
  assert.deepEqual(await texts(bob), ['one', '1,2', 'three']);
  assert.equal(await call(ada, 'echo', 'back'), 'back');
  assert.equal(await ada.evaluate(() => sentOverChannels), 0);
});

test('what is too large or too much is refused, and nothing else suffers', async (t) => {
  const [ada, bob] = await people(t, 'limits', ['ada', 'bob']);
  await overChannels(ada);
  const problems = ada.evaluate(
    () => new Promise<string>((resolve) => room.once('problem', ({ code }) => resolve(code))),
  );
  await ada.evaluate(() => room.sendData('x'.repeat(40_000)));
  assert.equal(await problems, 'message-too-large');
  await ada.evaluate(() => room.sendData('small'));
  await eventually(
    'the small one came',
    () => texts(bob),
    (all) => all.includes('small'),
  );
});

test('an empty message is one, too', async (t) => {
  const [ada, bob] = await people(t, 'empty', ['ada', 'bob']);
  await overChannels(ada);
  await ada.evaluate(() => room.sendData(''));
  await eventually(
    'it came',
    () => texts(bob),
    (all) => all.includes(''),
  );
});

/** Pages whose guests are in `name`, with nothing published, and hear what is said. */
async function people<const Names extends readonly string[]>(
  t: TestContext,
  name: string,
  identities: Names,
  init: () => void = () => undefined,
): Promise<{ [Name in keyof Names]: Page }> {
  const pages = await Promise.all(
    identities.map(async (identity) => {
      const token = await stage.server.token(name, identity);
      const page = await stage.open(t, '/v1/health', {
        prepare: async (context) => {
          await context.addInitScript(countSends);
          await context.addInitScript(init);
        },
      });
      await page.evaluate(async (its) => {
        const sdk = '/sdk/sluice.js';
        const { join } = (await import(sdk)) as { join: Join };
        const scope = globalThis as unknown as { room: Room; heard: typeof heard };
        scope.heard = [];
        scope.room = await join(location.origin, its);
        scope.room.on('data', ({ participant, payload, topic = null, direct }) => {
          const binary = typeof payload !== 'string';
          scope.heard.push({ from: participant.identity, payload: String(payload), topic: topic!, direct, binary });
        });
      }, token);
      return page;
    }),
  );
  for (const page of pages) {
    const others = identities.length - 1;
    await eventually(
      'all are there',
      () => page.evaluate(() => room.participants.size),
      (size) => size === others,
    );
  }
  return pages as { [Name in keyof Names]: Page };
}

function countSends(): void {
  const scope = globalThis as unknown as { sentOverChannels: number };
  scope.sentOverChannels = 0;
  const { prototype } = RTCDataChannel;
  const send = Object.getOwnPropertyDescriptor(prototype, 'send')?.value as (...args: unknown[]) => void;
  const counted = function (this: RTCDataChannel, ...args: unknown[]) {
    scope.sentOverChannels += 1;
    send.apply(this, args);
  };
  Object.defineProperty(prototype, 'send', { value: counted });
}

function texts(page: Page): Promise<string[]> {
  return page.evaluate(() => heard.map(({ payload }) => payload).filter((payload) => payload !== 'probe'));
}

/** Waits until what this page sends takes the data channel. */
async function overChannels(page: Page): Promise<void> {
  await eventually(
    'messages go over the data channel',
    () => page.evaluate(() => room.sendData('probe').then(() => sentOverChannels)),
    (count) => count > 0,
  );
}

/** What bob answers to `page`, or the code and message of the failure. */
function call(page: Page, method: string, payload = '', timeout = 5000): Promise<string> {
  return page.evaluate(
    ([name, text, within]) =>
      room.call(room.participants.get('bob')!, name, text, { timeout: within }).then(
        (answer) => String(answer),
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      ),
    [method, payload, timeout] as const,
  );
}
