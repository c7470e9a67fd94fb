import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, get } from 'node:http';
import test from 'node:test';

import { originAllowed } from '../../src/signaling/upgrade.ts';
import { Client } from './client.ts';
import { upgraded } from './raw.ts';
import { eventually, startServer } from './server.ts';

test('plain HTTP requests are told to upgrade', async (t) => {
  const server = await startServer(t);
  for (const [method, query] of [
    ['GET', ''],
    ['GET', '?EIO=4&transport=polling'],
    ['GET', '?EIO=4&transport=websocket'],
    ['POST', '?EIO=4&transport=polling&sid=x'],
    ['DELETE', ''],
  ] as const) {
    const body = method === 'POST' ? 'x'.repeat(100_000) : null;
    const response = await fetch(`${server.url}/socket.io/${query}`, { method, body });
    assert.equal(response.status, 426);
    assert.equal(response.headers.get('upgrade'), 'websocket');
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    const problem = (await response.json()) as { code: string; status: number };
    assert.deepEqual([problem.code, problem.status], ['upgrade-required', 426]);
  }
});

test("an upgrade that is not Socket.IO's is refused with a problem", async (t) => {
  const server = await startServer(t);
  for (const query of [
    '',
    '?EIO=3&transport=websocket',
    '?EIO=4&transport=polling',
    '?EIO=4&transport=websocket&sid=x',
  ]) {
    const request = get(`${server.url}/socket.io/${query}`, { headers: UPGRADE });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 400, query);
    assert.match((await response.toArray()).join(''), /"code":"invalid-request"/);
  }
});

test('pages of other origins connect only where that is configured', async (t) => {
  const server = await startServer(t, { origins: ['https://app.example'] });
  await assert.rejects(
    upgraded(server, '127.0.0.1', 'Origin: https://evil.example\r\n'),
    /403 Forbidden[^]*origin-not-allowed/,
  );
  await assert.rejects(upgraded(server, '127.0.0.1', 'Origin: null\r\n'), /403 Forbidden/);
  await upgraded(server, '127.0.0.1', 'Origin: https://app.example\r\n');
  await upgraded(server, '127.0.0.1', `Origin: http://127.0.0.1:${server.port}\r\n`);
  await upgraded(server);
});

test('the own origin is the one with the same host and port, whatever the scheme', () => {
  assert.equal(originAllowed('https://meet.example', 'meet.example', []), true);
  assert.equal(originAllowed('https://meet.example', 'MEET.example', []), true);
  assert.equal(originAllowed('http://meet.example:7800', 'meet.example:7800', []), true);
  assert.equal(originAllowed('http://meet.example:7801', 'meet.example:7800', []), false);
  assert.equal(originAllowed('https://meet.example.evil', 'meet.example', []), false);
  assert.equal(originAllowed('nonsense', 'nonsense', []), false);
  assert.equal(originAllowed('https://any.example', 'meet.example', ['*']), true);
});

test('one address holds so many sockets and no more, and others still join', async (t) => {
  const cap = 200;
  const server = await startServer(t, { settings: { connectionsPerAddress: cap } });
  let opened = 0;
  let refused = 0;
  const attempt = async () => {
    try {
      await upgraded(server, '127.0.0.2');
      opened += 1;
    } catch (error) {
      assert.match(String(error), /429 Too Many Requests[^]*retry-after: 5[^]*too-many-connections/i);
      refused += 1;
    }
  };
  for (let round = 0; round < 22; round += 1) await Promise.all(Array.from({ length: 100 }, attempt));
  assert.deepEqual([opened, refused], [cap, 2000]);
  assert.equal(server.signaling.sockets, cap);

  // From 127.0.0.1.
  await Client.join(server, 'ada');
  assert.equal(server.facts.filter((fact) => fact.type === 'upgrade-refused').length, 2000);
});

test('a socket that closes makes room for another', async (t) => {
  const server = await startServer(t, { settings: { connectionsPerAddress: 1 } });
  const first = await upgraded(server);
  await assert.rejects(upgraded(server));
  first.destroy();
  await eventually(() => server.signaling.sockets === 0);
  await upgraded(server);
});

const UPGRADE = {
  upgrade: 'websocket',
  connection: 'upgrade',
  'sec-websocket-key': `${'A'.repeat(22)}==`,
  'sec-websocket-version': '13',
};
