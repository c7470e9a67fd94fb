import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { METHOD } from '../../src/stun/methods.ts';
import { eventually, SECRET, startRelay, type TestRelay } from '../relay/start-relay.ts';
import { timeLimited } from '../support/turn-client.ts';
import { type Attacker, EVE, openAttacker } from './attacker.ts';
import { address, channelPart, FOR_TCP, FOR_UDP, lifetimePart, message, type Part, peerPart } from './messages.ts';

/** How many times a request's length an answer may have that needs no credentials, or refuses. */
const MOST = 3.6;
const LOUD = { limits: { answers: 100_000 } };
/** Attributes that must be understood and that nobody knows. */
const UNKNOWN: Part[] = Array.from({ length: 200 }, (_, at) => [0x7800 + at, '']);
const HERE = peerPart(address('127.0.0.1', 9));

/** Every error that can be had over UDP, each by the shortest way and by longer ones. */
const REFUSED: [
  expected: number,
  from: 'idle' | 'busy',
  what: string,
  ask: (scene: Scene) => Promise<Buffer> | Buffer,
][] = [
  [401, 'idle', 'Allocate', () => message(METHOD.ALLOCATE, [FOR_UDP])],
  [401, 'idle', 'Refresh with a lifetime', () => message(METHOD.REFRESH, [lifetimePart(0)])],
  [401, 'idle', 'a long Allocate', () => message(METHOD.ALLOCATE, [FOR_UDP, [ATTRIBUTE.SOFTWARE, 'x'.repeat(500)]])],
  [
    401,
    'idle',
    'a wrong password',
    ({ idle }) => idle.sign(METHOD.ALLOCATE, [FOR_UDP], { username: 'x', password: 'x' }),
  ],
  [400, 'idle', 'a MAC and nothing else', () => message(METHOD.ALLOCATE, [], { key: Buffer.alloc(16) })],
  [400, 'idle', 'Allocate without a transport', ({ idle }) => idle.sign(METHOD.ALLOCATE)],
  [400, 'busy', 'a channel that is none', ({ busy }) => busy.sign(METHOD.CHANNEL_BIND, [channelPart(1), HERE])],
  [
    400,
    'busy',
    'ConnectionBind',
    ({ busy }) => busy.sign(METHOD.CONNECTION_BIND, [[ATTRIBUTE.CONNECTION_ID, Buffer.alloc(4)]]),
  ],
  [403, 'busy', 'a denied peer', ({ busy }) => busy.sign(METHOD.CREATE_PERMISSION, [peerPart(address('10.0.0.1'))])],
  [405, 'idle', 'mobility', ({ idle }) => idle.sign(METHOD.ALLOCATE, [FOR_UDP, [ATTRIBUTE.MOBILITY_TICKET, '']])],
  [420, 'idle', 'Binding with something unknown', () => message(METHOD.BINDING, UNKNOWN.slice(0, 1))],
  [420, 'idle', 'Binding with much that is unknown', () => message(METHOD.BINDING, UNKNOWN)],
  [420, 'idle', 'a signed request with much that is unknown', ({ idle }) => idle.sign(METHOD.REFRESH, UNKNOWN)],
  [437, 'idle', 'Refresh of nothing', ({ idle }) => idle.sign(METHOD.REFRESH)],
  [437, 'busy', 'a second Allocate', ({ busy }) => busy.sign(METHOD.ALLOCATE, [FOR_UDP])],
  [438, 'idle', 'a nonce that is none', ({ idle }) => idle.sign(METHOD.REFRESH, [], { ...EVE, nonce: '' })],
  [
    438,
    'idle',
    'a nonce of another client',
    ({ idle, busy }) => idle.sign(METHOD.REFRESH, [], { ...EVE, nonce: busy.nonce! }),
  ],
  [440, 'idle', 'a family that is not there', ({ idle }) => idle.sign(METHOD.ALLOCATE, [FOR_UDP, family(2)])],
  [441, 'busy', 'another user', ({ busy }) => busy.sign(METHOD.REFRESH, [], timeLimited(SECRET, 'x'))],
  [442, 'idle', 'a transport that is not there', ({ idle }) => idle.sign(METHOD.ALLOCATE, [FOR_TCP])],
  [
    443,
    'busy',
    'a peer of the other family',
    ({ busy }) => busy.sign(METHOD.CREATE_PERMISSION, [peerPart(address('::1'))]),
  ],
  [486, 'idle', 'one allocation too many', ({ idle }) => idle.sign(METHOD.ALLOCATE, [FOR_UDP])],
  [
    508,
    'idle',
    'a token that is none',
    ({ idle }) => idle.sign(METHOD.ALLOCATE, [FOR_UDP, [ATTRIBUTE.RESERVATION_TOKEN, Buffer.alloc(8)]]),
  ],
];

