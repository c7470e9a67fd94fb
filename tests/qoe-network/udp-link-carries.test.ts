import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../e2e/support/eventually.ts';
import { type LinkCounts, type LinkDirection, startUdpLink, type UdpLink } from '../support/udp-link.ts';

test('a clean link brings every datagram there and back, to the socket that it came from', async (t) => {
  const { link, client } = await scene(t);
  const [one, other] = [await client(), await client()];
  for (let index = 0; index < 200; index += 1) {
    one.send(`one ${index}`);
    other.send(`other ${index}`);
  }
  await Promise.all([one.received(200), other.received(200)]);
  assert.deepEqual(
    one.came.map(({ text }) => text),
    Array.from({ length: 200 }, (_, index) => `one ${index}`),
  );
  assert.ok(other.came.every(({ text }) => text.startsWith('other ')));
  const { up, down } = await link.counts();
  assert.deepEqual([up.sent, up.delivered, down.delivered, up.lost, down.lost], [400, 400, 400, 0, 0]);
});

test('each direction has its own trouble, and it can change while the link runs', async (t) => {
  const { link, client } = await scene(t);
  const one = await client();
  await link.set('up', { loss: 1 });
  one.send('never heard');
  await counted(link, 'up', 'lost', 1);
  await link.set('up', {});
  await link.set('down', { loss: 1 });
  one.send('never answered');
  await counted(link, 'down', 'lost', 1);
  assert.deepEqual(one.came, []);
  await link.clear();
  one.send('heard and answered');
  await one.received(1);
  const { up, down } = await link.counts();
  assert.deepEqual([up.sent, up.lost, down.sent, down.lost], [3, 1, 2, 1]);
});

test('no datagram is earlier than the delay, and few are much later', async (t) => {
  const { link, client } = await scene(t);
  const one = await client();
  await link.set('up', { delay: 40 });
  await link.set('down', { delay: 60, jitter: 20 });
  for (let index = 0; index < 100; index += 1) {
    one.send(String(index));
    await sleep(2);
  }
  await one.received(100);
  const waits = one.came.map(({ text, at }) => at - one.sent.get(text)!).toSorted((a, b) => a - b);
  assert.ok(waits[0]! >= 100, `the earliest took ${waits[0]} ms`);
  // One that is far too late was held up by the machine; most are not.
  assert.ok(waits[20]! < 160, `one in five took ${waits[20]} ms at most`);
});

test('the rate is never exceeded, and what does not fit into the queue is dropped', async (t) => {
  const { link, client } = await scene(t);
  const one = await client();
  await link.set('down', { rate: 400_000, queue: 100 });
  const payload = 'x'.repeat(972);
  for (let index = 0; index < 100; index += 1) {
    one.send(payload + String(index).padStart(3));
    await sleep(2);
  }
  await sleep(200);
  const { down } = await link.counts();
  assert.ok(down.queueFull > 0);
  assert.equal(down.sent, down.delivered + down.queueFull);
  const took = one.came.at(-1)!.at - one.came[0]!.at;
  // 1003 bytes of payload and headers each; a timer may be late, and what waited for it comes together.
  assert.ok(((one.came.length - 1) * 1003 * 8) / (took + 40) <= 400, `${one.came.length} in ${took} ms`);
});

async function counted(link: UdpLink, way: LinkDirection, which: keyof LinkCounts, count: number): Promise<void> {
  await eventually(
    `${which} ${way}`,
    async () => (await link.counts())[way][which],
    (now) => now === count,
  );
}

type Client = {
  readonly came: { text: string; at: number }[];
  readonly sent: Map<string, number>;
  send(text: string): void;
  received(count: number): Promise<void>;
};

/** A link to a server that sends everything back. */
async function scene(t: TestContext): Promise<{ link: UdpLink; client: () => Promise<Client> }> {
  const server = await bound(t);
  server.on('message', (data, from) => server.send(data, from.port, from.address));
  const link = await startUdpLink({ address: '127.0.0.1', port: server.address().port }, 42);
  t.after(() => link.close());
  return {
    link,
    async client() {
      const socket = await bound(t);
      const came: Client['came'] = [];
      const sent: Client['sent'] = new Map();
      socket.on('message', (data) => came.push({ text: data.toString(), at: performance.now() }));
      return {
        came,
        sent,
        send(text) {
          sent.set(text, performance.now());
          socket.send(text, link.port, '127.0.0.1');
        },
        async received(count) {
          const limit = AbortSignal.timeout(10_000);
          while (came.length < count) await once(socket, 'message', { signal: limit });
        },
      };
    },
  };
}

async function bound(t: TestContext): Promise<Socket> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
