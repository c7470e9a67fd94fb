import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json } from '../../src/http/message.ts';
import { ask, startServer } from './harness.ts';

test('a value that would end its header line is refused, and nothing of it goes out', async (t) => {
  const bad: Record<string, Record<string, string>> = {
    crlf: { location: '/x\r\nset-cookie: a=b' },
    lf: { location: '/x\nset-cookie: a=b' },
    nul: { location: 'a\0b' },
    name: { 'x y': '1' },
    colon: { 'x: y\r\nz': '1' },
    length: { 'Content-Length': '1' },
    chunked: { 'transfer-encoding': 'chunked' },
  };
  const { port, faults } = await startServer(t, {}, (server) => {
    server.route('GET', '/:case', ({ params }) => json({}, 200, bad[params['case'] ?? '']));
  });
  for (const name of Object.keys(bad)) {
    const answer = await ask(port, 'GET', `/${name}`);
    assert.equal(answer.status, 500, name);
    assert.equal(answer.headers['set-cookie'], undefined);
  }
  assert.equal(faults.length, Object.keys(bad).length);
});

test('a status that does not exist is a fault', async (t) => {
  const { port, faults } = await startServer(t, {}, (server) => {
    server.route('GET', '/odd', () => ({ status: 99 }));
  });
  assert.equal((await ask(port, 'GET', '/odd')).status, 500);
  assert.equal(faults.length, 1);
});

test('every answer forbids sniffing; a response wins over its route, and the route over the default', async (t) => {
  const { port } = await startServer(t, {}, (server) => {
    server.route('GET', '/page', () => ({ status: 200, headers: { 'Referrer-Policy': 'origin' }, body: 'x' }), {
      headers: { 'Content-Security-Policy': "default-src 'self'", 'referrer-policy': 'same-origin' },
    });
    server.route('GET', '/plain', () => json({}));
  });
  const page = await ask(port, 'GET', '/page');
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers['content-security-policy'], "default-src 'self'");
  assert.equal(page.headers['referrer-policy'], 'origin');
  const plain = await ask(port, 'GET', '/plain');
  assert.equal(plain.headers['x-content-type-options'], 'nosniff');
  assert.equal(plain.headers['referrer-policy'], 'no-referrer');
  assert.equal(plain.headers['cache-control'], 'no-store');
  assert.equal(plain.headers['uwebsockets'], undefined);
  const missing = await ask(port, 'GET', '/missing');
  assert.equal(missing.headers['x-content-type-options'], 'nosniff');
});
