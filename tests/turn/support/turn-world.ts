import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';

import type { Millis } from '../../../src/kernel/clock.ts';
import { FAMILY, type TransportAddress, addressText, familyOf } from '../../../src/stun/address.ts';
import { COUNTERS, COUNTERS_LENGTH, type Counter } from '../../../src/turn/counters.ts';
import { createAnswerLimit } from '../../../src/turn/answer-limit.ts';
import { type BandwidthLimits, createBandwidth } from '../../../src/turn/bandwidth.ts';
import { type RelaySocket, STREAM_HANDLES, type TurnEvent, type TurnOutput } from '../../../src/turn/events.ts';
import { createNonces } from '../../../src/turn/nonce.ts';
import type { TurnOptions } from '../../../src/turn/options.ts';
import { type PeerPolicy, type PeerPolicyOptions, createPeerPolicy } from '../../../src/turn/peer-policy.ts';
import { type QuotaLimits, type Quotas, createQuotas } from '../../../src/turn/quotas.ts';
import { CONTROL, HEADER_ROOM, RELAYED } from '../../../src/turn/route.ts';
import { type TurnServer, createTurnServer } from '../../../src/turn/server.ts';
import { createUsers } from '../../../src/turn/users.ts';
import { REALM, at } from './names.ts';
import { Client } from './turn-client.ts';

export const SECRET = 'a secret of the server';
export const RELAY_IPV4 = '203.0.113.1';
export const RELAY_IPV6 = '2001:db8:1::1';

/** Where things lie in the slab. */
const RECEIVED = 0;
const HEADERS = 70_000;
const ANSWERS = 71_000;
const ANSWERS_LENGTH = 16_384;

const ANY = { user: Infinity, address: Infinity, total: Infinity };
const NO_LIMIT = { rate: Infinity, burst: Infinity };
/** Documentation addresses are no peers by default; the tests' peers have them. */
const TEST_PEERS = ['198.51.100.0', '2001:db8:2::'] as const;

/** What a test may want otherwise than usual. */
export type WorldOptions = {
  readonly relay?: Partial<TurnOptions['relay']>;
  readonly lifetimes?: Partial<TurnOptions['lifetimes']>;
  readonly quotas?: Partial<QuotaLimits>;
  readonly bandwidth?: Partial<BandwidthLimits>;
  readonly policy?: Partial<PeerPolicyOptions>;
  readonly behavior?: TurnOptions['behavior'];
  readonly answersPerSecond?: number;
  readonly software?: string;
  /** Of the server; clients go on with REALM. */
  readonly realm?: string;
  /** Whether the shell answers `bind-relay` at once, with ports from 50,000 up. */
  readonly binds?: boolean;
};

/** A datagram that the server has sent, or a frame on a stream. */
export type Sent = {
  readonly socket: number;
  readonly to: string;
  readonly bytes: Uint8Array;
  readonly padding: number;
};

/** Something that the shell was told to do. */
export type Order = Exclude<TurnOutput, { type: 'send' }>;

/**
 * A server with the real policy, users, nonces and quotas, and with a shell made of arrays: sockets are numbers, and all
 * that is sent lies in `sent` until somebody takes it. Time passes only when a test says so.
 */
export class World {
  readonly server: TurnServer;
  readonly slab = new Uint8Array(96 * 1024);
  readonly counters = new Float64Array(COUNTERS_LENGTH);
  readonly quotas: Quotas;
  readonly sent: Sent[] = [];
  readonly orders: Order[] = [];
  /** Relay sockets that are open: handle → what the shell said of it. */
  readonly relays = new Map<number, RelaySocket>();
  now = 1_700_000_000_000 as Millis;
  /** Listeners of the server. */
  readonly udp = 1;
  #nextSocket = 100;
  #nextStream = STREAM_HANDLES;
  #nextPort = 50_000;
  #drawn = 0;
  readonly #binds: boolean;
  readonly #policy: PeerPolicy;

