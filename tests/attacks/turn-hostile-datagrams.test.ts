import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { CLASS, METHOD } from '../../src/stun/methods.ts';
import { eventually, SECRET, startRelay, type TestRelay } from '../relay/start-relay.ts';
import { timeLimited } from '../support/turn-client.ts';
import { type Attacker, type Login, openAttacker, openListener } from './attacker.ts';
import {
  address,
  channelData,
  channelPart,
  FOR_UDP,
  lifetimePart,
  message,
  type Part,
  peerPart,
  relayedPort,
  sendIndication,
} from './messages.ts';

const LOUD = { limits: { answers: 100_000 } };

for (const udpAddon of ['auto', 'off'] as const) {
  test(`a relay socket carries whatever a peer sends as it is (addon: ${udpAddon})`, async (t) => {
    const { relay, client, peer, relayed } = await startCall(t, { udpAddon });
    const lies = hostileDatagrams(peer.port);
    for (const [at, [what, bytes]] of lies.entries()) {
      await peer.send(bytes, relayed);
      await eventually(() => client.inbox.length === at + 1, `it is relayed: ${what}`);
      assert.deepEqual(client.inbox[at], channelData(0x4000, bytes), what);
    }
    const { turn } = relay.counters();
    assert.equal(turn['packets.down'], lies.length);
    await stillWorks(relay, client, peer);
  });

  test(`a peer without permission is not heard, whatever it sends (addon: ${udpAddon})`, async (t) => {
    const { relay, client, peer, relayed } = await startCall(t, { udpAddon });
    const stranger = await openListener(t, '127.0.0.2');
    const lies = hostileDatagrams(peer.port);
    for (const [, bytes] of lies) await stranger.send(bytes, relayed);
    await eventually(() => relay.counters().turn['drops.no-permission'] === lies.length, 'all are dropped');
    assert.equal(client.inbox.length, 0);
    assert.equal(stranger.got.length, 0, 'a relay socket says nothing to strangers');
    await stillWorks(relay, client, peer);
  });

  test(`no hostile datagram at the listener is answered, relayed or remembered (addon: ${udpAddon})`, async (t) => {
    const { relay, client, peer } = await startCall(t, { udpAddon });
    const stranger = await openAttacker(t, { port: relay.ports.udp! });
    for (const from of [stranger, client]) {
      for (const [what, bytes] of hostileDatagrams(peer.port)) {
        const before = dropped(relay);
        await from.post(bytes);
        await from.settled();
        assert.equal(dropped(relay), before + 1, `it is dropped, and counted once: ${what}`);
      }
    }
    assert.deepEqual([stranger.inbox.length, client.inbox.length, peer.got.length], [0, 0, 0]);
    await stillWorks(relay, client, peer);
  });
}

test('what lies about its length is not honoured, signed or not', async (t) => {
  const { relay, client, peer } = await startCall(t);
  const whole = await client.sign(METHOD.REFRESH, [lifetimePart(0)]);
  const lies: Buffer[] = [];
  for (let length = 0; length < whole.length; length += 1) lies.push(whole.subarray(0, length));
  for (const by of [-20, -4, -1, 1, 4, 1000]) lies.push(edit(whole, 2, whole.length - 20 + by));
  // The attributes of this message begin with LIFETIME, which is followed by USERNAME.
  for (const size of [0, 1, 3, 5, 8, 0x7fff, 0xffff]) lies.push(edit(whole, 22, size));
  for (const size of [0, 1, 500, 0xffff]) lies.push(edit(whole, 30, size));
  lies.push(Buffer.concat([whole, Buffer.alloc(4)]), edit(whole, 0, 0x8004), edit(whole, 4, 0));
  const stranger = await openAttacker(t, { port: relay.ports.udp! });
  for (const from of [client, stranger]) {
    for (const lie of lies) {
      const answer = await from.ask(Buffer.from(lie));
      assert.ok(answer === undefined || answer.error !== undefined, lie.toString('hex'));
    }
  }
  assert.equal(relay.counters().turn['gauge.allocations.udp.ipv4'], 1);
  await stillWorks(relay, client, peer);
});

