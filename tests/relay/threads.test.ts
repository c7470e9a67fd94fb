import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';

import { FAMILY } from '../../src/stun/address.ts';
import { openEcho, timeLimited } from '../support/turn-client.ts';
import { eventually, SECRET, startRelay, type TestRelay } from './start-relay.ts';

test('a thread that dies is replaced, the cause is in the log, and clients come back to the same port', async (t) => {
  const relay = await startRelay(t);
  const before = await relay.client('udp');
  await before.allocate();
  await relay.killThread(0);
  await eventually(() => relay.threads()[0]!.running, 'the thread runs again');
  assert.equal(relay.threads()[0]!.restarts, 1);
  assert.deepEqual(
    relay.lines.filter(({ level }) => level !== 'info').map(({ message }) => message),
    ['a relay thread died'],
  );
  assert.match(String(relay.lines.find(({ level }) => level === 'error')!.fields['reason']), /ended with code 1/u);
  const { turn } = relay.counters();
  assert.equal(turn['gauge.allocations.udp.ipv4'], 0, 'its allocations are gone');
  assert.equal(turn['requests.allocate'], 2, 'what it has counted is not');

  assert.equal((await before.refresh(600)).error, 437, 'its client is told that there is no allocation');
  const after = await relay.client('udp');
  await after.allocate();
  await (await relay.client('tcp')).allocate();
});

test('what was revoked stays so in a thread that starts later', async (t) => {
  const relay = await startRelay(t);
  await (await relay.client('udp', { identity: 'lab/eve' })).allocate();
  relay.revoke('lab/eve', (Date.now() + 4_000_000) as Parameters<TestRelay['revoke']>[1], 'kicked');
  await eventually(() => relay.ended.length === 1, 'her allocation ends');
  assert.equal(relay.ended[0]!.cause, 'kicked');
  await relay.killThread(0);
  await eventually(() => relay.threads()[0]!.running, 'the thread runs again');
  await assert.rejects((await relay.client('udp', { identity: 'lab/eve' })).allocate(), /401/u);
  await (await relay.client('udp', { identity: 'lab/ada' })).allocate();
});

test('several threads share the ports, and the death of one leaves the clients of the others alone', async (t) => {
  const relay = await startRelay(t, { threads: 3, mobility: false, tcpRelay: false });
  const clients = await Promise.all(Array.from({ length: 24 }, () => relay.client('udp')));
  for (const client of clients) await client.allocate();
  const busy = relay.threads().length;
  assert.equal(busy, 3);
  const shares = new Set(clients.map(({ relayed }) => Math.floor((relayed[0]!.port - 49_152) / (16_384 / 3))));
  assert.equal(shares.size, 3, 'each thread has some of them, and ports of its own');

  await relay.killThread(1);
  await eventually(() => relay.threads()[1]!.running, 'the thread runs again');
  const answers = await Promise.all(clients.map((client) => client.refresh(600)));
  for (const [at, client] of clients.entries()) {
    const lost = Math.floor((client.relayed[0]!.port - 49_152) / (16_384 / 3)) === 1;
    assert.equal(answers[at]!.error, lost ? 437 : undefined, `client ${at}`);
  }
});

test('while the main thread is blocked for two seconds, nothing is lost and allocations are made', async (t) => {
  const relay = await startRelay(t);
  const peer = await otherThread(t, ECHO, {});
  const traffic = await otherThread(t, TRAFFIC, {
    client: new URL('../support/turn-client.ts', import.meta.url).href,
    host: '127.0.0.1',
    port: relay.ports.udp,
    peer: peer.first,
    ...timeLimited(SECRET, 'lab/ada'),
  });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
  const { sent, received, allocated } = (await traffic.next()) as Record<string, number>;
  assert.ok(sent! >= 150, `only ${sent} were sent`);
  assert.equal(received, sent);
  assert.equal(allocated, 5);
});

test('a relay that is closed tells of every allocation that it ends', async (t) => {
  const relay = await startRelay(t);
  for (const transport of ['udp', 'tcp'] as const) await (await relay.client(transport)).allocate();
  await relay.close();
  assert.deepEqual(
    relay.ended.map(({ cause }) => cause),
    ['server-closed', 'server-closed'],
  );
});

test('living allocations show in the usage of their identity', async (t) => {
  const relay = await startRelay(t);
  const peer = await openEcho('127.0.0.1');
  t.after(() => peer.close());
  const client = await relay.client('udp');
  await client.allocate({ family: FAMILY.IPV4 });
  await client.permit(peer.address);
  client.send(peer.address, Buffer.alloc(100));
  await client.receive();
  await client.refresh(0);
  await eventually(() => relay.usage.get('lab/ada') !== undefined, 'usage is told');
  assert.deepEqual(relay.usage.get('lab/ada'), {
    allocations: 1,
    packetsUp: 1,
    bytesUp: 100,
    packetsDown: 1,
    bytesDown: 100,
  });
});

test('a relay without a free port, or with an address of another machine, says so', async (t) => {
  const relay = await startRelay(t);
  await assert.rejects(
    startRelay(t, { port: relay.ports.udp! }),
    /turn\.port: port \d+ \(UDP on 127\.0\.0\.1\) is in use/u,
  );
  await assert.rejects(
    startRelay(t, { listen: [{ ip: '192.0.2.9' }] }),
    /turn\.listen: 192\.0\.2\.9 is not an address/u,
  );
  await assert.rejects(
    startRelay(t, { relay: [{ ip: '127.0.0.1', announced: 'nowhere.invalid' }] }),
    /turn\.relay: nowhere\.invalid has no IPv4 address/u,
  );
  await assert.rejects(startRelay(t, { udpAddon: 'on', addonPath: '/nowhere.node' }), /the UDP addon cannot be used/u);
});

const ECHO = `
  const { parentPort } = require('node:worker_threads');
  const socket = require('node:dgram').createSocket('udp4');
  socket.on('message', (message, from) => socket.send(message, from.port, from.address));
  socket.bind(0, '127.0.0.1', () => parentPort.postMessage(socket.address().port));
`;

/** A packet each 10 ms for 1.9 s, an allocation every 400 ms, beside a main thread that does nothing. */
const TRAFFIC = `
  const { parentPort, workerData } = require('node:worker_threads');
  (async () => {
    const { openTurnClient, transportAddress } = await import(workerData.client);
    const open = () => openTurnClient({ ...workerData, transport: 'udp' });
    const client = await open();
    await client.allocate();
    await client.bind(0x4000, transportAddress('127.0.0.1', workerData.peer));
    parentPort.postMessage('ready');
    let [sent, received, allocated] = [0, 0, 0];
    const listen = (async () => {
      for (;;) {
        await client.receive();
        received += 1;
      }
    })().catch(() => undefined);
    const others = [];
    for (let at = 0; at < 190; at += 1) {
      client.sendOn(0x4000, Buffer.alloc(200));
      sent += 1;
      if (at % 40 === 0) others.push(open().then((other) => other.allocate().then(() => (allocated += 1, other.close()))));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await Promise.all(others);
    for (let left = 100; received < sent && left > 0; left -= 1) await new Promise((resolve) => setTimeout(resolve, 10));
    parentPort.postMessage({ sent, received, allocated });
    client.close();
    await listen;
  })();
`;

/** Runs `program` in a thread that ends with the test; `first` is its first message. */
async function otherThread(t: TestContext, program: string, workerData: object) {
  const worker = new Worker(program, { eval: true, workerData, execArgv: [] });
  t.after(() => worker.terminate());
  const next = () =>
    new Promise<unknown>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
  return { first: await next(), next };
}
