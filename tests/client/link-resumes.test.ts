/** The signaling link against a real socket.io server that the test plays. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test, type TestContext } from 'node:test';

import { Server, type Socket } from 'socket.io';

import type { CloseReason } from '../../client/sdk/errors.ts';
import { type Link, openLink } from '../../client/sdk/link.ts';
import type { JoinHello, ResumeHello } from '../../src/signaling/wire.ts';

test('a request that was on its way when the socket broke is sent again with the same id, and answered', async (t) => {
  const server = await aServer(t);
  const { link } = aLink(t, server.url);
  const first = await server.join();
  const ids: number[] = [];
  first.socket.on('consume', (id: number) => {
    ids.push(id);
    first.socket.conn.close();
  });
  const answer = link.request('consume', { producerIds: ['hello'] });
  const second = await server.resume();
  second.socket.on('consume', (id: number, params: { producerIds: string[] }, ack: Ack) => {
    ids.push(id);
    ack({ ok: true, result: { consumers: params.producerIds } });
  });
  second.socket.emit('resumed', { sessionId: 'S' });
  assert.deepEqual((await answer).consumers, ['hello']);
  assert.deepEqual(ids, [1, 1]);
});

test('a resume says what was received, and what comes twice is heard once', async (t) => {
  const server = await aServer(t);
  const { heard } = aLink(t, server.url);
  const first = await server.join();
  first.socket.emit('draining', 1, { seconds: 10 });
  first.socket.emit('draining', 2, { seconds: 9 });
  await until(() => heard.includes('draining 9'));
  first.socket.conn.close();
  const second = await server.resume();
  assert.deepEqual(second.hello.resume, { sessionId: 'S', secret: 'secret', received: 2 });
  second.socket.emit('resumed', { sessionId: 'S' });
  second.socket.emit('draining', 2, { seconds: 9 });
  second.socket.emit('draining', 3, { seconds: 8 });
  await until(() => heard.includes('draining 8'));
  assert.deepEqual(heard, ['joined', 'draining 10', 'draining 9', 'lost', 'resumed', 'draining 8']);
});

test('a session that is gone is joined anew with the same token, and requests of the old one fail', async (t) => {
  const server = await aServer(t);
  const { link, heard } = aLink(t, server.url);
  const first = await server.join();
  const outcome = link.request('consume', { producerIds: ['lost'] }).catch((error: { code: string }) => error.code);
  server.refuseResumes('session-gone');
  first.socket.conn.close();
  const second = await server.join();
  assert.equal(second.hello.token, first.hello.token);
  assert.equal(await outcome, 'connection-lost');
  await until(() => heard.at(-1) === 'joined again');
  second.socket.on('consume', (id: number, _params: unknown, ack: Ack) =>
    ack({ ok: true, result: { consumers: [id] } }),
  );
  assert.deepEqual(await link.request('consume', { producerIds: ['anew'] }), { consumers: [1] });
});

test('a refusal of the server reaches the caller with its code', async (t) => {
  const server = await aServer(t);
  const { link } = aLink(t, server.url);
  const { socket } = await server.join();
  socket.on('consume', (_id: number, _params: unknown, ack: Ack) =>
    ack({ ok: false, error: { code: 'forbidden', message: 'No.' } }),
  );
  await assert.rejects(link.request('consume', { producerIds: [''] }), { code: 'forbidden', message: 'No.' });
});

test('bye closes the link for good, and what is asked afterwards fails', async (t) => {
  const server = await aServer(t);
  const { link, closed } = aLink(t, server.url);
  const { socket } = await server.join();
  socket.emit('bye', { code: 'kicked', message: 'Out.' });
  assert.deepEqual(await closed, { code: 'kicked', message: 'Out.' });
  await assert.rejects(link.request('consume', { producerIds: ['still here?'] }), { code: 'closed' });
});

test('leaving tells the server and closes once, however often it is called', async (t) => {
  const server = await aServer(t);
  const { link, heard } = aLink(t, server.url);
  const { socket } = await server.join();
  let left = 0;
  socket.on('leave', (_id: number, _params: unknown, ack: Ack) => {
    left += 1;
    ack({ ok: true, result: {} });
  });
  await until(() => heard.includes('joined'));
  await Promise.all([link.leave(), link.leave()]);
  await link.leave();
  assert.equal(left, 1);
  assert.deepEqual(heard, ['joined', 'closed left']);
});

test('what a page says as it ends is made ready with each session, and said with a socket and without', async (t) => {
  const server = await aServer(t);
  for (const lost of [false, true]) {
    const { link, heard, parting } = aLink(t, server.url);
    const { socket } = await server.join();
    await until(() => heard.includes('joined'));
    const said: string[] = [];
    socket.onAny((name: string) => said.push(name));
    if (lost) {
      socket.conn.close();
      await until(() => heard.includes('lost'));
    }
    assert.deepEqual(parting, ['/v1/sessions/S/leave {"secret":"secret"}']);
    link.leaveNow();
    assert.equal(parting[1], 'now');
    assert.equal(heard.at(-1), 'closed left');
    if (!lost) await until(() => said.includes('leave'));
  }
});

test('who has left, or is put out, says nothing more as the page ends', async (t) => {
  const server = await aServer(t);
  const { heard, parting, closed } = aLink(t, server.url);
  const { socket } = await server.join();
  await until(() => heard.includes('joined'));
  socket.emit('bye', { code: 'kicked', message: '' });
  assert.equal((await closed).code, 'kicked');
  assert.equal(parting.at(-1), 'never');
});

type Ack = (answer: unknown) => void;
type Joining = { socket: Socket; hello: JoinHello };
type Resuming = { socket: Socket; hello: ResumeHello };

async function aServer(t: TestContext) {
  const http = createServer();
  const io = new Server(http, { transports: ['websocket'] });
  t.after(() => io.close());
  const joins = aQueue<Joining>();
  const resumes = aQueue<Resuming>();
  let refusal: string | undefined;
  io.use((socket, next) => {
    if (refusal === undefined || !('resume' in socket.handshake.auth)) return next();
    return next(Object.assign(new Error(refusal), { data: { code: refusal, message: refusal } }));
  });
  io.on('connection', (socket) => {
    const hello = socket.handshake.auth;
    if ('resume' in hello) resumes.push({ socket, hello: hello as ResumeHello });
    else joins.push({ socket, hello: hello as JoinHello });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    url: `http://127.0.0.1:${address.port}`,
    resume: () => resumes.next(),
    refuseResumes: (code: string) => void (refusal = code),
    async join() {
      const joining = await joins.next();
      joining.socket.emit('joined', { session: { id: 'S', secret: 'secret', resumeWithin: 20 } });
      return joining;
    },
  };
}

function aLink(t: TestContext, url: string) {
  const heard: string[] = [];
  /** What is to be said when the page ends, and when. */
  const parting: string[] = [];
  let link: Link;
  const closed = new Promise<CloseReason>((resolve) => {
    link = openLink({
      url,
      hello: () => Promise.resolve({ protocol: 1, token: 'token' }),
      parting: {
        prepare: (to, text) => parting.push(`${new URL(to).pathname} ${text}`),
        say: () => parting.push('now'),
        cancel: () => parting.push('never'),
      },
      giveUpAfter: 10_000,
      random: () => 0.999,
      listener: {
        joined: (_joined, again) => heard.push(again ? 'joined again' : 'joined'),
        resumed: () => heard.push('resumed'),
        lost: () => heard.push('lost'),
        event: (event) => heard.push(event.type === 'draining' ? `draining ${event.seconds}` : event.type),
        tick: () => undefined,
        closed: (reason) => {
          heard.push(`closed ${reason.code}`);
          resolve(reason);
        },
      },
    });
  });
  t.after(() => link.close({ code: 'left', message: '' }));
  return { link: link!, heard, parting, closed };
}

function aQueue<Item>() {
  const items: Item[] = [];
  const waiting: ((item: Item) => void)[] = [];
  return {
    push(item: Item) {
      const taker = waiting.shift();
      if (taker === undefined) items.push(item);
      else taker(item);
    },
    next(): Promise<Item> {
      const item = items.shift();
      return item === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(item);
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition(); attempt += 1) {
    assert.ok(attempt < 500, 'It has not happened in 5 s.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