test('ChannelData and Send carry what there is, and never what lies behind it', async (t) => {
  const { relay, client, peer } = await startCall(t);
  await client.post(channelData(0x4000, 'secret of another datagram'));
  await eventually(() => peer.got.length === 1, 'it is relayed');
  const to = address('127.0.0.1', peer.port);
  const data = sendIndication(to, 'abcd');
  const claims = [
    channelData(0x4000, '', 1),
    channelData(0x4000, 'ab', 3),
    channelData(0x4000, 'ab', 0xffff),
    edit(data, data.length - 6, 5),
    edit(data, data.length - 6, 0xffff),
    edit(data, 2, data.length - 20 + 4),
  ];
  for (const claim of claims) await client.post(claim);
  await client.settled();
  assert.equal(relay.counters().turn['drops.malformed'], claims.length);
  await client.post(channelData(0x4000, 'abcdef', 2));
  await client.post(sendIndication(to, ''));
  await client.post(data);
  await eventually(() => peer.got.length === 4, 'what is honest is relayed');
  assert.deepEqual(peer.got.slice(1).map(String), ['ab', '', 'abcd']);
});

test('over a stream a lie about lengths ends the connection, and nothing but it', async (t) => {
  const { relay, client, peer } = await startCall(t);
  const lies = [edit(message(METHOD.BINDING), 2, 1), edit(message(METHOD.BINDING), 4, 0), Buffer.of(0xff, 0, 0, 0)];
  for (const lie of [...lies, edit(message(METHOD.ALLOCATE, [FOR_UDP]), 2, 0xfffc), channelData(0x4000, '', 0xffff)]) {
    const stream = await openAttacker(t, { port: relay.ports.tcp!, transport: 'tcp' });
    await stream.post(lie);
    await stream.closed;
  }
  assert.equal(relay.counters().thread['closed.malformed'], 5);
  const stream = await openAttacker(t, { port: relay.ports.tcp!, transport: 'tcp' });
  assert.equal((await stream.request(METHOD.ALLOCATE, [FOR_UDP])).error, undefined);
  // A whole frame whose attributes lie is answered or dropped; the frames behind it are read.
  const inner = edit(message(METHOD.REFRESH, [lifetimePart(0)]), 22, 0xffff);
  assert.equal(await stream.ask(inner), undefined);
  assert.equal((await stream.request(METHOD.REFRESH, [lifetimePart(600)])).error, undefined);
  await stillWorks(relay, client, peer);
});

test('only its own user, signed and from its own address, ends an allocation by Refresh', async (t) => {
  const { relay, client, peer } = await startCall(t);
  const other = await openAttacker(t, { port: relay.ports.udp! });
  const eve = timeLimited(SECRET, 'lab/mallory');
  const end = [lifetimePart(0)];
  const cases: [string, Promise<number | undefined>][] = [
    ['not signed', client.ask(message(METHOD.REFRESH, end)).then(error)],
    ['signed with a wrong password', client.request(METHOD.REFRESH, end, { ...eve, password: 'x' }).then(error)],
    ['by another user', client.request(METHOD.REFRESH, end, eve).then(error)],
    ['from another port', other.request(METHOD.REFRESH, end).then(error)],
    ['without a lifetime', client.request(METHOD.REFRESH).then(error)],
    ['with one that is too long', client.request(METHOD.REFRESH, [lifetimePart(0xffff_ffff)]).then(error)],
    ['with one second', client.request(METHOD.REFRESH, [lifetimePart(1)]).then(error)],
  ];
  const answers = await Promise.all(cases.map(async ([what, answer]) => [what, await answer]));
  assert.deepEqual(
    answers.map(([, code]) => code),
    [401, 401, 441, 437, undefined, undefined, undefined],
    JSON.stringify(answers),
  );
  await stillWorks(relay, client, peer);
  assert.equal((await client.request(METHOD.REFRESH, end)).error, undefined);
  assert.equal(relay.counters().turn['gauge.allocations.udp.ipv4'], 0);
});

