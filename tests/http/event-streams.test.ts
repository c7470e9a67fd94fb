import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { encodeEvent, eventStream } from '../../src/http/event-stream.ts';
import type { EventStream, EventStreamOptions, StreamEnd } from '../../src/http/event-stream.ts';
import { ask, eventually, pause, startServer, Wire } from './harness.ts';
import type { TestContext } from 'node:test';

test('events arrive in order, as the standard parses them', async (t) => {
  const { stream, wire, ends } = await openStream(t, {}, 'Last-Event-ID: 41\r\n');
  assert.match(wire.received, /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-type: text\/event-stream/);
  assert.equal(stream.lastEventId, '41');
  assert.equal(stream.send({ id: '42', event: 'joined', data: 'a\nb' }), true);
  stream.send({ data: '{"last":true}' });
  await wire.until(/"last"/);
  assert.match(wire.received, /id: 42\nevent: joined\ndata: a\ndata: b\n\n/);
  assert.ok(wire.received.indexOf('id: 42') < wire.received.indexOf('"last"'));

  stream.close();
  stream.close();
  await wire.until(/\r\n0\r\n\r\n/);
  assert.deepEqual(ends, ['server']);
  assert.equal(stream.send({ data: 'x' }), false);
});

test('a quiet stream is kept alive with comments', async (t) => {
  const { wire } = await openStream(t, { keepAliveMs: 20 });
  await wire.until(/(:\n\n[\s\S]*){4}/);
});

test('how far a reader is that nothing is for is told once, in place of a comment', async (t) => {
  const { stream, wire } = await openStream(t, { keepAliveMs: 20 });
  stream.position('76');
  stream.position('77');
  await wire.until(/:\n\n[\s\S]*id: 77\n\n([^:]*:\n\n){2}/);
  assert.doesNotMatch(wire.received, /id: 76|77[\s\S]*77/);
  stream.position('78');
  stream.send({ id: '79', data: 'x' });
  await wire.until(/id: 79\n[\s\S]*(:\n\n[\s\S]*){3}/);
  assert.doesNotMatch(wire.received, /id: 78/);
});

test('the stream hears of a client that goes', async (t) => {
  const { stream, wire, ends, records } = await openStream(t, {});
  wire.socket.resetAndDestroy();
  await eventually(() => ends.length === 1);
  assert.deepEqual(ends, ['client']);
  assert.equal(stream.send({ data: 'x' }), false);
  assert.equal(records.length, 1);
  let late: StreamEnd | undefined;
  stream.onClose((end) => (late = end));
  assert.equal(late, 'client');
});

test('a reader that never reads is dropped at its bound, and costs nobody else anything', async (t) => {
  const { stream, wire, ends, port } = await openStream(t, { maxBufferedBytes: 256 * 1024 });
  wire.socket.pause();
  const data = 'x'.repeat(10_000);
  let sent = 0;
  let most = 0;
  // The kernel's buffers on both ends take some MB before anything waits here.
  while (stream.send({ data }) && sent < 5_000) {
    sent += 1;
    most = Math.max(most, stream.buffered);
    if (sent % 50 === 0) await pause(1);
  }
  assert.deepEqual(ends, ['too-slow']);
  assert.ok(sent > 20 && most > 200_000 && most <= 256 * 1024, `${sent} sent, at most ${most} bytes waiting`);
  assert.equal(stream.buffered, 0);
  assert.equal((await ask(port, 'GET', '/nothing')).status, 404);
  wire.socket.resume();
  await wire.until('closed');
});

test('a reader that falls behind within its bound loses nothing', async (t) => {
  const { stream, wire, ends } = await openStream(t, { maxBufferedBytes: 64 * 1024 * 1024 });
  wire.socket.pause();
  const count = 1_500;
  for (let n = 0; n < count; n += 1) {
    assert.equal(stream.send({ id: String(n), data: 'y'.repeat(10_000) }), true);
    if (n % 100 === 0) await pause(1);
  }
  assert.ok(stream.buffered > 0, 'something waits');
  wire.socket.resume();
  await wire.until(new RegExp(`id: ${count - 1}\n`), 10_000);
  await eventually(() => stream.buffered === 0);
  const ids = [...wire.received.matchAll(/id: (\d+)\n/g)].map(([, id]) => Number(id));
  assert.deepEqual(ids, [...Array(count).keys()]);
  assert.deepEqual(ends, []);
});

test('whatever the data, an event parses back to it', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', ':', ' ', 'é', 'data', 'id: 1') });
  fc.assert(
    fc.property(text, (data) => {
      const wire = encodeEvent({ data });
      assert.ok(wire.endsWith('\n\n') && !wire.includes('\r'));
      const lines = wire.slice(0, -2).split('\n');
      assert.ok(lines.every((line) => line.startsWith('data: ')));
      assert.equal(lines.map((line) => line.slice(6)).join('\n'), data.replace(/\r\n|\r/g, '\n'));
    }),
  );
  assert.throws(() => encodeEvent({ id: '1\ndata: forged', data: '' }), TypeError);
  assert.throws(() => encodeEvent({ event: 'a\rb', data: '' }), TypeError);
});

test('HEAD of a stream opens none; a fault while it opens ends it', async (t) => {
  let opened = 0;
  const { port, faults } = await startServer(t, {}, (server) => {
    server.route('GET', '/events', () =>
      eventStream(() => {
        opened += 1;
        throw new Error('cannot subscribe');
      }),
    );
  });
  const head = await ask(port, 'HEAD', '/events');
  assert.deepEqual([head.status, head.headers['content-type'], opened], [200, 'text/event-stream', 0]);
  assert.equal((await ask(port, 'GET', '/events')).status, 200);
  assert.deepEqual([opened, faults.length], [1, 1]);
});

async function openStream(t: TestContext, options: EventStreamOptions, headers = '') {
  let opened: EventStream | undefined;
  const ends: StreamEnd[] = [];
  const running = await startServer(t, {}, (server) => {
    server.route('GET', '/events', async () => {
      await pause(1);
      return eventStream((stream) => {
        stream.onClose((end) => ends.push(end));
        opened = stream;
      }, options);
    });
  });
  const wire = await Wire.open(t, running.port);
  wire.send(`GET /events HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  await wire.until(/:\n\n/);
  assert.ok(opened);
  return { ...running, stream: opened, wire, ends };
}
