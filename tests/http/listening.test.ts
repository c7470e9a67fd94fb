import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { generate } from 'selfsigned';
import { eventStream } from '../../src/http/event-stream.ts';
import { json } from '../../src/http/message.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { HttpServer } from '../../src/http/server.ts';
import { ask, eventually, pause, startServer, Wire } from './harness.ts';

const hello = (server: HttpServer) => server.route('GET', '/', () => json({ hello: true }));

test('a port that is taken is refused with a sentence that helps, by whomever it is taken', async (t) => {
  const { port } = await startServer(t, {}, hello);
  const second = createHttpServer();
  t.after(() => second.close());
  await assert.rejects(second.listen('127.0.0.1', port), inUse(port));

  const stranger = createServer().listen(0, '127.0.0.1');
  t.after(() => stranger.close());
  await new Promise((resolve) => stranger.once('listening', resolve));
  const taken = (stranger.address() as AddressInfo).port;
  await assert.rejects(second.listen('127.0.0.1', taken), inUse(taken));
  await assert.rejects(second.listen('192.0.2.1', 0), /not ours to bind/);
});

test('localhost means both loopback addresses, on one port', async (t) => {
  const server = createHttpServer();
  t.after(() => server.close());
  hello(server);
  const port = await server.listen('localhost', 0);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  const hasV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
  if (hasV6) assert.equal((await fetch(`http://[::1]:${port}/`)).status, 200);
});

test('closing lets running answers finish and ends streams', async (t) => {
  let release: (() => void) | undefined;
  let streamEnd: string | undefined;
  const { port, server } = await startServer(t, { limits: { closeGraceMs: 3_000 } }, (started) => {
    started.route('GET', '/slow', async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return json({ finished: true });
    });
    started.route('GET', '/events', () => eventStream((stream) => stream.onClose((end) => (streamEnd = end))));
  });
  const slow = await Wire.open(t, port);
  slow.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  const events = await Wire.open(t, port);
  events.send('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  await events.until(/:\n\n/);
  const idle = await Wire.open(t, port);

  const closing = server.close();
  assert.equal(server.close(), closing);
  await events.until(/\r\n0\r\n\r\n/);
  assert.equal(streamEnd, 'server');
  await assert.rejects(fetch(`http://127.0.0.1:${port}/slow`));
  assert.equal(slow.closed, false);
  release?.();
  assert.match(await slow.until(/"finished":true/), /Connection: close/i);
  await closing;
  await slow.until('closed');
  await idle.until('closed');
  await assert.rejects(server.listen('127.0.0.1', 0));
});

test('a server can be started again on its port while old connections linger in the kernel', async (t) => {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  for (let start = 0; start < 3; start += 1) {
    const server = createHttpServer();
    t.after(() => server.close());
    hello(server);
    assert.equal(await server.listen('127.0.0.1', port), port);
    const wire = await Wire.open(t, port);
    wire.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.until(/hello/);
    // The server closes first, so its end of the connection stays in TIME_WAIT.
    await server.close();
    await wire.until('closed');
  }
});

test('closing waits no longer than its bound', async (t) => {
  let signal: AbortSignal | undefined;
  const { port, server } = await startServer(t, { limits: { closeGraceMs: 50 } }, (started) => {
    started.route('GET', '/never', (request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
  });
  const wire = await Wire.open(t, port);
  wire.send('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => signal !== undefined);
  await server.close();
  await wire.until('closed');
  assert.equal(signal?.aborted, true);
});

test('TLS works with PEM text and with files, and leaves no key behind', async (t) => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const directory = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);

  for (const tls of [{ cert, key }, files]) {
    const { port } = await startServer(t, { tls }, hello);
    assert.equal(await askSecurely(port, cert), '{"hello":true}');
  }
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith('sluice-tls-')),
    [],
  );

  const other = await generate([{ name: 'commonName', value: 'localhost' }]);
  assert.throws(
    () => createHttpServer({ tls: { cert, key: other.private } }),
    /TLS certificate and key cannot be used/,
  );
  assert.throws(
    () => createHttpServer({ tls: { ...files, key: '/no/such/key.pem' } }),
    /private key \/no\/such\/key\.pem/,
  );
});

test('a TLS connection that never speaks, and one that speaks no TLS, harm nobody', async (t: TestContext) => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const { port } = await startServer(t, { tls: { cert, key }, limits: { connectionsPerAddress: 30 } }, hello);
  const silent = await Promise.all(Array.from({ length: 10 }, () => Wire.open(t, port)));
  const plain = await Wire.open(t, port);
  plain.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await plain.until('closed');
  for (let surplus = 0; surplus < 40; surplus += 1) silent.push(await Wire.open(t, port));
  await eventually(() => silent.some(({ closed }) => closed));
  for (const wire of silent) wire.socket.destroy();
  // There is room again when the server has heard that they are gone.
  let answer: string | undefined;
  for (const patience = Date.now() + 6_000; answer === undefined && Date.now() < patience;) {
    answer = await askSecurely(port, cert).catch(() => pause(20).then(() => undefined));
  }
  assert.equal(answer, '{"hello":true}');
});

test('plain HTTP requests do not reach a server that is closed, and the process can end', async (t) => {
  const { port, server } = await startServer(t, {}, hello);
  assert.equal((await ask(port, 'GET', '/')).status, 200);
  await server.close();
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
});

async function askSecurely(port: number, ca: string): Promise<string> {
  const options = { host: '127.0.0.1', servername: 'localhost', port, path: '/', ca, agent: false };
  const request = httpsRequest(options).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

const inUse = (port: number) => ({
  message: `port ${port} on host 127.0.0.1 is in use or not ours to bind: choose another with --port`,
});
