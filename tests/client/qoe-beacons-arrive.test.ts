/** The outbox over real HTTP, against a server that the test plays and that judges as Sluice does. */
import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { createOutbox, MOST_SAMPLES, MOST_WAITING, WORTH_COMPRESSING } from '../../client/sdk/qoe/outbox.ts';
import { createScope } from '../../client/sdk/scope.ts';
import type { Millis } from '../../src/kernel/clock.ts';
import { type Beacon, MAX_SAMPLES, parseBeacon } from '../../src/qoe/beacon.ts';
import type { WrittenSample } from '../../src/qoe/fields.ts';
import { QoeSession } from '../../src/qoe/session.ts';

const T0 = 1_795_399_316_000;

test('samples arrive as one message under the join token; a large one is compressed', async (t) => {
  const { outbox, server } = await anOutbox(t);
  outbox.add('s1', samples(3));
  await server.received(1);
  outbox.add('s1', samples(90, 3));
  await server.received(2);
  await until(() => outbox.waiting === 0);
  assert.deepEqual(server.accepted('s1'), { accepted: 93, duplicate: 0, rejected: 0 });
  assert.deepEqual(
    server.posts.map(({ headers }) => headers['content-encoding']),
    [undefined, 'gzip'],
  );
  assert.ok(server.posts[1]!.bytes * 3 < server.posts[1]!.text.length);
  assert.ok(server.posts[0]!.text.length < WORTH_COMPRESSING);
  for (const { headers } of server.posts) {
    assert.equal(headers.authorization, 'Bearer the.join.token');
    assert.equal(headers['content-type'], 'application/json');
  }
});

test('what a lost answer leaves in doubt is sent again with the time of the first sending, and counts once', async (t) => {
  const { outbox, server, clock } = await anOutbox(t);
  server.answers.push('none', 'none');
  outbox.add('s1', samples(1));
  await server.received(1);
  clock.now += 500;
  outbox.add('s1', samples(1, 1));
  await server.received(4);
  assert.deepEqual(server.accepted('s1'), { accepted: 2, duplicate: 2, rejected: 0 });
  const [first, second, third, last] = server.beacons();
  assert.deepEqual([second, third], [first, first]);
  assert.deepEqual([first?.sentAt, last?.sentAt], [T0, T0 + 500]);
});

test('a server that is asked too often is left alone for as long as it says', async (t) => {
  const { outbox, server } = await anOutbox(t);
  server.answers.push({ status: 429, headers: { 'retry-after': '1' } }, { status: 503 });
  outbox.add('s1', samples(1));
  await server.received(2);
  const [first, second] = server.posts;
  assert.ok(second!.at - first!.at >= 990);
  await server.received(3);
  await until(() => outbox.waiting === 0);
});

for (const status of [401, 403, 404, 405]) {
  test(`${status} ends it for good`, async (t) => {
    const { outbox, server } = await anOutbox(t);
    server.answers.push({ status });
    outbox.add('s1', samples(1));
    await until(() => !outbox.wants('s1'));
    outbox.add('s1', samples(1, 1));
    outbox.add('s2', samples(1));
    outbox.last();
    assert.deepEqual([outbox.waiting, outbox.wants('s2'), server.posts.length], [0, false, 1]);
  });
}

test('a session that is over ends with its samples; the next one is heard', async (t) => {
  const { outbox, server } = await anOutbox(t);
  server.answers.push({ status: 410 });
  outbox.add('s1', samples(1));
  outbox.add('s1', samples(1, 1));
  outbox.add('s2', samples(2));
  await server.received(2);
  await until(() => outbox.waiting === 0);
  assert.deepEqual(
    server.beacons().map(({ session }) => session),
    ['s1', 's2'],
  );
  assert.deepEqual([outbox.wants('s1'), outbox.wants('s2')], [false, true]);
});

test('a message that the server cannot read is not sent again, and the next one is', async (t) => {
  const { outbox, server } = await anOutbox(t);
  server.answers.push({ status: 400 });
  outbox.add('s1', samples(1));
  await server.received(1);
  outbox.add('s1', samples(1, 1));
  await server.received(2);
  await until(() => outbox.waiting === 0);
  assert.deepEqual(
    server.beacons().map(({ samples: its }) => its.length),
    [1, 1],
  );
});

