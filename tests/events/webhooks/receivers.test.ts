import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { EventLog } from '../../../src/events/log.ts';
import { createWebhooks, type Webhooks } from '../../../src/events/webhooks/webhooks.ts';
import { openLog, until } from '../event-log.ts';
import { factsOf } from '../facts.ts';
import { type Receiver, SECRET, startReceiver } from '../receiver.ts';

test('a receiver that answers 500, then is down, then slow, gets everything in the end, in the order of each room', async (t) => {
  let calls = 0;
  const receiver = await startReceiver(t, (_event, response) => {
    calls += 1;
    if (calls <= 3) return 500;
    if (calls === 4) return void response.destroy();
    if (calls === 5) return void setTimeout(() => response.writeHead(503).end(), 50);
    return 204;
  });
  const { log } = await start(t, { a: receiver });
  happen(log, 20);
  await until(() => new Set(receiver.taken.map(({ seq }) => seq)).size === 40, 'all have arrived');
  assert.deepEqual(receiver.faults, []);
  for (const room of ['room-0', 'room-1', 'room-2']) {
    const order = receiver.taken.filter((event) => event.room === room).map(({ seq }) => seq);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  }
});

test('receivers that never answer, or never stop to answer, or point elsewhere, hold up no other, and are failures', async (t) => {
  const elsewhere = await startReceiver(t);
  const endless = (response: ServerResponse, text: string) => {
    const timer = setInterval(() => response.socket?.write(text), 1);
    response.on('close', () => clearInterval(timer));
  };
  const good = await startReceiver(t);
  const silent = await startReceiver(t, () => undefined);
  const headers = await startReceiver(t, (_event, response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\n');
    endless(response, `x-filler: ${'x'.repeat(1000)}\r\n`);
    return undefined;
  });
  const bodies = await startReceiver(t, (_event, response) => {
    response.writeHead(500, { 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    endless(response, `400\r\n${'x'.repeat(1024)}\r\n`);
    return undefined;
  });
  const redirecting = await startReceiver(t, (_event, response) => {
    response.writeHead(307, { location: elsewhere.url }).end();
    return undefined;
  });
  const { log, webhooks } = await start(t, { good, silent, headers, bodies, redirecting }, { timeout: 2000 });
  happen(log, 30);
  await until(() => good.taken.length === 60, 'the good one has all');
  const states = () => webhooks.ask({ type: 'status' });
  const bad = ['silent', 'headers', 'bodies', 'redirecting'];
  await until(
    async () => (await states()).every(({ name, state }) => (state === 'failing') === bad.includes(name)),
    'the others are known to fail',
  );
  const errors = Object.fromEntries((await states()).map(({ name, lastError }) => [name, lastError]));
  assert.deepEqual(errors, {
    good: undefined,
    silent: 'timeout',
    headers: 'HPE_HEADER_OVERFLOW',
    bodies: 'HTTP 500',
    redirecting: 'HTTP 307',
  });
  assert.equal(elsewhere.requests, 0, 'no redirect is followed');
});

test('an address that is not public is never connected to, whether written, or what a name resolves to', async (t) => {
  const receiver = await startReceiver(t);
  const port = new URL(receiver.url).port;
  const urls = [
    `http://127.0.0.1:${port}`,
    `http://localhost:${port}`,
    `http://[::1]:${port}`,
    `http://2130706433:${port}`,
  ];
  const inside = [
    ...urls,
    'http://169.254.169.254/latest',
    'http://10.0.0.1',
    'http://[::ffff:127.0.0.1]',
    'http://0.0.0.0',
  ];
  const endpoints = inside.map((url, index) => ({ name: `e${index}`, url }));
  const { log, webhooks } = await start(t, {}, { endpoints, allow: [] });
  happen(log, 1);
  await until(
    async () => (await webhooks.ask({ type: 'status' })).every(({ state }) => state === 'failing'),
    'all fail',
  );
  for (const { lastError } of await webhooks.ask({ type: 'status' })) assert.equal(lastError, 'target-refused');
  assert.equal(receiver.requests, 0);
});

test('410 ends it until it is enabled; what was given up can be read, and delivered again', async (t) => {
  let status = 410;
  const receiver = await startReceiver(t, () => status);
  const { log, webhooks } = await start(t, { a: receiver }, { retryFor: 1 });
  happen(log, 1);
  const state = async () => (await webhooks.ask({ type: 'status' }))[0]!;
  await until(async () => (await state()).state === 'disabled', 'it is disabled');
  assert.equal(receiver.requests, 1);
  status = 500;
  await webhooks.ask({ type: 'enable', name: 'a' });
  await until(async () => (await state()).deadLetters === 2, 'both are given up');
  const letters = await webhooks.ask({ type: 'dead-letters', name: 'a', after: 0, limit: 10 });
  assert.deepEqual(
    letters.map(({ seq, reason }) => [seq, reason]),
    [
      [1, 'HTTP 500'],
      [2, 'HTTP 500'],
    ],
  );
  status = 200;
  await webhooks.ask({ type: 'enable', name: 'a' });
  assert.equal(await webhooks.ask({ type: 'redeliver', name: 'a', seqs: [1, 2, 99] }), 2);
  await until(async () => (await state()).deadLetters === 0, 'they are delivered after all');
  assert.deepEqual(
    receiver.taken.map(({ seq }) => seq).toSorted((a, b) => a - b),
    [1, 2],
  );
});

test('what was not delivered before a restart is delivered after it', async (t) => {
  let status = 500;
  const receiver = await startReceiver(t, () => status);
  const folder = scratchFolder(t);
  const first = await start(t, { a: receiver }, { folder });
  happen(first.log, 5);
  await until(() => receiver.requests >= 3, 'it was tried');
  await first.close();
  status = 200;
  await start(t, { a: receiver }, { folder });
  await until(() => new Set(receiver.taken.map(({ seq }) => seq)).size === 10, 'all have arrived');
});

type Settings = {
  readonly folder?: string;
  readonly endpoints?: readonly { name: string; url: string }[];
  readonly allow?: readonly string[];
  readonly retryFor?: number;
  /** How long an answer may take, ms. Long, so that a busy machine is no failing receiver. */
  readonly timeout?: number;
};

async function start(t: TestContext, receivers: Record<string, Receiver>, settings: Settings = {}) {
  const folder = settings.folder ?? scratchFolder(t);
  const given = settings.endpoints ?? Object.entries(receivers).map(([name, { url }]) => ({ name, url }));
  const opened = openLog(t, join(folder, 'events.sqlite'));
  const webhooks: Webhooks = createWebhooks({
    endpoints: given.map((endpoint) => ({ ...endpoint, secrets: [SECRET], events: [] })),
    ...{ log: join(folder, 'events.sqlite'), state: join(folder, 'webhooks.sqlite') },
    ...{ retryFor: settings.retryFor ?? 86_400_000, timeout: settings.timeout ?? 10_000, concurrency: 4 },
    allow: settings.allow ?? ['127.0.0.0/8'],
    say: () => undefined,
  });
  t.after(() => webhooks.close());
  opened.log.onOpened((last) => webhooks.logOpened(last));
  opened.log.listen(() => webhooks.more());
  await opened.log.opened;
  const close = async () => {
    await opened.close();
    await webhooks.close();
  };
  return { log: opened.log, webhooks, close };
}

/** Two events for each of `count` rooms, of three names. */
function happen(log: EventLog, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const { started, closed } = factsOf(index % 3, 1);
    log.append({ ...started, roomId: `life-${index}` as typeof started.roomId });
    log.append({ ...closed, roomId: `life-${index}` as typeof closed.roomId });
  }
}

function scratchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-webhooks-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
