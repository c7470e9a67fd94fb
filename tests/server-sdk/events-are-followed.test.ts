import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';

import { createSluice, type Sluice, type SluiceEvent } from '../../client/server-sdk/sluice.ts';
import { eventually } from '../e2e/support/eventually.ts';
import { startProxy } from '../e2e/support/proxy.ts';
import { API_KEYS, startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let sluice: Sluice;
before(async () => {
  server = await startServer();
  sluice = createSluice({ url: server.url, apiKey: API_KEYS[0] });
});
after(() => server.close());

test('the log is read to its end, of one room or of all', async () => {
  for (let n = 0; n < 3; n += 1) await openAndClose(`read-${n}`);
  // What has happened is read when it is stored.
  await eventually(
    'six events',
    () => sluice.events.page({ limit: 1 }),
    ({ last }) => last >= 6,
  );
  const events: SluiceEvent[] = [];
  for await (const event of sluice.events.read()) events.push(event);
  assert.equal(events.length, 6);
  const [one] = events;
  const ofRoom: string[] = [];
  for await (const { type } of sluice.events.read({ room: 'read-1', after: one!.seq })) ofRoom.push(type);
  assert.deepEqual(ofRoom, ['room-started', 'room-closed']);
  const page = await sluice.events.page({ limit: 4 });
  assert.deepEqual([page.events.length, page.next < page.last], [4, true]);
});

test('a follower misses nothing and hears nothing twice, however often its connection is lost', async (t) => {
  const network = await startProxy(server.port);
  t.after(() => network.close());
  const stop = new AbortController();
  t.after(() => stop.abort());
  const far = createSluice({ url: network.origin, apiKey: API_KEYS[0] });
  const { last } = await sluice.events.page({ limit: 1 });
  const heard: SluiceEvent[] = [];
  let lost = 0;
  const following = (async () => {
    const options = { after: last, signal: stop.signal, onReconnect: () => void (lost += 1) };
    for await (const event of far.events.follow(options)) {
      heard.push(event);
      if (event.type === 'room-closed' && event.room === 'followed-3') return;
    }
  })();
  for (let n = 0; n < 4; n += 1) {
    await openAndClose(`followed-${n}`);
    if (n === 1) await until(() => heard.length >= 1);
    if (n === 3) continue;
    network.cut();
    await openAndClose(`unheard-${n}`);
    network.mend();
  }
  await following;
  assert.ok(lost > 0, 'the connection was lost');
  const stored: SluiceEvent[] = [];
  for await (const event of sluice.events.read({ after: last })) stored.push(event);
  assert.deepEqual(heard, stored);
});

test('without a number a follower begins with what happens from now on', async (t) => {
  await openAndClose('before');
  // What is told is stored first, which may be after the answer.
  await until(async () => {
    for await (const event of sluice.events.read()) {
      if (event.type === 'room-closed' && event.room === 'before') return true;
    }
    return false;
  });
  const stop = new AbortController();
  t.after(() => stop.abort());
  const events = sluice.events.follow({ signal: stop.signal });
  const first = events.next();
  // It asks where the log ends first; what is opened until it has is before its time.
  const opening = setInterval(() => void openAndClose(`now-${Date.now()}`), 100);
  const { value } = await first;
  clearInterval(opening);
  assert.match((value as SluiceEvent & { room: string }).room, /^now-/u);
});

test('aborting ends the loop, and a number that is not kept is an error', async () => {
  const stop = new AbortController();
  const { last } = await sluice.events.page({ limit: 1 });
  const waiting = sluice.events.follow({ after: last, signal: stop.signal }).next();
  stop.abort();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  await assert.rejects(sluice.events.follow({ after: 999_999_999 }).next(), { code: 'events-gone', status: 410 });
});

test('who follows a quiet room comes back with where the log was, and not with what is gone by then', async (t) => {
  const seen: (string | undefined)[] = [];
  const quiet = createServer((request, response) => {
    seen.push(request.headers['last-event-id'] as string | undefined);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (seen.length === 1) return void response.end(':\n\nid: 41\n\n:\n\nid: 57\n\n');
    response.write('id: 58\nevent: room-started\ndata: {"seq":58,"type":"room-started"}\n\n');
  });
  quiet.listen(0, '127.0.0.1');
  await once(quiet, 'listening');
  t.after(() => quiet.closeAllConnections());
  t.after(() => quiet.close());
  const { port } = quiet.address() as AddressInfo;
  const { events } = createSluice({ url: `http://127.0.0.1:${port}`, apiKey: API_KEYS[0] });
  const { value } = await events.follow({ after: 12, room: 'quiet' }).next();
  assert.deepEqual([(value as SluiceEvent).seq, seen], [58, ['12', '57']]);
});

test('quality is followed as it is measured', async (t) => {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const { joinRoom } = await import('../support/participant.ts');
  const participant = await joinRoom(server.url, await server.token('measured', 'eve'));
  t.after(() => participant.close());
  for await (const event of sluice.quality.live({ room: 'measured', events: ['score'], signal: stop.signal })) {
    assert.ok(event.type === 'score');
    assert.equal(event.data.identity, 'eve');
    return;
  }
  assert.fail('the stream ended');
});

async function openAndClose(name: string): Promise<void> {
  await sluice.rooms.create({ name });
  await sluice.rooms.close(name);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 1000; !(await condition()); left -= 1) {
    if (left === 0) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
