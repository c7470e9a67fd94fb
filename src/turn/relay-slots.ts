import { Slots, grownIntegers, grownNumbers } from './slots.ts';

const NONE = -1;
const CLIENT_STRIDE = 8;
const USAGE_STRIDE = 4;

/** The flag of a client that is reached over a stream, where ChannelData is padded (RFC 8656 §12.5). */
const STREAM = 1;

/**
 * What the data path knows of each allocation, as a struct of arrays by the allocation's index: where its client is,
 * which sockets it relays through, until when, and what it has relayed.
 */
export class RelaySlots {
  readonly #slots: Slots;
  /** Of each: until when it relays over IPv4, and over IPv6, in milliseconds; 0 for not at all. */
  expiresAt = new Float64Array(0);
  /** Of each: the client's socket, or -1 while it has none; a, b, c, d, port; whether it is a stream. */
  client = new Int32Array(0);
  /** The UDP sockets of the relayed addresses, or -1. */
  ipv4 = new Int32Array(0);
  ipv6 = new Int32Array(0);
  /** The index that the bandwidth limit knows it by. */
  bandwidth = new Int32Array(0);
  /** Of each: packets and bytes up, packets and bytes down. */
  usage = new Float64Array(0);
  /** The allocation behind a relay socket, by the socket's handle, or -1. */
  #owner = new Int32Array(0);

  constructor() {
    this.#slots = new Slots(64, (capacity) => {
      this.expiresAt = grownNumbers(this.expiresAt, 2 * capacity);
      this.client = grownIntegers(this.client, CLIENT_STRIDE * capacity);
      this.ipv4 = grownIntegers(this.ipv4, capacity);
      this.ipv6 = grownIntegers(this.ipv6, capacity);
      this.bandwidth = grownIntegers(this.bandwidth, capacity);
      this.usage = grownNumbers(this.usage, USAGE_STRIDE * capacity);
    });
  }

  /** Takes a place that relays nothing yet. */
  take(): number {
    const index = this.#slots.take();
    this.ipv4[index] = NONE;
    this.ipv6[index] = NONE;
    this.expiresAt.fill(0, 2 * index, 2 * index + 2);
    this.usage.fill(0, USAGE_STRIDE * index, USAGE_STRIDE * (index + 1));
    this.loseClient(index);
    return index;
  }

  give(index: number): void {
    this.expiresAt.fill(0, 2 * index, 2 * index + 2);
    this.#slots.give(index);
  }

  /** Where what peers send goes to from now on. */
  setClient(
    index: number,
    socket: number,
    address: { a: number; b: number; c: number; d: number; port: number },
    stream: boolean,
  ): void {
    const { a, b, c, d, port } = address;
    this.client.set([socket, a, b, c, d, port, stream ? STREAM : 0], CLIENT_STRIDE * index);
  }

  /** The client has no path to it at the moment (RFC 8016). */
  loseClient(index: number): void {
    this.client[CLIENT_STRIDE * index] = NONE;
  }

  /** The allocation whose relayed address a socket holds, or -1. */
  ownerOf(socket: number): number {
    return socket < this.#owner.length ? this.#owner[socket]! : NONE;
  }

  /** Says whose relayed address a UDP socket holds; -1 for nobody's. */
  setOwner(socket: number, index: number): void {
    const { length } = this.#owner;
    if (socket >= length) {
      this.#owner = grownIntegers(this.#owner, Math.max(1024, 2 * socket)).fill(NONE, length);
    }
    this.#owner[socket] = index;
  }

  countUp(index: number, bytes: number): void {
    const at = USAGE_STRIDE * index;
    this.usage[at]! += 1;
    this.usage[at + 1]! += bytes;
  }

  countDown(index: number, bytes: number): void {
    const at = USAGE_STRIDE * index + 2;
    this.usage[at]! += 1;
    this.usage[at + 1]! += bytes;
  }
}
