import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import { eventually, SECRET, startRelay } from '../relay/start-relay.ts';
import { timeLimited } from '../support/turn-client.ts';
import { type Attacker, openAttacker } from './attacker.ts';
import {
  address,
  type Answer,
  channelPart,
  FOR_TCP,
  FOR_UDP,
  lifetimePart,
  peerPart,
  relayedPort,
} from './messages.ts';

const SOON = Math.floor(Date.now() / 1000) + 3600;

/** User names that were never issued, each with the password that the secret makes of it. */
const NEVER_ISSUED = [
  ['expired a second ago', `${SOON - 3601}:ada`],
  ['expired long ago', '1:ada'],
  ['expires at zero', '0:ada'],
  ['expires at many zeros', '0000000000:ada'],
  ['expires before zero', `-${SOON}:ada`],
  ['no expiry', ':ada'],
  ['a name alone', 'ada'],
  ['an expiry alone', String(SOON)],
  ['the other way round', `ada:${SOON}`],
  ['a blank before it', ` ${SOON}:ada`],
  ['a blank behind the expiry', `${SOON} :ada`],
  ['a sign', `+${SOON}:ada`],
  ['a fraction', `${SOON}.5:ada`],
  ['an exponent', '9e99:ada'],
  ['hexadecimal', '0xffffffff:ada'],
  ['other digits', '１２３４５６７８９０１:ada'],
  ['Infinity', 'Infinity:ada'],
  ['NaN', 'NaN:ada'],
  ['more digits than a number has', `${'9'.repeat(30)}:ada`],
  ['a NUL in the expiry', `${SOON}\0:ada`],
  ['a NUL before it', `\0${SOON}:ada`],
  ['another separator', `${SOON};ada`],
  ['nothing', ''],
] as const;

test('a user name that was never issued is refused, with the password that the secret makes of it', async (t) => {
  const relay = await startRelay(t);
  const client = await openAttacker(t, { port: relay.ports.udp! });
  for (const [what, username] of NEVER_ISSUED) {
    const password = createHmac('sha1', SECRET).update(username).digest('base64');
    assert.equal((await client.request(METHOD.ALLOCATE, [FOR_UDP], { username, password })).error, 401, what);
  }
  assert.equal(relay.counters().turn['auth.refused'], NEVER_ISSUED.length);
  assert.equal((await client.request(METHOD.ALLOCATE, [FOR_UDP])).error, undefined);
});

test('no password but the one that was issued is accepted', async (t) => {
  const users = [{ username: 'static', password: 'a password of its own' }];
  const relay = await startRelay(t, { users });
  const client = await openAttacker(t, { port: relay.ports.udp! });
  const { username, password } = timeLimited(SECRET, 'lab/ada');
  const hmac = (algorithm: string, secret: string, text: string) => createHmac(algorithm, secret).update(text);
  const wrong: [string, string, string][] = [
    ['another secret', username, hmac('sha1', `${SECRET}.`, username).digest('base64')],
    ['an empty secret', username, hmac('sha1', '', username).digest('base64')],
    ['the secret itself', username, SECRET],
    ['another algorithm', username, hmac('sha256', SECRET, username).digest('base64')],
    ['another form', username, hmac('sha1', SECRET, username).digest('hex')],
    ['less padding', username, password.replace('=', '')],
    ['nothing', username, ''],
    ['of another identity', `${username}x`, password],
    ['of another expiry', username.replace(/^\d+/u, (expiry) => String(Number(expiry) + 1)), password],
    ['of a time-limited user', 'static', hmac('sha1', SECRET, 'static').digest('base64')],
    ['of a static user', username, 'a password of its own'],
  ];
  for (const [what, name, word] of wrong) {
    const answer = await client.request(METHOD.ALLOCATE, [FOR_UDP], { username: name, password: word });
    assert.equal(answer.error, 401, what);
  }
  assert.equal(relay.counters().turn['gauge.allocations.udp.ipv4'], 0);
});

