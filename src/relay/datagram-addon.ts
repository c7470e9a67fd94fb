import { createRequire } from 'node:module';

import { FAMILY, familyOfWords, type TransportAddress } from '../stun/address.ts';
import { type Sha1Instructions, sha1Words } from '../stun/instructed-hmac-sha1.ts';
import type { DatagramHandlers, DatagramIo } from './datagram-io.ts';
import { layOutSlab, type SlabSizes } from './datagram-slab.ts';

/** What native/udp/module.c and this file agree on: the number of functions' arguments and of words in records. */
const LAYOUT = 7;
const TX_STRIDE = 12;
const ICMP_STRIDE = 9;
const MOST_ICMP = 64;
const DONT_FRAGMENT = 1;

declare const engineBrand: unique symbol;
type Engine = { readonly [engineBrand]: true };

/** native/udp, loaded. */
export type UdpAddon = {
  readonly layout: number;
  create(
    slab: Uint8Array,
    rx: Int32Array,
    tx: Int32Array,
    icmp: Int32Array,
    counters: Float64Array,
    onReadable: (datagrams: number, icmpErrors: number) => void,
    slots: number,
    slotStride: number,
    slotLength: number,
  ): Engine;
  open(
    engine: Engine,
    family: number,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    reusePort: number,
    receiveBuffer: number,
    sendBuffer: number,
    segmentation: number,
    shared: number,
  ): number;
  readStream(engine: Engine, descriptor: number): number;
  bindOnly(stream: number, family: number, a: number, b: number, c: number, d: number, port: number): number;
  closeOnly(descriptor: number): void;
  writeNow(descriptor: number, bytes: Uint8Array, length: number): number;
  portOf(engine: Engine, socket: number): number;
  close(engine: Engine, socket: number): void;
  flush(engine: Engine, records: number): void;
  end(engine: Engine): void;
  sha1(
    words: Int32Array,
    memory: Uint8Array | undefined,
  ): { readonly prepare: () => void; readonly sign: () => void; readonly signInPlace?: () => void } | undefined;
};

/**
 * Loads native/udp from `path`. Each thread may, any number of times.
 * @throws {Error} where there is none, or none for this machine or this version of the server
 */
export function loadUdpAddon(path: string): UdpAddon {
  const addon = createRequire(import.meta.url)(path) as UdpAddon;
  if (addon.layout !== LAYOUT) throw new Error(`${path} is of another version (${addon.layout}, not ${LAYOUT})`);
  return addon;
}

/**
 * Binds a UDP socket with SO_REUSEPORT that nobody reads, so that `OpenOptions.shared` can hand it to a thread, and
 * again to the thread that follows a dead one: the group of sockets on that port stays as it is, and with it the
 * kernel's choice of socket for each client. What arrives while no thread has it waits. Returns a file descriptor or a
 * negative errno; close it with `closeDescriptor`.
 */
export function bindShared(addon: UdpAddon, address: TransportAddress): number {
  return addon.bindOnly(0, familyDigit(address), address.a, address.b, address.c, address.d, address.port);
}

/**
 * Binds a TCP socket beside a listener on the same address and port (SO_REUSEADDR, SO_REUSEPORT), to connect from there
 * (RFC 6062 §5.2). Returns a file descriptor, which belongs to the caller, or a negative errno.
 */
export function bindStream(addon: UdpAddon, address: TransportAddress): number {
  return addon.bindOnly(1, familyDigit(address), address.a, address.b, address.c, address.d, address.port);
}

/**
 * Writes the first `length` bytes to a stream that does not block, as many as it takes now. Returns how many these are,
 * or a negative errno. A write through `net.Socket` costs half as much again.
 */
export function writeNow(addon: UdpAddon, descriptor: number, bytes: Uint8Array, length: number): number {
  return addon.writeNow(descriptor, bytes, length);
}

/**
 * The processor's own instructions for SHA-1, where it has some that the addon knows.
 * @param slab What they read in place; it is kept as long as they are, is never resized, and not to be transferred.
 */
