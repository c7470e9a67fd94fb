import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SluiceError } from '../../src/kernel/errors.ts';
import { json } from '../../src/http/message.ts';
import { ask, eventually, jsonBody, pause, startServer, Wire } from './harness.ts';
import type { HttpServer } from '../../src/http/server.ts';

const echo = (server: HttpServer) => {
  server.route('POST', '/echo', (request) => json(request.json()), { body: { maxBytes: 1000, timeoutMs: 300 } });
  server.route('POST', '/later', async (request) => (await pause(1), json(request.json())), {
    body: { maxBytes: 1000 },
  });
  server.route('POST', '/text', (request) => json(request.text()), {
    body: { types: ['text/plain', 'application/json'] },
  });
  server.route('GET', '/alive', () => json({ alive: true }));
};
const code = (answer: { json: unknown }) => (answer.json as { code: string }).code;

test('any JSON comes through as it was sent, in one piece or many', async (t) => {
  const { port } = await startServer(t, {}, (server) => {
    server.route('POST', '/echo', (request) => json(request.json()), { body: { maxBytes: 100_000 } });
  });
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 4 }), async (text) => {
      fc.pre(!text.includes('__proto__'));
      const { status, text: returned } = await ask(port, 'POST', '/echo', jsonBody(text));
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(returned), JSON.parse(text));
    }),
    { numRuns: 40 },
  );
  const large = JSON.stringify('é'.repeat(40_000));
  const wire = await Wire.open(t, port);
  wire.send('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let at = 0, bytes = Buffer.from(large); at < bytes.length; at += 7001) {
    const piece = bytes.subarray(at, at + 7001);
    wire.send(`${piece.length.toString(16)}\r\n${piece.toString('latin1')}\r\n`);
  }
  wire.send('0\r\n\r\n');
  const received = await wire.until(/é"$|Ã©"$/);
  assert.equal(Buffer.from(received.slice(received.indexOf('\r\n\r\n') + 4), 'latin1').toString(), large);
});

test('what is not JSON is malformed-json', async (t) => {
  const { port, faults } = await startServer(t, {}, echo);
  const hostile = ['{', '', '{"a":1}x', '\u0000', '[' + '['.repeat(900), Buffer.from([0x22, 0xff, 0xfe, 0x22])];
  for (const path of ['/echo', '/later']) {
    for (const body of hostile) {
      const answer = await ask(port, 'POST', path, { headers: { 'content-type': 'application/json' }, body });
      assert.deepEqual([answer.status, code(answer)], [400, 'malformed-json'], String(body));
    }
  }
  assert.deepEqual(faults, []);
});

test('a key that would change a prototype is refused, however it is spelled', async (t) => {
  const { port } = await startServer(t, {}, echo);
  for (const text of ['{"__proto__":{"admin":true}}', '[{"a":{"\\u005f_proto__":1}}]']) {
    const answer = await ask(port, 'POST', '/echo', jsonBody(text));
    assert.deepEqual([answer.status, code(answer)], [400, 'invalid-request']);
  }
  assert.equal((await ask(port, 'POST', '/echo', jsonBody('{"a":"__proto__ \\u00e9"}'))).text, '{"a":"__proto__ é"}');
});

test('another content type is refused; a charset that is UTF-8 is not', async (t) => {
  const { port } = await startServer(t, {}, echo);
  const send = (path: string, type: string | undefined) =>
    ask(port, 'POST', path, { headers: type === undefined ? {} : { 'content-type': type }, body: '{"a":1}' });
  for (const type of [undefined, 'text/plain', 'application/jsonx', 'application/json; charset=utf-16']) {
    const answer = await send('/echo', type);
    assert.deepEqual([answer.status, code(answer)], [415, 'unsupported-media-type'], type);
  }
  for (const type of ['application/json', 'Application/JSON; Charset="UTF-8"', 'application/json;charset=utf8']) {
    assert.equal((await send('/echo', type)).status, 200, type);
  }
  assert.equal((await send('/text', 'text/plain;charset=UTF-8')).json, '{"a":1}');
});

test('a declared length over the limit is refused before the body comes, and the connection is usable after it', async (t) => {
  const { port } = await startServer(t, {}, echo);
  const wire = await Wire.open(t, port);
  wire.send('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n');
  assert.match(await wire.until(/"code":"body-too-large".*\}/), /^HTTP\/1\.1 413 /);
  wire.received = '';
  wire.send(`${'x'.repeat(5000)}GET /alive HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(await wire.until(/alive/), /^HTTP\/1\.1 200 /);
});

test('a chunked body over the limit is refused while it is still coming, and the connection closes', async (t) => {
  const { port } = await startServer(t, {}, echo);
  const wire = await Wire.open(t, port);
  wire.send('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
  wire.send(`1f4\r\n${'x'.repeat(500)}\r\n`);
  wire.send(`1f5\r\n${'x'.repeat(501)}\r\n`);
  const received = await wire.until('closed');
  assert.match(await wire.until(/body-too-large/), /^HTTP\/1\.1 413 /);
  assert.match(received, /Connection: close/i);
});

test('a body of exactly the limit is accepted, in chunks of one byte too', async (t) => {
  const { port } = await startServer(t, {}, echo);
  const text = JSON.stringify('y'.repeat(998));
  assert.equal((await ask(port, 'POST', '/echo', jsonBody(text))).status, 200);
  const wire = await Wire.open(t, port);
  const chunks = text
    .split('')
    .map((letter) => `1\r\n${letter}\r\n`)
    .join('');
  const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  wire.send(`${head}${chunks}0\r\n\r\n`);
  assert.match(await wire.until(/y"$/), /^HTTP\/1\.1 200 /);
});

test('a body that does not arrive in time is request-timeout', async (t) => {
  const { port } = await startServer(t, {}, echo);
  const wire = await Wire.open(t, port);
  wire.send('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{');
  await wire.until('closed');
  assert.match(wire.received, /^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/);
});

test('a client that goes in mid-body is forgotten: no handler, no fault, a record of it', async (t) => {
  let [admitted, handled] = [false, 0];
  const { port, faults, records } = await startServer(t, {}, (server) => {
    server.route('POST', '/count', () => ((handled += 1), json({})), { body: {}, admit: () => void (admitted = true) });
  });
  const wire = await Wire.open(t, port);
  wire.send('POST /count HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"a"');
  await eventually(() => admitted);
  wire.socket.resetAndDestroy();
  await eventually(() => records.length === 1);
  assert.deepEqual([records[0]?.status, records[0]?.route, handled, faults.length], [499, '/count', 0, 0]);
});

test('admit runs before the body is read, and its refusal needs no body', async (t) => {
  let handled = 0;
  const { port } = await startServer(t, {}, (server) => {
    server.route('POST', '/guarded', () => ((handled += 1), json({})), {
      body: {},
      admit: (request) => {
        if (request.header('authorization') !== 'Bearer right') throw new SluiceError('unauthorized');
      },
    });
  });
  const wire = await Wire.open(t, port);
  wire.send('POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n');
  assert.match(await wire.until(/unauthorized/), /^HTTP\/1\.1 401 /);
  assert.equal(handled, 0);
  const { headers, body } = jsonBody('{}');
  const good = await ask(port, 'POST', '/guarded', { headers: { ...headers, authorization: 'Bearer right' }, body });
  assert.deepEqual([good.status, handled], [200, 1]);
});