  constructor(options: WorldOptions = {}) {
    this.#binds = options.binds ?? true;
    this.#policy = createPeerPolicy(testPolicy(options.policy));
    this.quotas = createQuotas({
      allocations: ANY,
      permissions: ANY,
      channels: ANY,
      connections: ANY,
      ...options.quotas,
    });
    this.server = createTurnServer({
      slab: this.slab,
      answers: { offset: ANSWERS, length: ANSWERS_LENGTH },
      counters: this.counters,
      realm: options.realm ?? REALM,
      software: options.software ?? '',
      users: createUsers({
        slab: this.slab,
        realm: REALM,
        secrets: [SECRET],
        users: [{ name: 'static', password: 'word' }],
        seed: 7,
      }),
      nonces: createNonces({ slab: this.slab, key: this.random(20), lifetime: 600_000 }),
      policy: this.#policy,
      quotas: this.quotas,
      bandwidth: createBandwidth({
        allocation: NO_LIMIT,
        user: NO_LIMIT,
        address: NO_LIMIT,
        total: NO_LIMIT,
        ...options.bandwidth,
      }),
      answerLimit: createAnswerLimit({
        rate: options.answersPerSecond ?? 1e6,
        burst: options.answersPerSecond ?? 1e6,
        total: Infinity,
        key: [1, 2],
      }),
      random: (count) => this.random(count),
      relay: {
        ipv4: at(RELAY_IPV4),
        ipv6: at(RELAY_IPV6),
        tcp: true,
        mobility: true,
        dontFragment: true,
        ...options.relay,
      },
      lifetimes: { default: 600_000, max: 3_600_000, credentialGrace: 0, ...options.lifetimes },
      behavior: options.behavior,
    });
  }

  /** Bytes that differ each time, and are the same in each run. */
  random(count: number): Uint8Array {
    this.#drawn += 1;
    return new Uint8Array(createHash('sha256').update(`${this.#drawn}`).digest().subarray(0, count));
  }

  count(counter: Counter): number {
    return this.counters[COUNTERS[counter]]!;
  }

  /** Gives the policy other options. */
  configurePolicy(options: Partial<PeerPolicyOptions>): void {
    this.#policy.configure(testPolicy(options));
  }

  /** A client of the UDP listener, with a fresh credential of its own identity. */
  client(address = '192.0.2.7:4000', identity = 'alice'): Client {
    return new Client(this, { socket: this.udp, address: at(address), transport: 'udp' }, this.credential(identity));
  }

  /** A client on a stream of its own. */
  streamClient(address = '192.0.2.7:4000', identity = 'alice', transport: 'tcp' | 'tls' = 'tcp'): Client {
    const socket = this.#nextStream;
    this.#nextStream += 1;
    return new Client(this, { socket, address: at(address), transport }, this.credential(identity));
  }

  /** A time-limited credential, a day long unless said otherwise. */
  credential(identity: string, seconds = 86_400): { username: string; password: string } {
    const username = `${Math.floor(this.now / 1000) + seconds}:${identity}`;
    return { username, password: createHmac('sha1', SECRET).update(username).digest('base64') };
  }

  /** Lets time pass, and the server do what falls due meanwhile. */
  pass(seconds: number): void {
    const until = (this.now + 1000 * seconds) as Millis;
    for (let due = this.server.nextDeadline(); due !== undefined && due <= until; due = this.server.nextDeadline()) {
      this.now = Math.max(this.now, due) as Millis;
      this.handle({ type: 'deadline' });
    }
    this.now = until;
  }

  /** Lets time pass in which nobody calls the server. */
  passUnseen(seconds: number): void {
    this.now = (this.now + 1000 * seconds) as Millis;
  }

  handle(event: TurnEvent): void {
    const outputs = [...this.server.handle(event, this.now)];
    // What is sent is taken before anything else is handled: its bytes last no longer.
    for (const output of outputs) {
      if (output.type !== 'send') continue;
      const bytes = this.slab.slice(output.offset, output.offset + output.length);
      this.sent.push({ socket: output.socket, to: addressText(output.address), bytes, padding: 0 });
    }
    for (const output of outputs) if (output.type !== 'send') this.#obey(output);
  }

