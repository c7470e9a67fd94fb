import assert from 'node:assert/strict';
import dns from 'node:dns';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { syncBuiltinESMExports } from 'node:module';
import { test, type TestContext } from 'node:test';

import { createPoster } from '../../../src/events/webhooks/post.ts';
import { addressRule } from '../../../src/events/webhooks/target.ts';

/** Stands for a public address: the rule lets it through. Everything else of this machine is what is to be protected. */
const PUBLIC = '127.0.0.2';
const PRIVATE = '127.0.0.1';

test('a name that leads inside at its second answer is refused then, and the address that was checked is the one connected to', async (t) => {
  const { port, connections } = await listen(t);
  const asked = resolveAs(t, [[PUBLIC], [PRIVATE], [PUBLIC]]);
  const post = poster(t, port);
  assert.deepEqual(await post(), { status: 204, retryAfter: undefined });
  assert.deepEqual(await post(), { error: 'target-refused' });
  assert.deepEqual(await post(), { status: 204, retryAfter: undefined });
  // One question for each connection: no other answer comes between the look and the connection.
  assert.deepEqual(asked, ['hook.example.com', 'hook.example.com', 'hook.example.com']);
  assert.deepEqual(connections, [PUBLIC, PUBLIC]);
});

test('of several answers those that lead inside are not tried, whatever their order and form', async (t) => {
  const { port, connections } = await listen(t);
  resolveAs(t, [
    [PRIVATE, PUBLIC],
    ['::1', `::ffff:${PRIVATE}`, PUBLIC],
    [PRIVATE, '::1', '169.254.169.254', '10.0.0.1', 'fe80::1', 'fd00::1', '0.0.0.0', '::ffff:7f00:1'],
  ]);
  const post = poster(t, port);
  for (let n = 0; n < 2; n += 1) assert.deepEqual(await post(), { status: 204, retryAfter: undefined });
  assert.deepEqual(await post(), { error: 'target-refused' });
  assert.deepEqual(connections, [PUBLIC, PUBLIC]);
});

/** A receiver on every address of the loopback network, which notes on which of them it is called. */
async function listen(t: TestContext): Promise<{ port: number; connections: string[] }> {
  const connections: string[] = [];
  // Each attempt opens a connection, and resolves the name, anew.
  const server = createServer((_, response) => void response.writeHead(204, { connection: 'close' }).end());
  server.on('connection', (socket) => connections.push(socket.localAddress ?? ''));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  t.after(() => server.close().closeAllConnections());
  return { port: (server.address() as AddressInfo).port, connections };
}

/** The name server of an attacker: what it answers, question by question. Returns what it was asked. */
function resolveAs(t: TestContext, answers: readonly (readonly string[])[]): string[] {
  const asked: string[] = [];
  type Found = { address: string; family: number }[];
  const lookup = (name: string, _: object, callback: (error: null, found: Found) => void) => {
    const answer = answers[asked.length] ?? [];
    asked.push(name);
    callback(
      null,
      answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  t.mock.method(dns, 'lookup', lookup as unknown as typeof dns.lookup);
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return asked;
}

function poster(t: TestContext, port: number) {
  const url = `http://hook.example.com:${port}/`;
  const made = createPoster({ url, isAllowed: addressRule([PUBLIC]), timeout: 5000, concurrency: 1 });
  t.after(() => made.close());
  return () => made.post({}, '{}');
}