test('while signaling is lost nothing is asked of the network; the newest samples wait for it', async (t) => {
  const { outbox, server } = await anOutbox(t);
  outbox.hold(true);
  for (let first = 0; first < 1000; first += 10) outbox.add('s1', samples(10, first));
  assert.ok(outbox.waiting <= MOST_WAITING && outbox.waiting > MOST_WAITING - MOST_SAMPLES);
  assert.equal(server.posts.length, 0);
  outbox.hold(false);
  outbox.add('s1', samples(1, 1000));
  await until(() => outbox.waiting === 0);
  const sent = server.beacons().flatMap((beacon) => (beacon.samples as WrittenSample[]).map(({ seq }) => seq));
  assert.equal(sent.at(-1), 1000);
  assert.deepEqual(
    sent,
    Array.from(sent, (_, index) => 1001 - sent.length + index),
  );
  assert.equal(MOST_SAMPLES, MAX_SAMPLES);
  assert.equal(server.accepted('s1').rejected, 0);
});

test('the last samples go out at once, whether under way or not, with the token inside', async (t) => {
  const { outbox, server, parting } = await anOutbox(t);
  server.answers.push('never');
  outbox.add('s1', samples(2));
  await server.received(1);
  outbox.add('s1', samples(2, 2));
  outbox.last();
  const beacons = parting.map(({ text }) => parseBeacon(JSON.parse(text)));
  assert.deepEqual(
    beacons.map(({ token }) => token),
    ['the.join.token', 'the.join.token'],
  );
  const session = new QoeSession('s1', T0 as Millis);
  const accepted = beacons.map((beacon) => session.ingest(beacon, T0 as Millis).accepted);
  assert.deepEqual(accepted, [2, 2]);
  assert.ok(parting.every(({ url }) => url === server.url));
});

test('where no answer ever comes it gives up after three requests', async (t) => {
  const { outbox, server } = await anOutbox(t);
  server.answers.push(...Array.from({ length: 10 }, () => 'none' as const));
  outbox.add('s1', samples(1));
  await until(() => !outbox.wants('s1'));
  assert.deepEqual([server.posts.length, outbox.waiting], [3, 0]);
});

/** `none`: the connection ends without one, after the samples were taken. `never`: it stays open. */
type Reply = 'none' | 'never' | { status: number; headers?: Record<string, string> };

async function anOutbox(t: TestContext) {
  const server = await aServer(t);
  const scope = createScope();
  t.after(() => scope.close());
  const clock = { now: T0 };
  const parting: { url: string; text: string }[] = [];
  const outbox = createOutbox({
    ...{ scope, url: server.url, credential: { token: 'the.join.token' }, pause: 20 },
    carrier: {
      fetch: (url, init) => fetch(url, init),
      sendBeacon: (url, text) => parting.push({ url, text }) > 0,
      now: () => clock.now,
      random: () => 0,
    },
  });
  return { outbox, server, clock, parting };
}

async function aServer(t: TestContext) {
  type Post = { headers: Record<string, string | string[] | undefined>; text: string; bytes: number; at: number };
  const posts: Post[] = [];
  const answers: Reply[] = [];
  const sessions = new Map<string, { session: QoeSession; accepted: number; duplicate: number; rejected: number }>();

  function take(text: string): void {
    const beacon = parseBeacon(JSON.parse(text));
    const { session: id } = beacon;
    const entry = sessions.get(id) ?? {
      session: new QoeSession(id, T0 as Millis),
      accepted: 0,
      duplicate: 0,
      rejected: 0,
    };
    sessions.set(id, entry);
    const report = entry.session.ingest(beacon, beacon.sentAt as Millis);
    for (const outcome of ['accepted', 'duplicate', 'rejected'] as const) entry[outcome] += report[outcome];
  }

  function answer(res: ServerResponse, reply: Reply | undefined): void {
    if (reply === 'never') return;
    if (reply === 'none') res.destroy();
    else res.writeHead(reply?.status ?? 202, reply?.headers).end('{}');
  }

  const http = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks);
      const text = (req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
      const reply = answers.shift();
      if (typeof reply !== 'object') take(text);
      posts.push({ headers: req.headers, text, bytes: body.length, at: performance.now() });
      answer(res, reply);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/v1/qoe/beacons`,
    posts,
    answers,
    received: (count: number) => until(() => posts.length >= count),
    beacons: () => posts.map(({ text }): Beacon => parseBeacon(JSON.parse(text))),
    accepted(id: string) {
      const { accepted = 0, duplicate = 0, rejected = 0 } = sessions.get(id) ?? {};
      return { accepted, duplicate, rejected };
    },
  };
}

function samples(count: number, first = 0): WrittenSample[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ kind: 'recv', seq: first + index, at: T0, ms: 2000, track: `c-${index % 12}` },
    ...{ bitrate: 31_744, packets: 100, lost: 0, jitter: 2.1, buffer: 39.7, concealed: 0 },
  }));
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within 10 s: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