  /** Gives the server bytes from a client, as the shell does. */
  fromClient(
    path: { socket: number; address: TransportAddress; transport: 'udp' | 'tcp' | 'tls' },
    bytes: Uint8Array,
  ): void {
    const { socket, address, transport } = path;
    const { a, b, c, d, port } = address;
    this.#receive(bytes);
    const verdict = this.server.fromClient(socket, a, b, c, d, port, RECEIVED, bytes.length, this.now);
    if (verdict === RELAYED) this.#sendRoute();
    if (verdict === CONTROL) {
      this.handle({ type: 'message', socket, transport, address, offset: RECEIVED, length: bytes.length });
    }
  }

  /** Gives the server a datagram from a peer, which was sent to a relayed address. */
  fromPeer(peer: string, relayed: string, data: Uint8Array | string): void {
    const { a, b, c, d, port } = at(peer);
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#receive(bytes);
    const verdict = this.server.fromPeer(this.relayAt(relayed), a, b, c, d, port, RECEIVED, bytes.length, this.now);
    assert.notEqual(verdict, CONTROL);
    if (verdict === RELAYED) this.#sendRoute();
  }

  /** The open relay socket that has a relayed address. */
  relayAt(relayed: string): number {
    const { port, ...host } = at(relayed);
    const family = familyOf({ ...host, port });
    const found = [...this.relays.values()].find((relay) => relay.port === port && relay.family === family);
    assert.ok(found, `nothing is bound to ${relayed}`);
    return found.socket;
  }

  /** Takes what was sent to an address. */
  take(to: string): Sent[] {
    const taken = this.sent.filter((sent) => sent.to === to);
    this.sent.splice(0, Infinity, ...this.sent.filter((sent) => sent.to !== to));
    return taken;
  }

  /** Takes the orders of a type. */
  ordered<Type extends Order['type']>(type: Type): Extract<Order, { type: Type }>[] {
    const taken = this.orders.filter((order): order is Extract<Order, { type: Type }> => order.type === type);
    this.orders.splice(0, Infinity, ...this.orders.filter((order) => order.type !== type));
    return taken;
  }

  #receive(bytes: Uint8Array): void {
    // Whoever reads beyond the datagram reads rubbish.
    this.slab.fill(0xa5, RECEIVED, RECEIVED + bytes.length + 64);
    this.slab.set(bytes, RECEIVED);
    this.server.route.headerOffset = HEADERS;
    this.slab.fill(0xa5, HEADERS, HEADERS + HEADER_ROOM);
  }

  #sendRoute(): void {
    const { socket, headerOffset, headerLength, offset, length, padding, ...address } = this.server.route;
    const bytes = Buffer.concat([
      this.slab.subarray(headerOffset, headerOffset + headerLength),
      this.slab.subarray(offset, offset + length),
      new Uint8Array(padding),
    ]);
    this.sent.push({ socket, to: addressText(address), bytes, padding });
  }

  #obey(order: Order): void {
    this.orders.push(order);
    if (order.type === 'close-relay') {
      assert.ok(this.relays.delete(order.socket), `socket ${order.socket} is closed once`);
    } else if (order.type === 'bind-relay' && this.#binds) {
      const reserve = order.port === 'even+reserve';
      const step = order.port === 'any' ? 0 : this.#nextPort % 2;
      const sockets = order.families.map((family) => this.#bind(family, step));
      const reserved = reserve ? this.#bind(FAMILY.IPV4, 0) : undefined;
      this.handle({ type: 'relay-bound', allocation: order.allocation, sockets, reserved });
    }
  }

  #bind(family: RelaySocket['family'], step: number): RelaySocket {
    this.#nextPort += step;
    const relay = { socket: this.#nextSocket, family, port: this.#nextPort };
    this.#nextPort += 1;
    this.#nextSocket += 1;
    this.relays.set(relay.socket, relay);
    return relay;
  }
}

function testPolicy(options: Partial<PeerPolicyOptions> = {}): PeerPolicyOptions {
  const [ipv4, ipv6] = TEST_PEERS.map(at);
  return {
    mode: 'public',
    media: [],
    allow: [
      { ...ipv4!, length: 120 },
      { ...ipv6!, length: 48 },
    ],
    deny: [],
    own: { addresses: [], ports: [3478] },
    relays: [],
    relayPorts: { first: 49_152, last: 65_535 },
    ...options,
  };
}
