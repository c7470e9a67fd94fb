import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/kernel/errors.ts';
import { json, noContent } from '../../src/http/message.ts';
import type { HttpRequest } from '../../src/http/message.ts';
import { ask, jsonBody, pause, startServer, Wire } from './harness.ts';

test('a route gets decoded parameters, the query and headers, before and after an await', async (t) => {
  const { port } = await startServer(t, {}, (server) => {
    server.route('GET', '/sync/:room/people/:identity', describe);
    server.route('GET', '/async/:room/people/:identity', async (request) => {
      await new Promise((resolve) => setImmediate(resolve));
      return describe(request);
    });
  });
  for (const kind of ['sync', 'async']) {
    const path = `/${kind}/caf%C3%A9%20a/people/x%2Fy?after=7%2B1`;
    const { status, json: body } = await ask(port, 'GET', path, { headers: { 'x-who': 'me' } });
    assert.equal(status, 200);
    assert.deepEqual(body, {
      room: 'café a',
      identity: 'x/y',
      path: path.split('?')[0],
      route: `/${kind}/:room/people/:identity`,
      after: '7+1',
      who: 'me',
      missing: true,
      address: '127.0.0.1',
    });
  }
});

test('a parameter with broken percent-encoding is refused', async (t) => {
  const { port, faults } = await startServer(t, {}, (server) => {
    server.route('GET', '/rooms/:room', ({ params }) => json(params));
  });
  const { status, json: body } = await ask(port, 'GET', '/rooms/%E0%A4%A');
  assert.equal(status, 400);
  assert.equal((body as { code: string }).code, 'invalid-request');
  assert.deepEqual(faults, []);
});

test('HEAD answers as GET would, without the body, and the connection goes on', async (t) => {
  const { port } = await startServer(t, {}, (server) => {
    server.route('GET', '/thing', () => json({ a: 'ü' }, 200, { etag: '"1"' }));
  });
  const wire = await Wire.open(t, port);
  wire.send('HEAD /thing HTTP/1.1\r\nHost: x\r\n\r\n');
  const head = await wire.until(/\r\n\r\n/);
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, /content-length: 10\r\n/i);
  assert.match(head, /etag: "1"/);
  assert.ok(head.endsWith('\r\n\r\n'), 'nothing follows the headers');
  wire.received = '';
  wire.send('GET /thing HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(await wire.until(/\{"a":/), /^HTTP\/1\.1 200 OK/);
});

test('a known path with another method is 405 with Allow; an unknown path is 404', async (t) => {
  const { port, records } = await startServer(t, {}, (server) => {
    server.route('GET', '/rooms/:room', () => json({}));
    server.route('DELETE', '/rooms/:name', () => noContent());
    server.route('POST', '/rooms', () => json({}, 201), { body: {} });
  });
  const wrong = await ask(port, 'PATCH', '/rooms/a', jsonBody('{}'));
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.allow, 'GET, DELETE, HEAD, OPTIONS');
  assert.equal(wrong.headers['content-type'], 'application/problem+json');
  assert.equal((wrong.json as { code: string }).code, 'method-not-allowed');
  assert.equal((await ask(port, 'HEAD', '/rooms')).status, 405);
  const options = await ask(port, 'OPTIONS', '/rooms');
  assert.deepEqual([options.status, options.headers.allow], [204, 'POST, OPTIONS']);

  for (const path of ['/', '/room', '/rooms/', '/rooms/a/b', '/%2e%2e/etc/passwd']) {
    const { status, json: body } = await ask(port, 'GET', path);
    assert.equal(status, 404, path);
    assert.equal((body as { code: string }).code, 'not-found');
  }
  await ask(port, 'PROPFIND', '/nowhere');
  assert.deepEqual(
    [...new Set(records.map(({ method, route, status }) => `${method} ${route} ${status}`))].toSorted(),
    ['GET unmatched 404', 'HEAD /rooms 405', 'OPTIONS /rooms 204', 'OTHER unmatched 404', 'PATCH /rooms/:room 405'],
  );
});

