import assert from 'node:assert/strict';
import test from 'node:test';

import { Client, speech } from './client.ts';
import { RawSocket } from './raw.ts';
import { eventually, startServer } from './server.ts';

/** RFC 6455 §7.1.5: the close frame had no code, or there was none. */
const CLOSED_WITHOUT_CODE = [1005, 1006];
/** The parameters of a good request. */
const SPEECH = JSON.stringify(speech('x'));

test('messages before the join close the socket and reach nobody', async (t) => {
  const server = await startServer(t);
  for (const frame of [`420["data",1,${SPEECH}]`, '42["data",1,{}]', '430[]', '41', '44{}']) {
    const raw = await RawSocket.open(server);
    raw.send(frame);
    const { code } = await raw.closed;
    assert.ok(CLOSED_WITHOUT_CODE.includes(code), `${frame}: ${code}`);
  }
  assert.equal(server.rooms.size, 0);
});

test('frames that are neither Engine.IO nor Socket.IO close the socket', async (t) => {
  const server = await startServer(t);
  for (const frame of [
    '',
    'hello',
    '9',
    '2',
    '4',
    '48',
    '42',
    '42{}',
    '42[',
    '42[null]',
    '40[]',
    '40{',
    '451-["x",{"_placeholder":true,"num":0}]x',
    'bAAAA',
    `40${'['.repeat(20_000)}`,
    '42["disconnect"]',
  ]) {
    const raw = await RawSocket.open(server);
    raw.send(frame);
    const { code } = await raw.closed;
    assert.ok(CLOSED_WITHOUT_CODE.includes(code) || code === 4400, `${frame.slice(0, 40)}: ${code}`);
  }
  await Client.join(server, 'ada');
});

test('a broken frame of a participant costs it the socket, not the session', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.join(server, 'ada');
  const { session } = raw.message('joined') as { session: { id: string; secret: string } };
  raw.send('42[');
  assert.ok(CLOSED_WITHOUT_CODE.includes((await raw.closed).code));

  const next = await RawSocket.open(server);
  next.hello({ protocol: 1, resume: { sessionId: session.id, secret: session.secret, received: 0 } });
  await next.until((one) => one.message('resumed') !== undefined);
});

test('binary frames end the session', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.join(server, 'ada');
  raw.send(new Uint8Array([1, 2, 3]));
  assert.deepEqual(await raw.closed, { code: 4400, reason: 'invalid-request' });
  assert.equal(raw.bye, 'invalid-request');
  assert.equal(server.signaling.sessions, 0);

  const early = await RawSocket.open(server);
  early.send(new Uint8Array(10));
  assert.equal((await early.closed).code, 4400);
});

test('a frame larger than allowed closes the socket', async (t) => {
  const server = await startServer(t, { settings: { maxMessage: 4096 } });
  const raw = await RawSocket.join(server, 'ada');
  raw.send('x'.repeat(4097));
  assert.equal((await raw.closed).code, 1006);
});

test('a binary attachment that never comes keeps nobody waiting', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.join(server, 'ada');
  raw.send('451-0["data",1,{"header":{"t":"message"},"payload":{"_placeholder":true,"num":0}}]');
  raw.send(`420["data",2,${SPEECH}]`);
  assert.ok(CLOSED_WITHOUT_CODE.includes((await raw.closed).code));
});

test('acknowledgements that nobody asked for are ignored', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.join(server, 'ada');
  raw.send('431[{}]');
  raw.send(`420["data",1,${SPEECH}]`);
  await raw.until(({ frames }) => frames.some((frame) => frame.startsWith('430[{"ok":true')));
});

test('a flood on a socket that never joins closes it', async (t) => {
  const server = await startServer(t);
  const raw = await RawSocket.open(server);
  for (let count = 0; count < 5000; count += 1) raw.send('40/elsewhere,{}');
  assert.equal((await raw.closed).code, 4429);
  await eventually(() => server.signaling.sockets === 0);
});

test('a client that does not answer pings is let go, and may come back', async (t) => {
  const server = await startServer(t, { settings: { pingInterval: 50, pingTimeout: 50 } });
  const raw = await RawSocket.join(server, 'ada');
  assert.ok(CLOSED_WITHOUT_CODE.includes((await raw.closed).code));
  assert.equal(server.signaling.sessions, 1);
});
