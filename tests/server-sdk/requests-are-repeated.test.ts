/** Against a server that the test plays: a real one does none of this when asked to. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';

import { createSluice, type Sluice, type SluiceOptions } from '../../client/server-sdk/sluice.ts';

const ROOM = { name: 'lab' };

for (const status of [429, 503]) {
  test(`a ${status} is tried again after Retry-After, a POST too, for it was refused`, async (t) => {
    const { sluice, requests } = await play(t, (response, count) =>
      count < 3 ? problem(response, status, 'rate-limited', { 'retry-after': '0' }) : json(response, ROOM),
    );
    assert.equal((await sluice.rooms.create({ name: 'lab' })).name, 'lab');
    assert.equal(requests.length, 3);
  });
}

test('after the last attempt the refusal is the error, with its Retry-After', async (t) => {
  const refuse = (response: ServerResponse) => problem(response, 429, 'rate-limited', { 'retry-after': '0' });
  const { sluice, requests } = await play(t, refuse, { retries: 2 });
  await assert.rejects(sluice.rooms.get('lab'), { code: 'rate-limited', status: 429, retryAfter: 0 });
  assert.equal(requests.length, 3);
});

test('who is to wait longer than it wants to is told at once', async (t) => {
  const refuse = (response: ServerResponse) => problem(response, 503, 'draining', { 'retry-after': '30' });
  const { sluice, requests } = await play(t, refuse, { maxRetryWait: 1000 });
  await assert.rejects(sluice.rooms.get('lab'), { code: 'draining', status: 503, retryAfter: 30 });
  assert.equal(requests.length, 1);
});

test('what was cut off is read again, and never done again', async (t) => {
  const { sluice, requests } = await play(t, (response, count) =>
    count < 2 ? void response.destroy() : json(response, ROOM),
  );
  assert.equal((await sluice.rooms.get('lab')).name, 'lab');
  assert.equal(requests.length, 2);
  const cut = await play(t, (response) => void response.destroy());
  await assert.rejects(cut.sluice.rooms.create({ name: 'lab' }), { code: 'unreachable', status: undefined });
  assert.equal(cut.requests.length, 1);
});

test('an answer that does not come is waited for as long as was said', async (t) => {
  const { sluice } = await play(t, () => undefined, { timeout: 100, retries: 0 });
  await assert.rejects(sluice.rooms.get('lab'), { code: 'timeout' });
});

test('a call can be cancelled, while it waits for an answer and between attempts', async (t) => {
  const silent = await play(t, () => undefined);
  const busy = await play(t, (response) => problem(response, 429, 'rate-limited', { 'retry-after': '5' }));
  for (const { sluice, requests } of [silent, busy]) {
    const stop = new AbortController();
    const calling = sluice.rooms.get('lab', { signal: stop.signal });
    const settled = assert.rejects(calling, { code: 'aborted' });
    while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error('no more'));
    await settled;
  }
  await assert.rejects(silent.sluice.rooms.get('lab', { signal: AbortSignal.abort() }), { code: 'aborted' });
});

test('what is no answer of Sluice is said to be none, and the key goes nowhere else', async (t) => {
  const html = await play(t, (response) => void response.writeHead(502).end('<html>Bad Gateway</html>'));
  await assert.rejects(html.sluice.rooms.get('lab'), { code: 'bad-answer', status: 502 });
  const text = await play(t, (response) => void response.end('hello'));
  await assert.rejects(text.sluice.rooms.get('lab'), { code: 'bad-answer' });
  const elsewhere = await play(t, (response) => json(response, ROOM));
  const moved = await play(t, (response) => void response.writeHead(302, { location: elsewhere.url }).end());
  await assert.rejects(moved.sluice.rooms.get('lab'), { code: 'bad-answer', message: /give that address/ });
  assert.equal(elsewhere.requests.length, 0);
});

test('a path before the API is kept, and the key is sent', async (t) => {
  const { url, requests } = await play(t, (response) => json(response, ROOM));
  await createSluice({ url: `${url}/media/`, apiKey: 'id.secret' }).rooms.get('lab');
  assert.deepEqual(
    requests.map((request) => [request.url, request.headers.authorization]),
    [['/media/v1/rooms/lab', 'Bearer id.secret']],
  );
});

test('options that cannot be are refused before anything is sent', async () => {
  for (const url of ['', 'media.example.com', 'ftp://media.example.com']) {
    assert.throws(() => createSluice({ url, apiKey: 'id.secret' }), { code: 'invalid-options' });
  }
  for (const apiKey of ['', 'two words', 'line\nbreak']) {
    assert.throws(() => createSluice({ url: 'http://localhost', apiKey }), { code: 'invalid-options' });
  }
  const sluice = createSluice({ url: 'http://localhost', apiKey: 'nodot' });
  await assert.rejects(sluice.tokens.sign('lab', { identity: 'ada' }), { code: 'invalid-options' });
});

type Played = { sluice: Sluice; url: string; requests: IncomingMessage[] };

async function play(
  t: TestContext,
  answer: (response: ServerResponse, count: number) => void,
  options: Partial<SluiceOptions> = {},
): Promise<Played> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { sluice: createSluice({ url, apiKey: 'id.secret', ...options }), url, requests };
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
}

function problem(response: ServerResponse, status: number, code: string, headers: Record<string, string>): void {
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
  response.end(JSON.stringify({ code, title: 'No.', status }));
}