test('a refusal becomes problem+json; a fault says nothing and is reported', async (t) => {
  const { port, faults } = await startServer(t, {}, (server) => {
    server.route('GET', '/limited', () => {
      throw new SluiceError('rate-limited', { detail: 'Slow down.', retryAfter: 1.2 });
    });
    server.route('GET', '/broken', () => {
      throw new TypeError('the password is swordfish');
    });
    server.route('GET', '/broken-later', async () => {
      await pause(1);
      throw new TypeError('the password is swordfish');
    });
  });
  const limited = await ask(port, 'GET', '/limited');
  assert.equal(limited.status, 429);
  assert.equal(limited.headers['retry-after'], '2');
  assert.deepEqual(limited.json, {
    type: 'urn:sluice:error:rate-limited',
    title: 'Too many requests.',
    status: 429,
    code: 'rate-limited',
    detail: 'Slow down.',
  });
  assert.equal(faults.length, 0);
  for (const path of ['/broken', '/broken-later']) {
    const broken = await ask(port, 'GET', path);
    assert.equal(broken.status, 500);
    assert.doesNotMatch(broken.text, /swordfish|TypeError/);
    assert.equal((broken.json as { code: string }).code, 'internal');
  }
  assert.equal(faults.length, 2);
  assert.match(String(faults[0]), /swordfish/);
});

test('the fallback route takes what nothing else took, and not what is attached to the app later', async (t) => {
  const { port } = await startServer(t, {}, (server) => {
    server.route('GET', '/*', ({ path }) => json({ fallback: path }));
    server.route('GET', '/known', () => json({ known: true }));
    server.app.any('/socket.io/', (res) => {
      res.end('attached');
    });
  });
  assert.deepEqual((await ask(port, 'GET', '/any/where')).json, { fallback: '/any/where' });
  assert.deepEqual((await ask(port, 'GET', '/known')).json, { known: true });
  assert.equal((await ask(port, 'GET', '/socket.io/?EIO=4')).text, 'attached');
  assert.equal((await ask(port, 'POST', '/socket.io/?EIO=4')).text, 'attached');
  assert.equal((await ask(port, 'POST', '/any/where')).status, 404);
});

test('requests that are sent ahead on one connection are answered in order', async (t) => {
  const { port } = await startServer(t, {}, (server) => {
    server.route('GET', '/n/:n', ({ params }) => json(params));
    server.route('POST', '/n', (request) => json(request.json()), { body: {} });
  });
  const wire = await Wire.open(t, port);
  let requests = '';
  for (let n = 0; n < 50; n += 1) {
    const body = `{"n":"${n}"}`;
    requests +=
      n % 5 === 0
        ? `POST /n HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
        : `GET /n/${n} HTTP/1.1\r\nHost: x\r\n\r\n`;
  }
  wire.send(requests);
  const received = await wire.until(/\{"n":"49"\}/);
  const answers = [...received.matchAll(/\{"n":"(\d+)"\}/g)].map(([, n]) => Number(n));
  assert.deepEqual(answers, [...Array(50).keys()]);
});

test('a second route for the same method and shape of path is refused', async (t) => {
  await startServer(t, {}, (server) => {
    server.route('GET', '/rooms/:room', () => json({}));
    assert.throws(() => server.route('GET', '/rooms/:name', () => json({})), /already/);
  });
});

function describe(request: HttpRequest) {
  return json({
    ...request.params,
    path: request.path,
    route: request.route,
    after: request.query.get('after'),
    who: request.header('x-who'),
    missing: request.header('x-missing') === undefined,
    address: request.address,
  });
}

test('a handler that answers later reads the query as it was, and an empty one where there was none', async (t) => {
  const { port } = await startServer(t, {}, (server) => {
    server.route('POST', '/asked', async ({ query }) => (await pause(1), json(Object.fromEntries(query))), {
      body: {},
    });
    server.route('GET', '/asked', async (request) => (await pause(1), json(Object.fromEntries(request.query))));
  });
  assert.deepEqual((await ask(port, 'GET', '/asked?a=1&b=')).json, { a: '1', b: '' });
  assert.deepEqual((await ask(port, 'GET', '/asked')).json, {});
  assert.equal((await ask(port, 'POST', '/asked', jsonBody('{}'))).status, 200);
});

test('a header with several values is several lines', async (t) => {
  const { port } = await startServer(t, {}, (server) => {
    server.route('GET', '/', () => ({ status: 200, headers: { link: ['<a>; rel="x"', '<b>; rel="x"'] } }));
    server.route('GET', '/split', () => ({ status: 200, headers: { link: ['fine', 'one\r\nset-cookie: two'] } }));
  });
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).headers.get('link'), '<a>; rel="x", <b>; rel="x"');
  assert.equal((await fetch(`http://127.0.0.1:${port}/split`)).status, 500);
});