export function sha1Instructions(addon: UdpAddon, slab?: Uint8Array<ArrayBuffer>): Sha1Instructions | undefined {
  const functions = addon.sha1(sha1Words, slab && new Uint8Array(slab.buffer));
  if (functions === undefined) return undefined;
  const { prepare, sign, signInPlace } = functions;
  if (slab === undefined || signInPlace === undefined) return { prepare, sign };
  return { prepare, sign, inPlace: { memory: slab.buffer, sign: signInPlace } };
}

/** Closes what `bindShared` or `bindStream` returned. */
export function closeDescriptor(addon: UdpAddon, descriptor: number): void {
  addon.closeOnly(descriptor);
}

function familyDigit({ a, b, c }: TransportAddress): number {
  return familyOfWords(a, b, c) === FAMILY.IPV4 ? 4 : 6;
}

/** UDP by way of native/udp: a batch of all readable sockets in one call. See DatagramIo. */
export function createAddonIo(addon: UdpAddon, handlers: DatagramHandlers, sizes: SlabSizes = {}): DatagramIo {
  const { slab, view, rx, scratch, spare, counters, slots, slotStride, longest } = layOutSlab(sizes);
  const capacity = Math.max(64, 2 * slots);
  const tx = new Int32Array(capacity * TX_STRIDE);
  const icmp = new Int32Array(MOST_ICMP * ICMP_STRIDE);
  let queued = 0;
  let ended = false;
  const engine = addon.create(slab, rx, tx, icmp, counters, onReadable, slots, slotStride, longest);

  function onReadable(datagrams: number, icmpErrors: number): void {
    try {
      for (let at = 0; at < icmpErrors * ICMP_STRIDE; at += ICMP_STRIDE) {
        handlers.onError(
          icmp[at]!,
          icmp[at + 1]!,
          icmp[at + 2]!,
          icmp[at + 3]!,
          icmp[at + 4]!,
          icmp[at + 5]!,
          icmp[at + 6]!,
          icmp[at + 7]!,
          icmp[at + 8]!,
        );
      }
      if (datagrams > 0) handlers.onBatch(datagrams);
      flush();
    } catch (error) {
      // The slots that these name are about to be written over: what one person sent must not reach another.
      queued = 0;
      throw error;
    }
  }

  function hasQueued(socket: number): boolean {
    for (let at = 0; at < queued * TX_STRIDE; at += TX_STRIDE) if (tx[at] === socket) return true;
    return false;
  }

  function flush(): void {
    if (queued === 0) return;
    const records = queued;
    queued = 0;
    addon.flush(engine, records);
  }

  return {
    kind: 'addon',
    can: { dontFragment: true, icmp: true },
    slab,
    view,
    rx,
    scratch,
    spare,
    counters,
    open(options) {
      const { a, b, c, d, port, receiveBuffer = 0, sendBuffer = 0, shared = -1 } = options;
      const reusePort = options.reusePort === true ? 1 : 0;
      const segmentation = options.segmentation === false ? 0 : 1;
      const family = familyDigit(options);
      return addon.open(engine, family, a, b, c, d, port, reusePort, receiveBuffer, sendBuffer, segmentation, shared);
    },
    readStream: (descriptor) => addon.readStream(engine, descriptor),
    portOf: (socket) => addon.portOf(engine, socket),
    close(socket) {
      // What others have queued waits for the end of the batch: relay sockets close one by one, and a system call for
      // each was an eighth of what a client's coming and going cost.
      if (hasQueued(socket)) flush();
      addon.close(engine, socket);
    },
    send(socket, headerOffset, headerLength, offset, length, a, b, c, d, port, dontFragment) {
      if (queued === capacity) flush();
      const at = queued * TX_STRIDE;
      queued += 1;
      tx[at] = socket;
      tx[at + 1] = headerOffset;
      tx[at + 2] = headerLength;
      tx[at + 3] = offset;
      tx[at + 4] = length;
      tx[at + 5] = a;
      tx[at + 6] = b;
      tx[at + 7] = c;
      tx[at + 8] = d;
      tx[at + 9] = port;
      tx[at + 10] = dontFragment ? DONT_FRAGMENT : 0;
    },
    flush,
    end() {
      if (ended) return;
      flush();
      ended = true;
      addon.end(engine);
    },
  };
}
