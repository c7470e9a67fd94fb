import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';

import { selfSignedTls } from '../../src/http/self-signed.ts';
import { FAMILY } from '../../src/stun/address.ts';
import { openEcho } from '../support/turn-client.ts';
import { certificate, eventually, scratch, startRelay, type TestRelay } from './start-relay.ts';

test('a connection that does not authenticate in time is closed, one that does is not', async (t) => {
  const relay = await startRelay(t, { certificate: await certificate(t), limits: { authenticateWithin: 300 } });
  const client = await relay.client('tcp');
  await client.allocate();
  const silent = [await dial(t, relay.ports.tcp!), await dial(t, relay.ports.tls!)];
  await Promise.all(silent.map(gone));
  assert.equal(relay.counters().thread['closed.stranger-timeout'], 2);
  assert.equal((await client.refresh(600)).error, undefined);
  assert.equal(relay.counters().thread['gauge.strangers'], 0);
});

test('of those who do not authenticate, the longest there goes when there are too many', async (t) => {
  const relay = await startRelay(t, { limits: { unauthenticated: 3 } });
  const sockets: Socket[] = [];
  for (let at = 0; at < 4; at += 1) {
    sockets.push(await dial(t, relay.ports.tcp!));
    await eventually(() => relay.counters().thread['gauge.strangers'] === Math.min(3, at + 1), 'it is counted');
  }
  await gone(sockets[0]!);
  const client = await relay.client('tcp');
  await client.allocate();
  await gone(sockets[1]!);
  assert.equal(relay.counters().thread['closed.stranger-cap'], 2);
});

test('one address may have so many connections and no more', async (t) => {
  const relay = await startRelay(t, { limits: { connectionsPerAddress: 2 } });
  const first = await dial(t, relay.ports.tcp!);
  await dial(t, relay.ports.tcp!);
  await eventually(() => relay.counters().thread['gauge.streams.tcp'] === 2, 'both are there');
  await gone(await dial(t, relay.ports.tcp!));
  first.destroy();
  await eventually(() => relay.counters().thread['gauge.streams.tcp'] === 1, 'one has gone');
  await (await relay.client('tcp')).allocate();
});

test('what is no STUN, or a long message of a stranger, ends its connection', async (t) => {
  const relay = await startRelay(t);
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', Buffer.from('000110002112a442', 'hex'), Buffer.alloc(64, 0xff)]) {
    const socket = await dial(t, relay.ports.tcp!);
    socket.write(bytes);
    await gone(socket);
  }
  assert.equal(relay.counters().thread['closed.malformed'], 3);
});

test('a client that does not read is given up, and the others go on', async (t) => {
  const relay = await startRelay(t);
  const peer = await openEcho('127.0.0.1');
  t.after(() => peer.close());
  const slow = await relay.client('tcp', { identity: 'lab/slow' });
  await slow.allocate({ family: FAMILY.IPV4 });
  await slow.bind(0x4000, peer.address);
  slow.pause();
  const before = process.memoryUsage().rss;
  const other = await relay.client('tcp');
  await other.allocate({ family: FAMILY.IPV4 });
  await other.bind(0x4000, peer.address);
  const data = Buffer.alloc(8192, 1);
  for (let round = 0; relay.counters().thread['dropped.slow-reader'] === 0; round += 1) {
    assert.ok(round < 400, 'its frames are dropped at last');
    for (let at = 0; at < 20; at += 1) slow.sendOn(0x4000, data);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  other.sendOn(0x4000, Buffer.from('still here'));
  assert.equal(String((await other.receive()).data), 'still here');
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 150 * 1024 * 1024, `memory grew by ${grown} bytes`);
});

test('a new certificate serves new connections, without a restart, once its files have changed', async (t) => {
  const folder = scratch(t);
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const write = async (name: string) => {
    const made = await selfSignedTls(scratch(t), [name], new Date());
    writeFileSync(files.key, made.key);
    writeFileSync(files.cert, made.cert);
  };
  await write('old.example');
  const relay = await startRelay(t, { certificate: files, certificateCheck: 50 });
  const client = await relay.client('tls');
  await client.allocate();
  assert.match(await subject(relay), /old\.example/u);

  writeFileSync(files.cert, 'half a file');
  await eventually(() => relay.lines.some(({ level }) => level === 'error'), 'a useless file is complained of');
  assert.match(await subject(relay), /old\.example/u, 'and not used');

  await write('new.example');
  await eventually(() => relay.lines.some(({ message }) => /another certificate/u.test(message)), 'it is read');
  for (let left = 100; !(await subject(relay)).includes('new.example'); left -= 1) assert.ok(left > 0);
  assert.equal((await client.refresh(600)).error, undefined, 'connections from before go on');
});

test('a certificate that cannot be read stops the start', async (t) => {
  const files = { cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' };
  await assert.rejects(
    startRelay(t, { certificate: files }),
    /turn\.tls: the certificate \/nowhere\/cert\.pem cannot/u,
  );
  const { cert } = await certificate(t);
  const { key } = await certificate(t);
  await assert.rejects(
    startRelay(t, { certificate: { cert, key } }),
    /turn\.tls: the certificate and key cannot be used/u,
  );
});

async function dial(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined).resume();
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
  });
  return socket;
}

function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

function subject(relay: TestRelay): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port: relay.ports.tls!, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.subjectAltName ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
