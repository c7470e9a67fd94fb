import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import { eventually, SECRET, startRelay, type TestRelay } from '../relay/start-relay.ts';
import { timeLimited } from '../support/turn-client.ts';
import { type Attacker, connectAttacker, descriptors, openAttacker, residentBytes } from './attacker.ts';
import { address, channelPart, DUAL, FOR_TCP, FOR_UDP, lifetimePart, type Part, peerPart } from './messages.ts';

/** What a process may grow by for reasons of its own, V8's heap sizes among them. */
const FLAT = 64 * 1024 * 1024;
const HERE = peerPart(address('127.0.0.1', 9));

for (const [udpAddon, rounds] of [
  ['auto', 250],
  ['off', 50],
] as const) {
  const total = 40 * rounds;
  test(`${total} allocations that come and go leave nothing behind (addon: ${udpAddon})`, async (t) => {
    const relay = await startRelay(t, { udpAddon });
    const clients: Attacker[] = [];
    for (let at = 0; at < 40; at += 1) {
      const transport = at % 4 === 3 ? 'tcp' : 'udp';
      clients.push(await openAttacker(t, { port: relay.ports[transport]!, transport }));
    }
    let identity = 0;
    const cycle = async (client: Attacker, count: number) => {
      for (let round = 0; round < count; round += 1) {
        const login = timeLimited(SECRET, `lab/${(identity += 1)}`);
        const parts: Part[] = round % 5 === 0 ? [FOR_UDP, DUAL] : [FOR_UDP];
        const answers = [
          await client.request(METHOD.ALLOCATE, parts, login),
          await client.request(METHOD.CHANNEL_BIND, [channelPart(0x4000 + (round % 100)), HERE], login),
          await client.request(METHOD.REFRESH, [lifetimePart(0)], login),
        ];
        for (const { error } of answers) assert.equal(error, undefined);
      }
    };
    // What is made once (compiled code, caches, the heap's own size) is there after these, most of it.
    await Promise.all(clients.map((client) => cycle(client, 0.6 * rounds)));
    const [sockets, memory] = [descriptors(), residentBytes()];
    await Promise.all(clients.map((client) => cycle(client, 0.4 * rounds)));
    await eventually(() => relay.ended.length === identity, 'each has ended');
    assert.equal(identity, total);
    assertEmpty(relay);
    assert.ok(descriptors() <= sockets, `${descriptors()} descriptors, ${sockets} before`);
    const grown = residentBytes() - memory;
    assert.ok(grown < FLAT, `memory grew by ${grown} bytes`);
  });
}

test('allocations that nobody ends are ended when their credential runs out, with all that they hold', async (t) => {
  const relay = await startRelay(t, { grace: 0 });
  const before = descriptors();
  const clients: Attacker[] = [];
  for (let at = 0; at < 400; at += 1) {
    const transport = at % 4 === 3 ? 'tcp' : 'udp';
    const login = timeLimited(SECRET, `lab/${at}`, 3);
    const client = await openAttacker(t, { port: relay.ports[transport]!, transport, login });
    clients.push(client);
    const wish = at % 8 === 7 ? FOR_TCP : FOR_UDP;
    const extra: Part[] = at % 8 === 0 ? [[ATTRIBUTE.EVEN_PORT, Buffer.of(0)]] : [];
    assert.equal((await client.request(METHOD.ALLOCATE, [wish, ...extra])).error, undefined);
    assert.equal((await client.request(METHOD.CREATE_PERMISSION, [HERE])).error, undefined);
  }
  await eventually(() => relay.ended.length === clients.length, 'each has ended');
  assert.deepEqual([...new Set(relay.ended.map(({ cause }) => cause))], ['credential-expired']);
  for (const client of clients) client.close();
  await eventually(() => relay.counters().thread['gauge.streams.tcp'] === 0, 'the connections are gone');
  assertEmpty(relay);
  await eventually(() => descriptors() <= before, `descriptors are ${before} again`);
});

test('400 connections that allocate and are cut off leave nothing behind', async (t) => {
  const relay = await startRelay(t);
  const cycle = async (count: number) => {
    for (let at = 0; at < count; at += 1) {
      const client = await connectAttacker({ port: relay.ports.tcp!, transport: 'tcp' });
      const wish = at % 2 === 0 ? FOR_UDP : FOR_TCP;
      assert.equal((await client.request(METHOD.ALLOCATE, [wish, DUAL])).error, undefined);
      client.close();
    }
  };
  const cycles = (count: number) => Promise.all(Array.from({ length: 10 }, () => cycle(count)));
  const gone = () => eventually(() => relay.counters().thread['gauge.streams.tcp'] === 0, 'the connections are gone');
  await cycles(20);
  await gone();
  const [sockets, memory] = [descriptors(), residentBytes()];
  await cycles(40);
  await gone();
  await eventually(() => relay.ended.length === 600, 'each has ended');
  assertEmpty(relay);
  await eventually(() => descriptors() <= sockets, `descriptors are ${sockets} again`);
  const grown = residentBytes() - memory;
  assert.ok(grown < FLAT, `memory grew by ${grown} bytes`);
});

test('a relay that is closed with allocations leaves no descriptor and no timer', async (t) => {
  const cycle = async () => {
    const relay = await startRelay(t);
    const clients: Attacker[] = [];
    for (const transport of ['udp', 'tcp', 'udp'] as const) {
      const client = await connectAttacker({ port: relay.ports[transport]!, transport });
      clients.push(client);
      assert.equal((await client.request(METHOD.ALLOCATE, [FOR_UDP, DUAL])).error, undefined);
    }
    await relay.close();
    for (const client of clients) client.close();
  };
  await cycle();
  const before = { sockets: descriptors(), resources: process.getActiveResourcesInfo().length };
  for (let round = 0; round < 5; round += 1) await cycle();
  await eventually(() => descriptors() <= before.sockets, `descriptors are ${before.sockets} again`);
  await eventually(() => process.getActiveResourcesInfo().length <= before.resources, 'so are timers and handles');
});

/** Nothing is held: no allocation, permission, channel, connection or reservation. */
function assertEmpty(relay: TestRelay): void {
  const { turn } = relay.counters();
  const held = Object.entries(turn).filter(([name, value]) => name.startsWith('gauge.') && value !== 0);
  assert.deepEqual(held, []);
}
