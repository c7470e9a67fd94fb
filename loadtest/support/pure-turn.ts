/** The TURN server without sockets, and clients that write their messages into its slab. */
import { createHash, createHmac, randomBytes } from 'node:crypto';

import type { Millis } from '../../src/kernel/clock.ts';
import { FAMILY, type TransportAddress, parseAddress } from '../../src/stun/address.ts';
import { ATTRIBUTE } from '../../src/stun/attributes.ts';
import { HMAC_SHA1_KEY_WORDS, prepareHmacSha1 } from '../../src/stun/hmac-sha1.ts';
import { MessageReader } from '../../src/stun/message-reader.ts';
import { MessageWriter } from '../../src/stun/message-writer.ts';
import { CLASS, METHOD, type Method } from '../../src/stun/methods.ts';
import { createAnswerLimit } from '../../src/turn/answer-limit.ts';
import { createBandwidth } from '../../src/turn/bandwidth.ts';
import { COUNTERS_LENGTH } from '../../src/turn/counters.ts';
import { createNonces } from '../../src/turn/nonce.ts';
import { createPeerPolicy } from '../../src/turn/peer-policy.ts';
import { createQuotas } from '../../src/turn/quotas.ts';
import { createTurnServer, type TurnServer } from '../../src/turn/server.ts';
import { createUsers } from '../../src/turn/users.ts';

/** Where things lie in the slab. */
export const RECEIVED = 0;
const HEADERS = 4096;
const ANSWERS = 8192;

const REALM = 'example.org';
const SECRET = 'secret';
export const NOW = Date.now() as Millis;
export const LISTENER = 1;
export const CHANNEL = 0x4000;

const wide = { user: 1e9, address: 1e9, total: 1e9 };
const fast = { rate: 1e12, burst: 1e12 };

export type PureClient = {
  readonly address: TransportAddress;
  readonly username: string;
  readonly keys: Int32Array;
  nonce: Uint8Array;
  relay: number;
};

export type PureTurn = {
  readonly server: TurnServer;
  readonly slab: Uint8Array<ArrayBuffer>;
  readonly clients: readonly PureClient[];
  readonly peer: TransportAddress;
  /** An allocation and a channel to the peer, from its first signed request on. */
  readonly allocateAndBind: (client: PureClient) => void;
  /** A signed request of a client. */
  readonly signed: (client: PureClient, method: Method, write: (writer: MessageWriter) => void) => Uint8Array;
  /** Gives the server a message of a client, binds what it wants bound, and throws where it is refused. */
  readonly control: (client: PureClient, bytes: Uint8Array) => void;
};

