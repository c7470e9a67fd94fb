import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json } from '../../src/http/message.ts';
import { startServer, Wire } from './harness.ts';

// What µWS refuses before there is a request is answered by itself, from a table of its own: docs/operating.md says so.
const REFUSED = [
  ['another version', 'GET / HTTP/1.0\r\nHost: x\r\n\r\n', 505],
  ['no HTTP at all', '\u0016\u0003\u0001\u0002\r\n\r\n', 505],
  ['a length that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n', 400],
  ['two ways to end', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['a hundred headers', `GET / HTTP/1.1\r\nHost: x\r\n${'a: 1\r\n'.repeat(110)}\r\n`, 431],
  ['a head above 4 KiB', `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${'a'.repeat(6000)}\r\n\r\n`, 431],
] as const;

test('what is no request of HTTP/1.1 gets a status and the end of its connection', async (t) => {
  let handled = 0;
  const { port } = await startServer(t, {}, (server) => {
    server.route('GET', '/', () => json({ handled: (handled += 1) }));
  });
  for (const [what, text, status] of REFUSED) {
    const wire = await Wire.open(t, port);
    wire.send(text);
    await wire.until('closed');
    assert.equal(wire.received.slice(0, 12), `HTTP/1.1 ${status}`, what);
  }
  const wire = await Wire.open(t, port);
  wire.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(await wire.until(/\{"handled":1\}/), /^HTTP\/1\.1 200 /, 'the first one that is a request');
});