test('no error answer is longer than 3.6 times its request', async (t) => {
  const scene = await openScene(t);
  for (const [expected, from, what, ask] of REFUSED) {
    const request = await ask(scene);
    const answer = await scene[from].ask(request);
    assert.equal(answer?.error, expected, what);
    assert.ok(answer.bytes.length <= MOST * request.length, `${what}: ${request.length} → ${answer.bytes.length}`);
  }
  const { turn } = scene.relay.counters();
  const had = new Set(REFUSED.map(([expected]) => expected));
  // Those of RFC 6062 come over streams alone, whose clients have proven their addresses.
  const others = ['errors.446', 'errors.447'];
  const missing = Object.keys(turn).filter((name) => name.startsWith('errors.') && !had.has(Number(name.slice(7))));
  assert.deepEqual(missing, others, 'each error that there is has been had');
});

test('no answer to a message of a stranger is longer than 3.6 times that, however short it is', async (t) => {
  const { relay, idle } = await openScene(t);
  const methods = [...Object.values(METHOD), 0x0ff, 0xfff];
  const fillings: Part[][] = [
    [],
    [[ATTRIBUTE.SOFTWARE, '']],
    [FOR_UDP],
    [[0x7abc, '']],
    [
      [ATTRIBUTE.USERNAME, 'x'],
      [ATTRIBUTE.REALM, 'x'],
    ],
    [
      [ATTRIBUTE.REALM, 'x'],
      [ATTRIBUTE.NONCE, 'obMatJos2'.repeat(20)],
    ],
    [[ATTRIBUTE.PASSWORD_ALGORITHMS, Buffer.of(0, 2, 0, 0)]],
    UNKNOWN,
  ];
  let answered = 0;
  for (const method of methods) {
    for (const parts of fillings) {
      for (const key of [undefined, Buffer.alloc(16)]) {
        const request = message(method, parts, key === undefined ? {} : { key });
        const answer = await idle.ask(request);
        if (answer === undefined) continue;
        answered += 1;
        const what = `method ${method}: ${request.length} → ${answer.bytes.length}`;
        assert.ok(answer.bytes.length <= MOST * request.length, what);
      }
    }
  }
  assert.ok(answered > 50, `only ${answered} were answered`);
  assert.ok(relay.counters().turn['drops.amplification'] > 0, 'some are too short to be answered at all');
  assert.deepEqual(idle.inbox, []);
});

test('with the addresses of RFC 5780 in them, Binding answers stay as short', async (t) => {
  const relay = await startRelay(t, { ...LOUD, listen: [{ ip: '127.0.0.1' }], secondAddress: '127.0.0.2' });
  const client = await openAttacker(t, { port: relay.ports.udp! });
  for (const length of [undefined, 0, 1, 8, 40, 200]) {
    const request = message(METHOD.BINDING, length === undefined ? [] : [[ATTRIBUTE.SOFTWARE, 'x'.repeat(length)]]);
    const answer = await client.ask(request);
    assert.equal(answer?.error, undefined);
    assert.ok(answer!.bytes.length <= MOST * request.length, `${request.length} → ${answer!.bytes.length}`);
  }
});

test('an address that has had its share of error answers gets no more, and others get theirs', async (t) => {
  const relay = await startRelay(t, { limits: { answers: 2 } });
  const flood = await openAttacker(t, { port: relay.ports.udp!, from: '127.0.0.9' });
  const sent = 500;
  for (let at = 0; at < sent; at += 1) await flood.post(message(METHOD.ALLOCATE, [FOR_UDP]));
  await eventually(() => relay.counters().turn['requests.allocate'] === sent, 'all are read');
  const { turn } = relay.counters();
  assert.equal(turn['errors.401'] + turn['drops.answer-limit'], sent, 'each is answered, or counted as not');
  assert.ok(turn['errors.401'] < sent / 4, `${turn['errors.401']} of ${sent} were answered`);
  const other = await openAttacker(t, { port: relay.ports.udp!, from: '127.0.0.10' });
  assert.equal((await other.request(METHOD.ALLOCATE, [FOR_UDP])).error, undefined);
});

type Scene = { relay: TestRelay; idle: Attacker; busy: Attacker };

/** A server with one client that has an allocation, the only one that may be, and one that has none. */
async function openScene(t: TestContext): Promise<Scene> {
  const relay = await startRelay(t, {
    limits: { answers: 100_000, allocationsPerUser: 1 },
    relay: [{ ip: '127.0.0.1' }],
    mobility: false,
    tcpRelay: false,
  });
  const busy = await openAttacker(t, { port: relay.ports.udp! });
  assert.equal((await busy.request(METHOD.ALLOCATE, [FOR_UDP])).error, undefined);
  return { relay, busy, idle: await openAttacker(t, { port: relay.ports.udp! }) };
}

function family(number: number): Part {
  return [ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, Buffer.of(number, 0, 0, 0)];
}
