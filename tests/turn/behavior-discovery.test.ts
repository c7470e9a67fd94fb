import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressText } from '../../src/stun/address.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { CLASS, METHOD } from '../../src/stun/methods.ts';
import { type Attributes, Client, message, newTransaction, type Received } from './support/turn-client.ts';
import { at } from './support/names.ts';
import { type Sent, World } from './support/turn-world.ts';

const ENDPOINTS = [
  { socket: 1, address: at('203.0.113.1:3478'), ip: 0, port: 0 },
  { socket: 2, address: at('203.0.113.1:3479'), ip: 0, port: 1 },
  { socket: 3, address: at('203.0.113.2:3478'), ip: 1, port: 0 },
  { socket: 4, address: at('203.0.113.2:3479'), ip: 1, port: 1 },
] as const;
const CHANGE_PORT = 2;
const CHANGE_IP = 4;

for (const [here, change, origin] of [
  [0, 0, 0],
  [0, CHANGE_PORT, 1],
  [0, CHANGE_IP, 2],
  [0, CHANGE_IP | CHANGE_PORT, 3],
  [3, 0, 3],
  [3, CHANGE_IP | CHANGE_PORT, 0],
] as const) {
  test(`at endpoint ${here}, CHANGE-REQUEST ${change} is answered from endpoint ${origin}`, () => {
    const { ask } = discovery({ here });
    const { sent, answer } = ask((writer) => writer.uint32(ATTRIBUTE.CHANGE_REQUEST, change));
    assert.equal(sent[0]?.socket, ENDPOINTS[origin].socket);
    assert.equal(answer?.address('RESPONSE_ORIGIN'), addressText(ENDPOINTS[origin].address));
    assert.equal(answer.address('OTHER_ADDRESS'), addressText(ENDPOINTS[here === 0 ? 3 : 0].address));
    assert.equal(answer.address('XOR_MAPPED_ADDRESS'), '192.0.2.7:4000');
    assert.equal(answer.address('MAPPED_ADDRESS'), '192.0.2.7:4000');
  });
}

test('RESPONSE-PORT is where the answer goes, at the address that asked', () => {
  const { ask } = discovery();
  for (const size of [2, 4]) {
    const { sent } = ask((writer) =>
      writer.bytes(ATTRIBUTE.RESPONSE_PORT, Uint8Array.of(0x13, 0x88, 0, 0).subarray(0, size)),
    );
    assert.deepEqual(placesOf(sent), [['192.0.2.7:5000', 1]]);
  }
});

test('CHANGE-REQUEST and RESPONSE-PORT go together', () => {
  const { sent } = discovery().ask((writer) => {
    writer.uint32(ATTRIBUTE.CHANGE_REQUEST, CHANGE_IP);
    writer.uint32(ATTRIBUTE.RESPONSE_PORT, 5000 << 16);
  });
  assert.deepEqual(placesOf(sent), [['192.0.2.7:5000', 3]]);
});

test('a request that is padded to an MTU gets an answer that is', () => {
  const { answer } = discovery().ask((writer) => writer.bytes(ATTRIBUTE.PADDING, new Uint8Array(1500)));
  assert.equal(answer?.value('PADDING').length, 1500);
  assert.equal(answer.address('OTHER_ADDRESS'), '203.0.113.2:3479');
});

test('no answer is longer than 3.6 times its request, however that is padded, and each is padded', () => {
  for (const address of ['192.0.2.7:4000', '[2001:db8:9::1]:4000']) {
    for (const size of [0, 1, 4, 40, 100, 399, 500, 1200, 1500, 4000, 60_000]) {
      const { ask } = discovery({ address });
      const { answer, length } = ask((writer) => writer.bytes(ATTRIBUTE.PADDING, new Uint8Array(size)));
      assert.ok(answer !== undefined && answer.has('PADDING'), `${size} bytes of padding are answered`);
      assert.ok(answer.bytes.length <= 3.6 * length, `${length} → ${answer.bytes.length}`);
      assert.ok(answer.bytes.length < 1700);
      assert.ok(answer.value('PADDING').length >= Math.min(size, 1500));
    }
  }
});

const UNUSABLE: Readonly<Record<string, Attributes>> = {
  'PADDING with RESPONSE-PORT': (writer) => {
    writer.bytes(ATTRIBUTE.PADDING, new Uint8Array(1500));
    writer.uint32(ATTRIBUTE.RESPONSE_PORT, 5000 << 16);
  },
  'port 0': (writer) => writer.uint32(ATTRIBUTE.RESPONSE_PORT, 0),
};
for (const [what, write] of Object.entries(UNUSABLE)) {
  test(`${what} is a 400, which goes where the request came from`, () => {
    const { answer } = discovery().ask(write);
    assert.equal(answer?.error, 400);
  });
}

test('answers to other ports count for the address that they go to', () => {
  const { world, ask } = discovery({ answersPerSecond: 5 });
  const sent = Array.from({ length: 50 }, (_, n) =>
    ask((writer) => writer.uint32(ATTRIBUTE.RESPONSE_PORT, (n + 1) << 16)),
  ).flatMap((exchange) => exchange.sent);
  assert.equal(sent.length, 5);
  assert.equal(world.count('drops.answer-limit'), 45);
});

test('without a second address nobody knows these attributes, nor does a socket that is not one of the four', () => {
  const writes: readonly [number, Attributes][] = [
    [ATTRIBUTE.CHANGE_REQUEST, (writer) => writer.uint32(ATTRIBUTE.CHANGE_REQUEST, 6)],
    [ATTRIBUTE.RESPONSE_PORT, (writer) => writer.uint32(ATTRIBUTE.RESPONSE_PORT, 5000 << 16)],
    [ATTRIBUTE.PADDING, (writer) => writer.bytes(ATTRIBUTE.PADDING, new Uint8Array(8))],
  ];
  for (const [type, write] of writes) {
    for (const client of [new World().client(), new World({ behavior: ENDPOINTS }).streamClient()]) {
      const answer = client.plain(METHOD.BINDING, write);
      assert.equal(answer?.error, 420);
      assert.equal(Buffer.from(answer.value('UNKNOWN_ATTRIBUTES')).readUInt16BE(), type);
    }
  }
});

type Exchange = { readonly length: number; readonly sent: readonly Sent[]; readonly answer: Received | undefined };

/** A client that talks to one of the four sockets; what the server sends, and what of it the client gets. */
function discovery({ here = 0, address = '192.0.2.7:4000', answersPerSecond = 1000 } = {}) {
  const world = new World({ behavior: ENDPOINTS, answersPerSecond });
  const { socket } = ENDPOINTS[here]!;
  const client = new Client(world, { socket, address: at(address), transport: 'udp' }, world.credential('a'));
  const ask = (write: Attributes): Exchange => {
    const request = message(METHOD.BINDING, CLASS.REQUEST, write, newTransaction());
    client.raw(request);
    const sent = [...world.sent];
    const [answer] = client.received();
    world.sent.length = 0;
    return { length: request.length, sent, answer };
  };
  return { world, ask };
}

function placesOf(sent: readonly Sent[]) {
  return sent.map(({ to, socket }) => [to, socket]);
}