test('nothing behind MESSAGE-INTEGRITY counts', async (t) => {
  const { relay, client, peer } = await startCall(t);
  const { port } = await openListener(t);
  const behind = (method: number, parts: readonly Part[], more: readonly Part[]) =>
    client.sign(method, parts, undefined, more).then((bytes) => client.ask(bytes));
  const place = peerPart(address('127.0.0.1', port));

  const refreshed = await behind(METHOD.REFRESH, [], [lifetimePart(0)]);
  assert.equal(refreshed?.error, undefined);
  assert.notEqual(refreshed?.get(ATTRIBUTE.LIFETIME)?.readUInt32BE(), 0, 'LIFETIME');
  assert.equal((await behind(METHOD.CREATE_PERMISSION, [], [place]))?.error, 400, 'XOR-PEER-ADDRESS');
  assert.equal((await behind(METHOD.CHANNEL_BIND, [place], [channelPart(0x4001)]))?.error, 400, 'CHANNEL-NUMBER');
  assert.equal((await behind(METHOD.CHANNEL_BIND, [channelPart(0x4001)], [place]))?.error, 400, 'XOR-PEER-ADDRESS');

  const other = await openAttacker(t, { port: relay.ports.udp! });
  const allocate = await other.sign(METHOD.ALLOCATE, [], undefined, [FOR_UDP]);
  assert.equal((await other.ask(allocate))?.error, 400, 'REQUESTED-TRANSPORT');
  const nobody = message(METHOD.ALLOCATE, [FOR_UDP], {
    key: Buffer.alloc(16),
    behind: [
      [ATTRIBUTE.USERNAME, 'lab/eve'],
      [ATTRIBUTE.REALM, 'sluice'],
      [ATTRIBUTE.NONCE, other.nonce!],
    ],
  });
  assert.equal((await other.ask(nobody))?.error, 400, 'credentials');
  const { turn } = relay.counters();
  assert.deepEqual([turn['gauge.allocations.udp.ipv4'], turn['gauge.channels']], [1, 1]);
  await stillWorks(relay, client, peer);
});

const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', ''];

test('names of prototypes open nothing as user names, realms and nonces', async (t) => {
  const users = [{ username: 'static', password: 'a password' }];
  const relay = await startRelay(t, { ...LOUD, users });
  const client = await openAttacker(t, { port: relay.ports.udp! });
  const good = timeLimited(SECRET, 'lab/eve');
  const expect = async (login: Login, code: number, what: string) =>
    assert.equal(error(await client.request(METHOD.ALLOCATE, [FOR_UDP], login)), code, what);
  for (const name of PROTOTYPE_NAMES) {
    for (const password of [
      '',
      'undefined',
      'null',
      '[object Object]',
      SECRET,
      String(Object),
      'function Object() {',
    ]) {
      await expect({ username: name, password }, 401, `user ${name}, password ${password}`);
    }
    await expect({ ...good, realm: name }, 401, `realm ${name}`);
    await expect({ ...good, nonce: name }, 438, `nonce ${name}`);
    await expect({ username: name, password: '', realm: name, nonce: name }, 401, `all of them ${name}`);
  }
  assert.equal(relay.counters().turn['gauge.allocations.udp.ipv4'], 0);
  await expect({ ...good, password: 'wrong' }, 401, 'wrong');
});

test('an identity that is called like a prototype is one like others: counted, limited, revoked', async (t) => {
  const relay = await startRelay(t, { limits: { allocationsPerUser: 1 } });
  for (const [at, identity] of PROTOTYPE_NAMES.slice(0, -1).entries()) {
    const target = { port: relay.ports.udp!, login: timeLimited(SECRET, identity) };
    const [one, two] = [await openAttacker(t, target), await openAttacker(t, target)];
    assert.equal(error(await one.request(METHOD.ALLOCATE, [FOR_UDP])), undefined, identity);
    assert.equal(error(await two.request(METHOD.ALLOCATE, [FOR_UDP])), 486, identity);
    relay.revoke(identity, (Date.now() + 4_000_000) as Parameters<TestRelay['revoke']>[1], 'kicked');
    await eventually(() => relay.ended.length === at + 1, 'its allocation ends');
    assert.equal(relay.usage.get(identity)?.allocations, 1);
    assert.equal(error(await two.request(METHOD.ALLOCATE, [FOR_UDP])), 401, identity);
  }
});

