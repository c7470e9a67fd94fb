import type { Millis } from '../kernel/clock.ts';
import { MAPPED_IPV4, type TransportAddress, emptyAddress } from '../stun/address.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import { CLASS, METHOD, messageType } from '../stun/methods.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import type { Bandwidth } from './bandwidth.ts';
import { type Channels, NUMBER, PERMISSION, TARGET, VERSION } from './channels.ts';
import { COUNTERS } from './counters.ts';
import { writeDataIndication } from './data-indication.ts';
import type { PeerPolicy } from './peer-policy.ts';
import type { Permissions } from './permissions.ts';
import type { RelaySlots } from './relay-slots.ts';
import { CONTROL, DROPPED, RELAYED, type Route, type Verdict } from './route.ts';
import type { TransportTable } from './transport-table.ts';

/** What is added to an allocation's index in the table of 5-tuples for the new path of a client that has moved. */
export const NEXT_PATH = 1 << 29;

const SEND_INDICATION = messageType(METHOD.SEND, CLASS.INDICATION);
/** The longest UDP payload over IPv4: 65,535 - 20 - 8. */
const MAX_DATAGRAM = 65_507;
const CHANNEL_HEADER = 4;
/** The longest header of a Data indication. */
const DATA_HEADER = 48;
/** In the place of a channel: there is none, or the peer is none to be heard. */
const NONE = -1;
const FORBIDDEN = -2;

const PACKETS_UP = COUNTERS['packets.up'];
const PACKETS_DOWN = COUNTERS['packets.down'];
const BYTES_UP = COUNTERS['bytes.up'];
const BYTES_DOWN = COUNTERS['bytes.down'];
const SHORT = COUNTERS['drops.short'];
const NOT_TURN = COUNTERS['drops.not-turn'];
const MALFORMED = COUNTERS['drops.malformed'];
const UNKNOWN_ATTRIBUTE = COUNTERS['drops.unknown-attribute'];
const NO_ALLOCATION = COUNTERS['drops.no-allocation'];
const NO_CHANNEL = COUNTERS['drops.no-channel'];
const NO_PERMISSION = COUNTERS['drops.no-permission'];
const NO_CLIENT = COUNTERS['drops.no-client'];
const FORBIDDEN_PEER = COUNTERS['drops.forbidden-peer'];
const PEER_FAMILY = COUNTERS['drops.peer-family'];
const BANDWIDTH = COUNTERS['drops.bandwidth'];
const TOO_LONG = COUNTERS['drops.too-long'];

/** What the data path works on. */
export type RelayingParts = {
  readonly view: DataView;
  readonly counters: Float64Array;
  readonly route: Route;
  readonly reader: MessageReader;
  readonly tuples: TransportTable;
  readonly slots: RelaySlots;
  readonly permissions: Permissions;
  readonly channels: Channels;
  readonly policy: PeerPolicy;
  readonly bandwidth: Bandwidth;
  /** Whether the shell can set the DF bit. */
  readonly dontFragment: boolean;
  /** The first two words of the transaction IDs of Data indications. */
  readonly seed: { readonly x: number; readonly y: number };
};

/**
 * The data path (RFC 8656 §11, §12): a datagram in, a route out. Nothing is allocated, nothing is scanned, and what has
 * expired is told by its time, whether it was removed yet or not.
 */
export class Relaying {
  readonly #view: DataView;
  readonly #counters: Float64Array;
  readonly #route: Route;
  readonly #reader: MessageReader;
  readonly #tuples: TransportTable;
  readonly #slots: RelaySlots;
  readonly #permissions: Permissions;
  readonly #channels: Channels;
  readonly #policy: PeerPolicy;
  readonly #bandwidth: Bandwidth;
  readonly #dontFragment: boolean;
  readonly #seed: { readonly x: number; readonly y: number };
  readonly #peer: TransportAddress = emptyAddress();
  readonly #target: TransportAddress = emptyAddress();
  #indications = 0;

  constructor(parts: RelayingParts) {
    this.#view = parts.view;
    this.#counters = parts.counters;
    this.#route = parts.route;
    this.#reader = parts.reader;
    this.#tuples = parts.tuples;
    this.#slots = parts.slots;
    this.#permissions = parts.permissions;
    this.#channels = parts.channels;
    this.#policy = parts.policy;
    this.#bandwidth = parts.bandwidth;
    this.#dontFragment = parts.dontFragment;
    this.#seed = parts.seed;
  }

