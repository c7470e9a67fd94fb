import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCors } from '../../src/http/cors.ts';
import { json } from '../../src/http/message.ts';
import type { HttpServer } from '../../src/http/server.ts';
import { ask, startServer } from './harness.ts';

const routes = (server: HttpServer) => {
  server.route('GET', '/rooms', () => json([]));
  server.route('POST', '/rooms', () => json({}, 201), { body: {} });
};
const preflight = (port: number, origin: string, path = '/rooms') =>
  ask(port, 'OPTIONS', path, { headers: { origin, 'access-control-request-method': 'POST' } });

test('listed origins are allowed one by one, and no other', async (t) => {
  const cors = { origins: ['https://app.example', 'http://localhost:5173'], maxAge: 60 };
  const { port } = await startServer(t, { cors }, routes);

  const allowed = await preflight(port, 'https://app.example');
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://app.example');
  assert.equal(allowed.headers['access-control-allow-methods'], 'GET, POST, HEAD, OPTIONS');
  assert.match(allowed.headers['access-control-allow-headers'] ?? '', /authorization, content-encoding, content-type/);
  assert.equal(allowed.headers['access-control-max-age'], '60');
  assert.equal(allowed.headers.vary, 'Origin');

  for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null']) {
    const denied = await preflight(port, origin);
    assert.equal(denied.status, 403, origin);
    assert.equal((denied.json as { code: string }).code, 'origin-not-allowed');
    assert.equal(denied.headers['access-control-allow-origin'], undefined);
    assert.equal(denied.headers.vary, 'Origin');
    const simple = await ask(port, 'GET', '/rooms', { headers: { origin } });
    assert.deepEqual([simple.status, simple.headers['access-control-allow-origin']], [200, undefined]);
  }

  const error = await ask(port, 'GET', '/nothing', { headers: { origin: 'http://localhost:5173' } });
  assert.equal(error.headers['access-control-allow-origin'], 'http://localhost:5173');
  assert.match(error.headers['access-control-expose-headers'] ?? '', /retry-after/);
  assert.equal((await ask(port, 'GET', '/rooms')).headers.vary, 'Origin');
});

test('with * every page may call, and credentials are never allowed', async (t) => {
  const { port } = await startServer(t, { cors: { origins: '*' } }, routes);
  for (const answer of [
    await preflight(port, 'https://any.example'),
    await ask(port, 'GET', '/rooms', { headers: { origin: 'https://any.example' } }),
  ]) {
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  }
  assert.equal((await preflight(port, 'https://any.example', '/nothing')).status, 404);
});

test('without configuration no page of another origin is let in', async (t) => {
  const { port } = await startServer(t, {}, routes);
  assert.equal((await preflight(port, 'https://app.example')).status, 403);
  const simple = await ask(port, 'GET', '/rooms', { headers: { origin: 'https://app.example' } });
  assert.equal(simple.headers['access-control-allow-origin'], undefined);
});

test('what is no origin stops the start', () => {
  for (const origin of ['app.example', 'https://app.example/', 'https://app.example/path', '']) {
    assert.throws(() => createCors({ origins: [origin] }), /is not an origin/);
  }
});