/** A relay with a client that has a channel to a peer. */
async function startCall(t: TestContext, { udpAddon = 'auto' }: { udpAddon?: 'auto' | 'off' } = {}) {
  const relay = await startRelay(t, { ...LOUD, udpAddon });
  const peer = await openListener(t);
  const client = await openAttacker(t, { port: relay.ports.udp! });
  const relayed = relayedPort(await client.request(METHOD.ALLOCATE, [FOR_UDP]));
  const bound = await client.request(METHOD.CHANNEL_BIND, [
    channelPart(0x4000),
    peerPart(address('127.0.0.1', peer.port)),
  ]);
  assert.equal(bound.error, undefined);
  return { relay, client, peer, relayed };
}

/** Messages that are none, wherever they come to, and however well they begin. */
function hostileDatagrams(peerPort: number): [string, Buffer][] {
  const peer = address('127.0.0.1', peerPort);
  const binding = message(METHOD.BINDING);
  const data = sendIndication(peer, 'data');
  return [
    ...[0, 1, 2, 3].flatMap((length): [string, Buffer][] =>
      [0x00, 0x01, 0x40, 0x7f, 0xff]
        .slice(0, Math.max(1, 5 * length))
        .map((byte) => [`${length} bytes of ${byte}`, Buffer.alloc(length, byte)]),
    ),
    ['half a Binding request', binding.subarray(0, 10)],
    ['a Binding request without its last byte', binding.subarray(0, 19)],
    ['a Binding request that claims more', edit(binding, 2, 4)],
    ['a Binding request with a length that is odd', edit(binding, 2, 3)],
    ['a request without the magic cookie', edit(binding, 4, 0)],
    ['an attribute longer than its message', edit(data, 22, 0xfff0)],
    ['an attribute header that is cut', Buffer.concat([edit(binding, 2, 2), Buffer.alloc(2)])],
    ['a request of a method that is none', message(0x0ff)],
    ['a success response', message(METHOD.ALLOCATE, [], { messageClass: CLASS.SUCCESS })],
    ['an error response', message(METHOD.BINDING, [], { messageClass: CLASS.ERROR })],
    ['a Data indication', message(METHOD.DATA, [peerPart(peer)], { messageClass: CLASS.INDICATION })],
    ['a wrong FINGERPRINT', message(METHOD.BINDING, [[ATTRIBUTE.FINGERPRINT, Buffer.alloc(4)]])],
    ['Send without a peer', message(METHOD.SEND, [[ATTRIBUTE.DATA, 'x']], { messageClass: CLASS.INDICATION })],
    ['Send with what must be understood', message(METHOD.SEND, [[0x7abc, 'x']], { messageClass: CLASS.INDICATION })],
    ['ChannelData without a channel', channelData(0x4abc, 'data')],
    ['ChannelData that claims more', channelData(0x4000, 'data', 4000)],
    ['ChannelData of a reserved number', channelData(0x7fff, 'data')],
    ['a DTLS record', Buffer.concat([Buffer.of(0x16, 0xfe, 0xfd), Buffer.alloc(60)])],
    ['an RTP packet', Buffer.concat([Buffer.of(0x80, 0x60), Buffer.alloc(100)])],
    ['60,000 bytes of nothing', Buffer.alloc(60_000)],
    ['60,000 bytes of 0xff', Buffer.alloc(60_000, 0xff)],
  ];
}

/** `bytes` with two of them changed. */
function edit(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(value, at);
  return copy;
}

function dropped(relay: TestRelay): number {
  return Object.entries(relay.counters().turn).reduce(
    (sum, [name, value]) => (name.startsWith('drops.') ? sum + value : sum),
    0,
  );
}

async function stillWorks(
  relay: TestRelay,
  client: Attacker,
  peer: Awaited<ReturnType<typeof openListener>>,
): Promise<void> {
  const before = peer.got.length;
  await client.post(channelData(0x4000, 'still here'));
  await eventually(() => peer.got.length === before + 1, 'data goes on');
  assert.equal(String(peer.got[before]), 'still here');
  assert.equal(relay.threads()[0]!.restarts, 0);
  assert.deepEqual(
    relay.lines.filter(({ level }) => level === 'error'),
    [],
  );
}

function error(answer: { error: number | undefined } | undefined): number | undefined {
  return answer?.error;
}
