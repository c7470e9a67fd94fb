import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import * as fc from 'fast-check';
import type { Millis } from '../../src/kernel/clock.ts';
import { createConnectionLimit } from '../../src/http/connection-limit.ts';
import { json } from '../../src/http/message.ts';
import { eventually, pause, startServer, Wire } from './harness.ts';

test('an address that opens too many connections loses the surplus; others are served', async (t) => {
  const { port, server } = await startServer(t, { limits: { connectionsPerAddress: 200 } }, (started) => {
    started.route('GET', '/', ({ address }) => json({ address }));
  });
  const flood: Socket[] = [];
  for (let batch = 0; batch < 8; batch += 1) {
    flood.push(...openMany(t, port, '127.0.0.2', 250));
    // Slower than the kernel's queue of connections to accept fills up.
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    await eventually(() => flood.every((socket) => !socket.connecting));
  }
  await eventually(() => server.connectionsRefused === 1_800, 10_000);
  await eventually(() => flood.filter((socket) => socket.closed).length === 1_800);

  const other = await Wire.open(t, port);
  other.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(await other.until(/127\.0\.0\.1/), /^HTTP\/1\.1 200 /);

  // Idle connections that go make room at once.
  for (const socket of flood) socket.destroy();
  // "At once" is when the server has heard of it, long before the 12 s after which they would leave the count anyway.
  const patience = Date.now() + 6_000;
  for (let refused = true; refused;) {
    assert.ok(Date.now() < patience, 'there is no room');
    const refusedBefore = server.connectionsRefused;
    const again = openMany(t, port, '127.0.0.2', 50);
    // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
    await eventually(() => again.every((socket) => !socket.connecting));
    // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
    await pause(50);
    refused = server.connectionsRefused > refusedBefore;
    for (const socket of again) socket.destroy();
  }
});

test('connections of a trusted proxy are not counted', async (t) => {
  const options = { limits: { connectionsPerAddress: 5 }, trustProxy: ['127.0.0.3'] };
  const { port, server } = await startServer(t, options, (started) => {
    started.route('GET', '/', () => json({}));
  });
  const sockets = openMany(t, port, '127.0.0.3', 50);
  await eventually(() => sockets.every((socket) => socket.readyState === 'open'));
  assert.equal(server.connectionsRefused, 0);
});

test('the count of an address never passes its limit, and an address at rest is forgotten', () => {
  type Step = { kind: 'open' | 'close'; address: number; wait: number };
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('open', 'close'),
    address: fc.nat(2),
    wait: fc.nat(40),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const limit = createConnectionLimit(3, 100);
      let now = 0;
      let model: { address: string; until: number; release: () => void }[] = [];
      for (const { kind, address, wait } of steps) {
        now += wait;
        model = model.filter(({ until }) => until > now);
        const mine = model.filter((connection) => connection.address === String(address));
        if (kind === 'open') {
          const release = limit.open(String(address), now as Millis);
          assert.equal(release !== undefined, mine.length < 3);
          if (release !== undefined) model.push({ address: String(address), until: now + 100, release });
        } else if (mine[0] !== undefined) {
          mine[0].release();
          mine[0].release();
          model.splice(model.indexOf(mine[0]), 1);
        }
      }
      now += 1_000;
      limit.open('last', now as Millis);
      assert.equal(limit.size, 1);
    }),
  );
});

function openMany(t: TestContext, port: number, localAddress: string, count: number): Socket[] {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    socket.on('error', () => undefined);
    socket.resume();
    return socket;
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}
