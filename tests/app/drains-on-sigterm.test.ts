import assert from 'node:assert/strict';
import { test } from 'node:test';

import { io, type Socket } from 'socket.io-client';

import { startServerProcess } from '../support/server-process.ts';

const KEY = 'mine.0123456789abcdef0123456789abcdef';

test('SIGTERM lets calls finish, takes no new ones, and ends the process when the last one is over', async (t) => {
  const server = startServerProcess(t, ['--host', '127.0.0.1', '--log.level', 'debug'], { SLUICE_AUTH_KEYS: KEY });
  const [origin] = await server.printed(/http:\/\/127\.0\.0\.1:\d+/u);
  const tokens = [await token(origin, 'ada'), await token(origin, 'bob')];
  const ada = connect(origin, tokens[0]!);
  await next(ada, 'joined');

  const told = next(ada, 'draining');
  server.signal('SIGTERM');
  await told;
  const ready = await fetch(`${origin}/ready`);
  assert.equal(ready.status, 503);
  assert.equal(((await ready.json()) as { ready: boolean }).ready, false);
  assert.equal((await fetch(`${origin}/v1/health`)).status, 200);
  const refusal = (await next(connect(origin, tokens[1]!), 'connect_error')) as { data?: { code?: string } };
  assert.equal(refusal.data?.code, 'draining');

  ada.emit('leave', 1, {}, () => undefined);
  assert.equal(await server.exit, 0);
  for (const secret of [...tokens, KEY.split('.')[1]!]) {
    assert.equal(server.output.includes(secret), false, 'no secret in the log');
  }
});

test('a second SIGTERM does not wait for anybody, and everybody is told', async (t) => {
  const server = startServerProcess(t, ['--host', '127.0.0.1'], { SLUICE_AUTH_KEYS: KEY });
  const [origin] = await server.printed(/http:\/\/127\.0\.0\.1:\d+/u);
  const ada = connect(origin, await token(origin, 'ada'));
  await next(ada, 'joined');
  const told = next(ada, 'draining');
  server.signal('SIGTERM');
  await told;
  const bye = next(ada, 'bye');
  server.signal('SIGTERM');
  assert.equal(((await bye) as { code: string }).code, 'draining');
  assert.equal(await server.exit, 0);
});

test('calls that do not end are ended when drain.timeout has passed', async (t) => {
  const server = startServerProcess(t, ['--host', '127.0.0.1', '--drain.timeout', '300ms'], {
    SLUICE_AUTH_KEYS: KEY,
  });
  const [origin] = await server.printed(/http:\/\/127\.0\.0\.1:\d+/u);
  const ada = connect(origin, await token(origin, 'ada'));
  await next(ada, 'joined');
  server.signal('SIGTERM');
  assert.equal(((await next(ada, 'bye')) as { code: string }).code, 'draining');
  assert.equal(await server.exit, 0);
});

async function token(origin: string, identity: string): Promise<string> {
  const response = await fetch(`${origin}/v1/rooms/lab/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ identity }),
  });
  return ((await response.json()) as { token: string }).token;
}

function connect(origin: string, ofWhom: string): Socket {
  return io(origin, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth: { protocol: 1, token: ofWhom },
  });
}

/** The last argument of the next `event`: the payload, behind the sequence number where there is one. */
function next(socket: Socket, event: string): Promise<unknown> {
  return new Promise((resolve) => socket.once(event, (...args: unknown[]) => resolve(args.at(-1))));
}