/** A server whose limits are on and never met, and `count` clients that have a nonce each. */
export function pureTurn(count: number): PureTurn {
  const slab = new Uint8Array(16 * 1024);
  const view = new DataView(slab.buffer);
  const reader = new MessageReader();
  const peer = address('93.184.216.34', 9000);
  const server = createTurnServer({
    slab,
    answers: { offset: ANSWERS, length: 4096 },
    counters: new Float64Array(new SharedArrayBuffer(8 * COUNTERS_LENGTH)),
    realm: REALM,
    software: 'sluice',
    users: createUsers({ slab, realm: REALM, secrets: [SECRET], users: [], seed: 1 }),
    nonces: createNonces({ slab, key: randomBytes(20), lifetime: 3_600_000 }),
    policy: createPeerPolicy({
      mode: 'public',
      media: [],
      allow: [],
      deny: [],
      own: { addresses: [address('203.0.113.1', 0)], ports: [3478] },
      relays: [{ announced: address('203.0.113.1', 0), listening: address('203.0.113.1', 0) }],
      relayPorts: { first: 49_152, last: 65_535 },
    }),
    quotas: createQuotas({ allocations: wide, permissions: wide, channels: wide, connections: wide }),
    bandwidth: createBandwidth({ allocation: fast, user: fast, address: fast, total: fast }),
    answerLimit: createAnswerLimit({ rate: 1e9, burst: 1e9, total: Infinity, key: [1, 2] }),
    random: (bytes) => randomBytes(bytes),
    relay: {
      ipv4: address('203.0.113.1', 0),
      tcp: false,
      mobility: false,
      dontFragment: true,
    },
    lifetimes: { default: 600_000, max: 3_600_000, credentialGrace: 0 },
  });
  server.route.headerOffset = HEADERS;
  let nextRelay = 2;

  function control(client: PureClient, bytes: Uint8Array): void {
    slab.set(bytes, RECEIVED);
    const event = { type: 'message', socket: LISTENER, transport: 'udp', address: client.address } as const;
    let outputs = server.handle({ ...event, offset: RECEIVED, length: bytes.length }, NOW);
    const [bind] = outputs;
    if (bind?.type === 'bind-relay') {
      client.relay = nextRelay;
      const sockets = [{ socket: nextRelay, family: FAMILY.IPV4, port: 49_152 + (nextRelay % 16_000) }];
      nextRelay += 1;
      outputs = server.handle({ type: 'relay-bound', allocation: bind.allocation, sockets }, NOW);
    }
    for (const output of outputs) if (output.type === 'send') reader.parse(view, output.offset, output.length);
    const refused = reader.errorCode();
    if (refused !== 0 && refused !== 401) throw new Error(`the server answered ${refused}`);
  }

  function nonceFor(client: PureClient): Uint8Array {
    control(
      client,
      message(METHOD.ALLOCATE, CLASS.REQUEST, (writer) => writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 17 << 24)),
    );
    const at = reader.at(ATTRIBUTE.NONCE);
    return slab.slice(at, at + reader.size(ATTRIBUTE.NONCE));
  }

  function allocateAndBind(client: PureClient): void {
    control(
      client,
      signed(client, METHOD.ALLOCATE, (writer) => writer.uint32(ATTRIBUTE.REQUESTED_TRANSPORT, 17 << 24)),
    );
    const answer = signed(client, METHOD.CHANNEL_BIND, (writer) => {
      writer.uint32(ATTRIBUTE.CHANNEL_NUMBER, CHANNEL << 16);
      writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, peer);
    });
    control(client, answer);
  }

  const clients = Array.from({ length: count }, (_, n) => clientOf(n, peer));
  for (const client of clients) client.nonce = nonceFor(client);
  return { server, slab, clients, peer, allocateAndBind, signed, control };
}

function clientOf(n: number, peer: TransportAddress): PureClient {
  const username = `${Math.floor(NOW / 1000) + 86_400}:user-${n}`;
  const password = createHmac('sha1', SECRET).update(username).digest('base64');
  const key = createHash('md5').update(`${username}:${REALM}:${password}`).digest();
  const keys = new Int32Array(HMAC_SHA1_KEY_WORDS);
  prepareHmacSha1(new DataView(key.buffer, key.byteOffset), 0, key.length, keys, 0);
  const d = (192 << 24) | (n + 1);
  return { address: { ...peer, d, port: 1024 + (n % 60_000) }, username, keys, nonce: new Uint8Array(0), relay: 0 };
}

function signed(client: PureClient, method: Method, write: (writer: MessageWriter) => void): Uint8Array {
  return message(method, CLASS.REQUEST, (writer) => {
    write(writer);
    writer.bytes(ATTRIBUTE.USERNAME, Buffer.from(client.username));
    writer.bytes(ATTRIBUTE.REALM, Buffer.from(REALM));
    writer.bytes(ATTRIBUTE.NONCE, client.nonce);
    writer.integrity(client.keys, 0);
  });
}

/** A message, unsigned. */
export function message(method: Method, messageClass: 0 | 1, write: (writer: MessageWriter) => void): Uint8Array {
  const bytes = new Uint8Array(1024);
  const writer = new MessageWriter(bytes);
  writer.begin(0, bytes.length, method, messageClass, new DataView(randomBytes(12).buffer), 0);
  write(writer);
  return bytes.subarray(0, writer.end());
}

function address(host: string, port: number): TransportAddress {
  const parsed = parseAddress(host, port);
  if (parsed === undefined) throw new Error(`${host} is no address`);
  return parsed;
}
