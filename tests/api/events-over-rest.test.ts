import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../events/event-log.ts';
import { API_KEYS, startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

type Event = { seq: number; roomSeq: number; type: string; room: string };
type Page = { events: Event[]; next: number; last: number };

async function page(query: string): Promise<Page> {
  const { status, body } = await server.call('GET', `/v1/events${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Page;
}

/** Opens and closes rooms, two events each, and waits until they are in the log. */
async function happen(...rooms: string[]): Promise<void> {
  const { last } = await page('?limit=1');
  for (const name of rooms) {
    await server.call('POST', '/v1/rooms', { name });
    await server.call('DELETE', `/v1/rooms/${name}`);
  }
  await until(async () => (await page('?limit=1')).last === last + 2 * rooms.length, 'they are stored');
}

test('the log is read in pages, of one room or of all', async () => {
  await happen('a', 'b', 'a');
  const all = (await page('')).events;
  assert.deepEqual(
    all.slice(-6).map(({ type, room, roomSeq }) => `${room} ${type} ${roomSeq}`),
    [
      'a room-started 1',
      'a room-closed 2',
      'b room-started 1',
      'b room-closed 2',
      'a room-started 1',
      'a room-closed 2',
    ],
  );
  const paged: Event[] = [];
  for (let next = 0, last = 1; next < last;) {
    const { events, ...more } = await page(`?after=${next}&limit=2`);
    paged.push(...events);
    ({ next, last } = more);
  }
  assert.deepEqual(paged, all);
  const ofB = await page('?room=b');
  assert.deepEqual(
    ofB.events,
    all.filter(({ room }) => room === 'b'),
  );
  assert.equal(ofB.next, ofB.last, 'what was looked at and is of other rooms is behind');
});

test('a number that the log does not have is refused, also for a stream', async () => {
  const { last } = await page('?limit=1');
  for (const headers of [{}, { accept: 'text/event-stream' }]) {
    const { status, body } = await server.call('GET', `/v1/events?after=${last + 5}`, undefined, headers);
    assert.equal(status, 410);
    assert.equal(body['code'], 'events-gone');
  }
  const wrong = { accept: 'text/event-stream', 'last-event-id': 'seven' };
  assert.equal((await server.call('GET', '/v1/events', undefined, wrong)).body['code'], 'invalid-request');
  assert.equal((await server.call('GET', '/v1/events?after=-1')).body['code'], 'invalid-request');
  assert.equal((await server.call('GET', '/v1/events?limit=5000')).body['code'], 'invalid-request');
});

test('nobody reads events or usage without an API key', async () => {
  for (const path of ['/v1/events', '/v1/usage']) {
    assert.equal((await fetch(server.url + path)).status, 401);
    const { token } = { token: await server.token('a', 'ann', { grants: { admin: true } }) };
    assert.equal((await fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } })).status, 401);
  }
});

test('a stream tells what was, and then what happens, with no gap and nothing twice, wherever it is broken off', async () => {
  await happen('early');
  const start = (await page('?limit=1')).last - 2;
  const seen: number[] = [];
  const more = Promise.all(['c', 'd', 'e', 'f'].map((name) => happen1(name)));
  while (seen.length < 10) seen.push(...(await follow(seen.at(-1) ?? start, Math.min(3, 10 - seen.length))));
  await more;
  assert.deepEqual(
    seen,
    seen.map((_, index) => start + 1 + index),
  );

  async function happen1(name: string): Promise<void> {
    await server.call('POST', '/v1/rooms', { name });
    await server.call('DELETE', `/v1/rooms/${name}`);
  }
});

test('a stream of one room has only its events; without a number it begins now', async () => {
  await happen('x');
  const abort = new AbortController();
  const response = await open('?room=x', {}, abort.signal);
  await happen('y', 'x');
  const ids = await take(response, 2);
  abort.abort();
  const { events } = await page('?room=x');
  assert.deepEqual(
    ids,
    events.slice(-2).map(({ seq }) => seq),
  );
});

test('usage counts who was there, and bad queries are refused', async () => {
  const today = new Date().toISOString().slice(0, 10);
  const { status, body } = await server.call('GET', `/v1/usage?from=${today}&to=${today}`);
  assert.equal(status, 200);
  assert.deepEqual(body['usage'], [], 'nobody has joined');
  for (const query of ['from=yesterday', 'limit=0', 'cursor=nonsense', 'what=1']) {
    assert.equal((await server.call('GET', `/v1/usage?${query}`)).body['code'], 'invalid-request', query);
  }
});

function open(query: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const authorization = `Bearer ${API_KEYS[0]}`;
  return fetch(`${server.url}/v1/events${query}`, {
    headers: { authorization, accept: 'text/event-stream', ...headers },
    signal,
  });
}

/** The numbers of the first `count` events of a stream that goes on after `seq`, which is then broken off. */
async function follow(seq: number, count: number): Promise<number[]> {
  const abort = new AbortController();
  const ids = await take(await open('', { 'last-event-id': String(seq) }, abort.signal), count);
  abort.abort();
  return ids;
}

async function take(response: Response, count: number): Promise<number[]> {
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /text\/event-stream/u);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const ids = [...text.matchAll(/^id: (\d+)\nevent: [a-z-]+\ndata: (\{.*\})\n\n/gmu)];
    for (const [, id, data] of ids) assert.equal((JSON.parse(data!) as Event).seq, Number(id));
    if (ids.length >= count) return ids.slice(0, count).map(([, id]) => Number(id));
    const { value, done } = await reader.read();
    if (done) throw new Error('the stream ended');
    text += value;
  }
}
