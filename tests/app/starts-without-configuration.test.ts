import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startServerProcess } from '../support/server-process.ts';

test('a server without configuration prints two links to one meeting and a key, and all three work', async (t) => {
  const server = startServerProcess(t);
  const [, key] = await server.printed(/API key.*\n\s+(key_\S+)/u);
  const links = [...server.output.matchAll(/http:\/\/localhost:(\d+)\/meet\/(\S+)#(\S+)/gu)];
  assert.equal(links.length, 2);
  assert.equal(links[0]![2], links[1]![2], 'one room');
  assert.notEqual(links[0]![3], links[1]![3], 'two people');

  const page = await fetch(links[0]![0]);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type')!, /text\/html/u);
  assert.match(page.headers.get('content-security-policy')!, /frame-ancestors 'none'/u);

  const origin = new URL(links[0]![0]).origin;
  const rooms = await fetch(`${origin}/v1/rooms`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(rooms.status, 200);
  const dashboard = await fetch(server.output.match(/http:\/\/localhost:\d+\/dashboard$/mu)![0]);
  assert.match(await dashboard.text(), /Sluice dashboard/u);
  assert.match(dashboard.headers.get('content-security-policy')!, /default-src 'self'/u);
  const icon = await fetch(`${origin}/favicon.ico`);
  assert.match(icon.headers.get('content-type')!, /image\/svg/u);
  const sdk = await fetch(`${origin}/sdk/sluice.js`);
  assert.match(sdk.headers.get('content-type')!, /javascript/u);
});

test('the key is printed once, and only where the server made it', async (t) => {
  const generated = startServerProcess(t);
  const [, key] = await generated.printed(/API key.*\n\s+(key_\S+)/u);
  assert.equal(generated.output.split('\n').filter((line) => line.trim() === key).length, 1);

  const configured = 'mine.0123456789abcdef0123456789abcdef';
  const server = startServerProcess(t, [], { SLUICE_AUTH_KEYS: configured });
  await server.printed(/ready/u);
  assert.doesNotMatch(server.output, /0123456789abcdef|API key|\/meet\//u);
});

test('a mistake in the configuration stops the start and says what is wrong where', async (t) => {
  const server = startServerProcess(t, ['--rooms.maxParticipant', '5', '--log.level', 'loud']);
  assert.equal(await server.exit, 1);
  assert.match(server.output, /--rooms\.maxParticipant.*maxParticipants/u);
  assert.match(server.output, /log\.level.*loud/u);
  assert.doesNotMatch(server.output, /\n\s+at /u, 'no stack');
});

test('production does not start without a key or an issuer', async (t) => {
  const server = startServerProcess(t, [], { NODE_ENV: 'production' });
  assert.equal(await server.exit, 1);
  assert.match(server.output, /auth\.keys/u);
});

test('a port that is taken is named', async (t) => {
  const first = startServerProcess(t, ['--host', '127.0.0.1']);
  const [, port] = await first.printed(/http:\/\/127\.0\.0\.1:(\d+)/u);
  const second = startServerProcess(t, ['--host', '127.0.0.1', '--port', port!]);
  assert.equal(await second.exit, 1);
  assert.match(second.output, new RegExp(`port ${port}`, 'u'));
});

test('--help and --version print and start nothing', async (t) => {
  const help = startServerProcess(t, ['--help']);
  assert.equal(await help.exit, 0);
  assert.match(help.output, /--media\.port/u);
  const version = startServerProcess(t, ['--version']);
  assert.equal(await version.exit, 0);
  assert.match(version.output, /^\d+\.\d+\.\d+/u);
});