test('of another user’s allocation no request is honoured on its own 5-tuple', async (t) => {
  const relay = await startRelay(t);
  const mallory = timeLimited(SECRET, 'lab/mallory');
  for (const transport of ['udp', 'tcp'] as const) {
    const client = await openAttacker(t, { port: relay.ports[transport]!, transport });
    await client.request(METHOD.ALLOCATE, [FOR_UDP]);
    const place = peerPart(address('127.0.0.1', 9));
    const answers = [
      await client.request(METHOD.REFRESH, [lifetimePart(0)], mallory),
      await client.request(METHOD.REFRESH, [lifetimePart(3600)], mallory),
      await client.request(METHOD.CREATE_PERMISSION, [place], mallory),
      await client.request(METHOD.CHANNEL_BIND, [channelPart(0x4000), place], mallory),
      await client.request(METHOD.CONNECT, [place], mallory),
      await client.request(METHOD.ALLOCATE, [FOR_UDP], mallory),
    ];
    assert.deepEqual(codes(answers), [441, 441, 441, 441, 441, 437], transport);
    assert.equal((await client.request(METHOD.REFRESH, [lifetimePart(600)])).error, undefined);
  }
  const { turn } = relay.counters();
  assert.equal(turn['gauge.permissions'] + turn['gauge.channels'], 0);
  assert.equal(relay.ended.length, 0);
});

test('a mobility ticket is of no use to another user, in any shape', async (t) => {
  const relay = await startRelay(t);
  const victim = await openAttacker(t, { port: relay.ports.udp! });
  const thief = await openAttacker(t, { port: relay.ports.udp!, login: timeLimited(SECRET, 'lab/mallory') });
  const allocated = await victim.request(METHOD.ALLOCATE, [FOR_UDP, [ATTRIBUTE.MOBILITY_TICKET, '']]);
  const ticket = allocated.get(ATTRIBUTE.MOBILITY_TICKET)!;
  const move = (client: Attacker, bytes: Uint8Array) =>
    client.request(METHOD.REFRESH, [[ATTRIBUTE.MOBILITY_TICKET, bytes]]);
  assert.equal((await move(thief, ticket)).error, 441);
  for (let at = 0; at < ticket.length; at += 1) {
    const forged = Buffer.from(ticket);
    forged[at]! ^= 1;
    assert.equal((await move(thief, forged)).error, 437, `byte ${at}`);
  }
  for (const bytes of [ticket.subarray(1), Buffer.concat([ticket, ticket]), Buffer.alloc(ticket.length), Buffer.of()]) {
    assert.equal((await move(thief, bytes)).error, 437, bytes.toString('hex'));
  }
  const end = await thief.request(METHOD.REFRESH, [lifetimePart(0), [ATTRIBUTE.MOBILITY_TICKET, ticket]]);
  assert.equal(end.error, 441);
  assert.equal((await victim.request(METHOD.REFRESH, [lifetimePart(600)])).error, undefined);
});

test('a reserved port is of no use to another user, and its token cannot be guessed at', async (t) => {
  const relay = await startRelay(t);
  const owner = await openAttacker(t, { port: relay.ports.udp! });
  const second = await openAttacker(t, { port: relay.ports.udp! });
  const thief = await openAttacker(t, { port: relay.ports.udp!, login: timeLimited(SECRET, 'lab/mallory') });
  const allocated = await owner.request(METHOD.ALLOCATE, [FOR_UDP, [ATTRIBUTE.EVEN_PORT, Buffer.of(0x80)]]);
  const token = allocated.get(ATTRIBUTE.RESERVATION_TOKEN)!;
  const claim = (client: Attacker, bytes: Buffer) =>
    client.request(METHOD.ALLOCATE, [FOR_UDP, [ATTRIBUTE.RESERVATION_TOKEN, bytes]]);
  assert.equal((await claim(thief, token)).error, 508);
  for (let at = 0; at < token.length; at += 1) {
    const forged = Buffer.from(token);
    forged[at]! ^= 1;
    assert.equal((await claim(thief, forged)).error, 508);
  }
  const granted = await claim(second, token);
  assert.equal(granted.error, undefined);
  assert.equal(relayedPort(granted), relayedPort(allocated) + 1);
  assert.equal((await claim(thief, token)).error, 508, 'it is used up');
});