  /** See `TurnServer.fromClient`. */
  fromClient(
    socket: number,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    offset: number,
    length: number,
    now: Millis,
  ): Verdict {
    if (length < CHANNEL_HEADER) return this.#drop(SHORT);
    // RFC 8656 §12, table 3: the first byte tells STUN (0 to 3) from ChannelData (64 to 79; to 127 in RFC 5766).
    const head = this.#view.getUint32(offset);
    if (head >= 0x8000_0000 || (head >= 0x0400_0000 && head < 0x4000_0000)) return this.#drop(NOT_TURN);
    const channelData = head >= 0x4000_0000;
    if (!channelData && head >>> 16 !== SEND_INDICATION) return CONTROL;

    const allocation = this.#tuples.get(socket, a, b, c, d, port);
    if (allocation < 0) return this.#drop(NO_ALLOCATION);
    // RFC 8016 §3.2.3: data on the new path ends the old one, which is no matter for the data path.
    if (allocation >= NEXT_PATH) return CONTROL;
    return channelData
      ? this.#channelData(allocation, head >>> 16, head & 0xffff, offset, length, now)
      : this.#sendIndication(allocation, offset, length, now);
  }

  /** See `TurnServer.fromPeer`. RFC 8656 §11.3. */
  fromPeer(
    relay: number,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    offset: number,
    length: number,
    now: Millis,
  ): Verdict {
    const slots = this.#slots;
    const allocation = slots.ownerOf(relay);
    if (allocation < 0) return this.#drop(NO_ALLOCATION);
    const family = slots.ipv4[allocation] === relay ? 0 : 1;
    if (slots.expiresAt[2 * allocation + family]! <= now) return this.#drop(NO_ALLOCATION);
    const at = allocation << 3;
    const { client } = slots;
    const socket = client[at]!;
    if (socket < 0) return this.#drop(NO_CLIENT);
    const channel = this.#channelFrom(allocation, a, b, c, d, port, now);
    if (channel === FORBIDDEN) return this.#drop(FORBIDDEN_PEER);
    const route = this.#route;
    if (channel >= 0) {
      const { words } = this.#channels;
      if (!this.#permissions.alive(words[this.#channels.at(channel) + PERMISSION]!, now))
        return this.#drop(NO_PERMISSION);
      if (length + CHANNEL_HEADER > MAX_DATAGRAM) return this.#drop(TOO_LONG);
      if (!this.#bandwidth.take(slots.bandwidth[allocation]!, length, now)) return this.#drop(BANDWIDTH);
      this.#view.setInt32(route.headerOffset, (words[this.#channels.at(channel) + NUMBER]! << 16) | length);
      route.headerLength = CHANNEL_HEADER;
      // RFC 8656 §12.5: padded over a stream, and not counted in the length.
      route.padding = client[at + 6] === 0 ? 0 : -length & 3;
    } else {
      const peer = this.#peer;
      if (!this.#permissions.permits(allocation, peer.a, peer.b, peer.c, peer.d, now)) return this.#drop(NO_PERMISSION);
      if (length + DATA_HEADER > MAX_DATAGRAM) return this.#drop(TOO_LONG);
      if (!this.#bandwidth.take(slots.bandwidth[allocation]!, length, now)) return this.#drop(BANDWIDTH);
      this.#dataIndication(length);
    }
    route.socket = socket;
    route.offset = offset;
    route.length = length;
    route.a = client[at + 1]!;
    route.b = client[at + 2]!;
    route.c = client[at + 3]!;
    route.d = client[at + 4]!;
    route.port = client[at + 5]!;
    route.dontFragment = false;
    slots.countDown(allocation, length);
    this.#counters[PACKETS_DOWN]! += 1;
    this.#counters[BYTES_DOWN]! += length;
    return RELAYED;
  }

  /** RFC 8656 §12.6. Where it came in a datagram, there may be padding behind the data. */
  #channelData(allocation: number, number: number, size: number, offset: number, length: number, now: Millis): Verdict {
    if (size + CHANNEL_HEADER > length) return this.#drop(MALFORMED);
    const channels = this.#channels;
    const channel = channels.withNumber(allocation, number);
    if (channel < 0 || !channels.alive(channel, now)) return this.#drop(NO_CHANNEL);
    if (!this.#permissions.alive(channels.permission(channel), now)) return this.#drop(NO_PERMISSION);
    const at = channels.at(channel);
    if (channels.words[at + VERSION] !== this.#policy.version && !this.#findTarget(channel)) {
      return this.#drop(FORBIDDEN_PEER);
    }
    const { words } = channels;
    return this.#toPeer(
      allocation,
      words[at + TARGET]!,
      words[at + TARGET + 1]!,
      words[at + TARGET + 2]!,
      words[at + TARGET + 3]!,
      words[at + TARGET + 4]!,
      offset + CHANNEL_HEADER,
      size,
      false,
      now,
    );
  }

  /** RFC 8656 §11.2. */
  #sendIndication(allocation: number, offset: number, length: number, now: Millis): Verdict {
    const reader = this.#reader;
    if (reader.parse(this.#view, offset, length) !== undefined) return this.#drop(MALFORMED);
    // RFC 8489 §6.3.2: an indication with unknown comprehension-required attributes is discarded.
    if (reader.unknownCount !== 0) return this.#drop(UNKNOWN_ATTRIBUTE);
    const dontFragment = reader.has(ATTRIBUTE.DONT_FRAGMENT);
    if (dontFragment && !this.#dontFragment) return this.#drop(UNKNOWN_ATTRIBUTE);
    if (!reader.has(ATTRIBUTE.XOR_PEER_ADDRESS) || !reader.has(ATTRIBUTE.DATA)) return this.#drop(MALFORMED);
    const peer = this.#peer;
    reader.address(ATTRIBUTE.XOR_PEER_ADDRESS, peer);
    if (!this.#permissions.permits(allocation, peer.a, peer.b, peer.c, peer.d, now)) return this.#drop(NO_PERMISSION);
    const data = reader.at(ATTRIBUTE.DATA);
    const size = reader.size(ATTRIBUTE.DATA);
    const target = this.#target;
    if (this.#policy.route(peer.a, peer.b, peer.c, peer.d, peer.port, target) !== 0) return this.#drop(FORBIDDEN_PEER);
    const { a, b, c, d, port } = target;
    return this.#toPeer(allocation, a, b, c, d, port, data, size, dontFragment, now);
  }

  /**
   * The channel of the peer whose datagrams come from an address, or NONE, and then #peer is the peer as the client knows
   * it; or FORBIDDEN. The policy has been asked already where it has sent that channel's data there, and is the same.
   */
  #channelFrom(allocation: number, a: number, b: number, c: number, d: number, port: number, now: Millis): number {
    const channels = this.#channels;
    const direct = channels.withTarget(allocation, a, b, c, d, port);
    if (direct >= 0 && channels.words[channels.at(direct) + VERSION] === this.#policy.version) {
      if (channels.alive(direct, now)) return direct;
    }
    const peer = this.#peer;
    if (this.#policy.arrived(a, b, c, d, port, peer) !== 0) return FORBIDDEN;
    const channel = channels.withPeer(allocation, peer.a, peer.b, peer.c, peer.d, peer.port);
    return channel >= 0 && channels.alive(channel, now) ? channel : NONE;
  }

  /** Asks the policy where a channel's data goes; false where it goes nowhere. */
  #findTarget(channel: number): boolean {
    const { words } = this.#channels;
    const at = this.#channels.at(channel);
    const [a = 0, b = 0, c = 0, d = 0, port = 0] = words.subarray(at, at + 5);
    const target = this.#target;
    if (this.#policy.route(a, b, c, d, port, target) !== 0) return false;
    const { version } = this.#policy;
    this.#channels.setTarget(channel, target, version);
    return true;
  }

  #toPeer(
    allocation: number,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    offset: number,
    length: number,
    dontFragment: boolean,
    now: Millis,
  ): Verdict {
    const slots = this.#slots;
    const ipv4 = a === 0 && b === 0 && c === MAPPED_IPV4;
    const relay = ipv4 ? slots.ipv4[allocation]! : slots.ipv6[allocation]!;
    if (relay < 0) return this.#drop(PEER_FAMILY);
    if (slots.expiresAt[2 * allocation + (ipv4 ? 0 : 1)]! <= now) return this.#drop(NO_ALLOCATION);
    if (!this.#bandwidth.take(slots.bandwidth[allocation]!, length, now)) return this.#drop(BANDWIDTH);
    const route = this.#route;
    route.socket = relay;
    route.headerLength = 0;
    route.offset = offset;
    route.length = length;
    route.padding = 0;
    route.a = a;
    route.b = b;
    route.c = c;
    route.d = d;
    route.port = port;
    route.dontFragment = dontFragment;
    slots.countUp(allocation, length);
    this.#counters[PACKETS_UP]! += 1;
    this.#counters[BYTES_UP]! += length;
    return RELAYED;
  }

  #dataIndication(length: number): void {
    const route = this.#route;
    const { a, b, c, d, port } = this.#peer;
    const { x, y } = this.#seed;
    this.#indications = (this.#indications + 1) | 0;
    const z = this.#indications;
    route.headerLength = writeDataIndication(this.#view, route.headerOffset, a, b, c, d, port, length, x, y, z);
    route.padding = -length & 3;
  }

  #drop(reason: number): Verdict {
    this.#counters[reason]! += 1;
    return DROPPED;
  }
}
