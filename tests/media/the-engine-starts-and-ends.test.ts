import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createMediaEngine } from '../../src/media/engine.ts';
import { deaf, startEngine, until } from './start-engine.ts';

const loopback = [{ ip: '127.0.0.1' }];

test('each worker has a port of its own, counted from the base', async (t) => {
  const free = (await freePorts()) as number;
  const engine = await startEngine(t, { workers: 2, port: free });
  assert.deepEqual(
    engine.workers().map(({ index, port }) => [index, port]),
    [
      [0, free],
      [1, free + 1],
    ],
  );
  assert.equal(new Set(engine.workers().map(({ pid }) => pid)).size, 2);
});

test('UDP and TCP on IPv4 and IPv6 are offered, as announced and in this order', async (t) => {
  if (!hasIpv6Loopback()) return t.skip('this machine has no IPv6');
  const listen = [{ ip: '127.0.0.1', announced: 'media.example.org' }, { ip: '::1' }];
  const engine = await startEngine(t, { listen });
  const room = await engine.openRoom(deaf);
  const { iceCandidates, dtlsParameters } = (await room.openTransport(deaf)).parameters;
  assert.deepEqual(
    iceCandidates.map(({ address, protocol, tcpType }) => [address, protocol, tcpType]),
    [
      ['media.example.org', 'udp', undefined],
      ['media.example.org', 'tcp', 'passive'],
      ['::1', 'udp', undefined],
      ['::1', 'tcp', 'passive'],
    ],
  );
  const udp = iceCandidates.filter(({ protocol }) => protocol === 'udp').map(({ priority }) => priority);
  const tcp = iceCandidates.filter(({ protocol }) => protocol === 'tcp').map(({ priority }) => priority);
  assert.ok(Math.min(...udp) > Math.max(...tcp), 'UDP is preferred');
  assert.deepEqual(
    dtlsParameters.fingerprints.map(({ algorithm }) => algorithm),
    ['sha-256'],
  );
  return undefined;
});

test('a port in use is named, with its key, and nothing stays behind', async (t) => {
  const udp = createSocket('udp4');
  t.after(() => udp.close());
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const { port } = udp.address();
  await assert.rejects(createMediaEngine({ workers: 1, listen: loopback, port }), {
    message: `media.port: port ${port} (UDP on 127.0.0.1) is in use already`,
  });

  const tcp = createServer();
  t.after(() => tcp.close());
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const address = tcp.address();
  assert.ok(address !== null && typeof address === 'object');
  await assert.rejects(createMediaEngine({ workers: 1, listen: loopback, port: address.port }), {
    message: `media.port: port ${address.port} (TCP on 127.0.0.1) is in use already`,
  });
});

test('what else stops the start is explained', async () => {
  const start = (options: object) => createMediaEngine({ workers: 1, listen: loopback, port: 0, ...options });
  await assert.rejects(
    start({ listen: [{ ip: '192.0.2.1' }], port: 40_999 }),
    /^Error: media.listen: 192.0.2.1 is not an address of this machine/,
  );
  await assert.rejects(
    start({ listen: [{ ip: 'nonsense' }], port: 40_999 }),
    /^Error: media.listen: invalid IP 'nonsense'/,
  );
  await assert.rejects(start({ listen: [] }), /^Error: media.listen/);
  await assert.rejects(start({ workers: 0 }), /^Error: media.workers/);
  await assert.rejects(
    start({ workerBin: '/nowhere/worker' }),
    /^Error: media.workerBin: the worker \/nowhere\/worker does not run/,
  );
  await assert.rejects(start({ workerBin: process.execPath }), /^Error: media.workerBin/);
});

test('rooms opened at once spread over the workers, and what they use is told', async (t) => {
  const engine = await startEngine(t, { workers: 2 });
  const rooms = await Promise.all(Array.from({ length: 10 }, () => engine.openRoom(deaf)));
  assert.deepEqual(
    engine.workers().map((worker) => worker.rooms),
    [5, 5],
  );
  await rooms[0]?.openTransport(deaf);
  await until('usage is sampled', () => engine.workers().every(({ rssBytes }) => rssBytes > 1_000_000));
  const [first, second] = engine.workers();
  assert.equal((first?.transports ?? 0) + (second?.transports ?? 0), 1);
  assert.ok((first?.cpuSeconds ?? 0) > 0);
  for (const room of rooms) room.close();
  assert.deepEqual(
    engine.workers().map((worker) => worker.rooms),
    [0, 0],
  );
});

test('a closed engine opens nothing, tells nobody, and its workers are gone', async (t) => {
  let lost = 0;
  const engine = await startEngine(t, { workers: 2 });
  const room = await engine.openRoom({ ...deaf, lost: () => (lost += 1) });
  const pids = engine.workers().map(({ pid }) => pid ?? 0);
  await Promise.all([engine.close(), engine.close()]);
  assert.ok(pids.every((pid) => !runs(pid)));
  await assert.rejects(engine.openRoom(deaf), { code: 'media-unavailable' });
  await assert.rejects(room.openTransport(deaf));
  assert.equal(lost, 0);
});

test('a worker that no longer answers is ended all the same', async (t) => {
  const engine = await startEngine(t);
  const pid = engine.workers()[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  await engine.close();
  assert.ok(!runs(pid));
});

test('a process with a closed engine ends by itself, and signals are left to it', async () => {
  const script = `
    const { createMediaEngine } = await import(${JSON.stringify(fileURLToPath(new URL('../../src/media/engine.ts', import.meta.url)))});
    const listeners = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
    const before = listeners();
    const engine = await createMediaEngine({ workers: 2, listen: [{ ip: '127.0.0.1' }], port: 0 });
    await engine.openRoom({ lost() {}, levels() {}, activeSpeaker() {} });
    console.log(listeners() - before);
    await engine.close();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), 15_000);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearTimeout(limit);
  assert.deepEqual([code, signal, said], [0, null, '0\n']);
});

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1') ?? false);
}

/** The first of two neighbouring ports that nobody has. */
async function freePorts(): Promise<number | undefined> {
  // Below those that the system gives out by itself.
  for (let port = 10_000 + 2 * (process.pid % 10_000); port < 32_000; port += 2) {
    const sockets = [port, port + 1].map((candidate) => createServer().listen(candidate, '127.0.0.1'));
    const bound = await Promise.all(
      sockets.map((socket) =>
        once(socket, 'listening').then(
          () => true,
          () => false,
        ),
      ),
    );
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.close(resolve))));
    if (bound.every(Boolean)) return port;
  }
  return undefined;
}