test('a connection to a peer is bound by its own user alone', async (t) => {
  const relay = await startRelay(t);
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  t.after(() => server.close());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const place = server.address();
  const peer = address('127.0.0.1', typeof place === 'object' && place !== null ? place.port : 0);
  const tcp = { port: relay.ports.tcp!, transport: 'tcp' } as const;
  const control = await openAttacker(t, tcp);
  await control.request(METHOD.ALLOCATE, [FOR_TCP]);
  const connected = await control.request(METHOD.CONNECT, [peerPart(peer)]);
  const id = connected.get(ATTRIBUTE.CONNECTION_ID)!;
  const bind = (client: Attacker, bytes: Buffer) =>
    client.request(METHOD.CONNECTION_BIND, [[ATTRIBUTE.CONNECTION_ID, bytes]]);
  const thief = await openAttacker(t, { ...tcp, login: timeLimited(SECRET, 'lab/mallory') });
  assert.equal((await bind(thief, id)).error, 441);
  for (const by of [1, 2, -1]) {
    const other = Buffer.alloc(4);
    other.writeInt32BE((id.readInt32BE() + by) | 0);
    assert.equal((await bind(thief, other)).error, 400);
  }
  assert.equal((await bind(await openAttacker(t, tcp), id)).error, undefined);
});

test('requests that are replayed from another port or address are stale, and change nothing', async (t) => {
  const relay = await startRelay(t);
  const victim = await openAttacker(t, { port: relay.ports.udp! });
  const captured = [
    await victim.sign(METHOD.ALLOCATE, [FOR_UDP]),
    await victim.sign(METHOD.REFRESH, [lifetimePart(0)]),
    await victim.sign(METHOD.CREATE_PERMISSION, [peerPart(address('127.0.0.1', 9))]),
    await victim.sign(METHOD.CHANNEL_BIND, [channelPart(0x4000), peerPart(address('127.0.0.1', 9))]),
  ];
  assert.equal((await victim.ask(captured[0]!))?.error, undefined);
  for (const from of [undefined, '127.0.0.2', '127.9.9.9']) {
    const thief = await openAttacker(t, { port: relay.ports.udp!, ...(from === undefined ? {} : { from }) });
    for (const bytes of captured) assert.equal((await thief.ask(Buffer.from(bytes)))?.error, 438, from);
  }
  for (const transport of ['tcp', 'udp'] as const) {
    const other = await openAttacker(t, { port: relay.ports[transport]!, transport });
    // The nonce of a client counts, whoever signs.
    const answer = await other.request(METHOD.ALLOCATE, [FOR_UDP], {
      ...timeLimited(SECRET, 'lab/mallory'),
      nonce: victim.nonce!,
    });
    assert.equal(answer.error, 438, transport);
  }
  const { turn } = relay.counters();
  assert.deepEqual([turn['gauge.allocations.udp.ipv4'], turn['gauge.permissions'], relay.ended.length], [1, 0, 0]);
  assert.equal(turn['nonce.stale'], 14);
});

test('a credential that ends takes what was allocated with it along, however often it was refreshed', async (t) => {
  const relay = await startRelay(t, { grace: 0 });
  const client = await openClientFor(t, relay.ports.udp!, 2);
  const granted = await client.request(METHOD.ALLOCATE, [FOR_UDP, lifetimePart(3600)]);
  assert.ok(granted.get(ATTRIBUTE.LIFETIME)!.readUInt32BE() <= 2);
  const again = await client.request(METHOD.REFRESH, [lifetimePart(3600)]);
  assert.ok(again.get(ATTRIBUTE.LIFETIME)!.readUInt32BE() <= 2);
  await eventually(() => relay.ended.length === 1, 'it has ended');
  assert.equal((await client.request(METHOD.REFRESH, [lifetimePart(600)])).error, 401);
});

function openClientFor(t: TestContext, port: number, seconds: number): Promise<Attacker> {
  return openAttacker(t, { port, login: timeLimited(SECRET, 'lab/eve', seconds) });
}

function codes(answers: readonly Answer[]): (number | undefined)[] {
  return answers.map(({ error }) => error);
}
