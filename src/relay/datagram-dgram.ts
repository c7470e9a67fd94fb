import { createSocket, type Socket } from 'node:dgram';
import { constants } from 'node:os';

import { FAMILY, familyOfWords, type Family } from '../stun/address.ts';
import { createAddressTexts, readAddress } from './datagram-address.ts';
import {
  DATAGRAM_COUNTERS as COUNT,
  type DatagramHandlers,
  type DatagramIo,
  LONGEST_DATAGRAM,
  type OpenOptions,
  type SocketHandle,
} from './datagram-io.ts';
import { layOutSlab, type SlabSizes } from './datagram-slab.ts';

/** Bytes that may wait in a socket's queue, once the kernel has no more room, before datagrams are dropped. */
const LONGEST_QUEUE = 256 * 1024;
const MOST_SOCKETS = 65_536;

type Place = {
  readonly udp: Socket;
  readonly family: Family;
  readonly port: number;
  /** Whether datagrams were waiting in its queue when last looked at. */
  waiting: boolean;
};

/**
 * UDP by way of `node:dgram`: a batch is one datagram, and each is sent at once. There is no DF, no ICMP, and no word of
 * what the network refuses: those datagrams count as sent. See DatagramIo.
 */
export function createDgramIo(handlers: DatagramHandlers, sizes: SlabSizes = {}): DatagramIo {
  const { slab, view, rx, scratch, spare, counters, longest } = layOutSlab(sizes, 1);
  const texts = createAddressTexts();
  const places: (Place | undefined)[] = [];
  const free: SocketHandle[] = [];
  /** Closed in this batch: given again after it. */
  const resting: SocketHandle[] = [];
  let outgoing = Buffer.allocUnsafeSlow(LONGEST_DATAGRAM);
  let inBatch = false;
  let ended = false;

  function received(socket: SocketHandle, place: Place, message: Buffer, host: string, port: number): void {
    // Events of a socket that was closed meanwhile.
    if (places[socket] !== place) return;
    const { length } = message;
    if (length > longest) {
      counters[COUNT.truncated]! += 1;
      return;
    }
    slab.set(message);
    rx[0] = socket;
    rx[1] = 0;
    rx[2] = length;
    readAddress(host, rx, 3);
    rx[7] = port;
    counters[COUNT.received]! += 1;
    counters[COUNT.receiveCalls]! += 1;
    counters[COUNT.batches]! += 1;
    inBatch = true;
    try {
      handlers.onBatch(1);
    } finally {
      inBatch = false;
      while (resting.length > 0) free.push(resting.pop()!);
    }
  }

  function open({ a, b, c, d, port, reusePort = false, receiveBuffer, sendBuffer, shared }: OpenOptions): SocketHandle {
    if (ended) return -constants.errno.EBADF;
    if (shared !== undefined) return -constants.errno.EINVAL;
    if (free.length === 0 && places.length === MOST_SOCKETS) return -constants.errno.EMFILE;
    const family = familyOfWords(a, b, c);
    const udp = createSocket({
      type: family === FAMILY.IPV4 ? 'udp4' : 'udp6',
      ipv6Only: family === FAMILY.IPV6,
      reusePort,
      // Addresses are numeric: to answer at once makes binding and sending synchronous.
      lookup: (host, _, done) => done(null, host, family === FAMILY.IPV4 ? 4 : 6),
      ...(receiveBuffer === undefined ? {} : { recvBufferSize: receiveBuffer }),
      ...(sendBuffer === undefined ? {} : { sendBufferSize: sendBuffer }),
    });
    const failed = bindNow(udp, port, texts.of(a, b, c, d));
    if (failed !== 0) {
      udp.close();
      return failed;
    }
    const socket = free.pop() ?? places.length;
    const place: Place = { udp, family, port: udp.address().port, waiting: false };
    places[socket] = place;
    udp.on('message', (message, { address, port: from }) => received(socket, place, message, address, from));
    return socket;
  }

  /** Whether there is room for another datagram behind those that wait. */
  function hasRoom(place: Place): boolean {
    const bytes = place.udp.getSendQueueSize();
    place.waiting = bytes > 0;
    return bytes < LONGEST_QUEUE;
  }

  const io: DatagramIo = {
    kind: 'dgram',
    can: { dontFragment: false, icmp: false },
    slab,
    view,
    rx,
    scratch,
    spare,
    counters,
    open,
    portOf: (socket) => places[socket]?.port ?? 0,
    close(socket) {
      const place = places[socket];
      if (place === undefined) return;
      places[socket] = undefined;
      (inBatch ? resting : free).push(socket);
      place.udp.close();
    },
    send(socket, headerOffset, headerLength, offset, length, a, b, c, d, port) {
      const place = places[socket];
      const total = headerLength + length;
      if (place === undefined) counters[COUNT.sendClosed]! += 1;
      else if (port === 0 || familyOfWords(a, b, c) !== place.family) counters[COUNT.sendRefused]! += 1;
      else if (total > LONGEST_DATAGRAM) counters[COUNT.sendTooLong]! += 1;
      else if (place.waiting && !hasRoom(place)) counters[COUNT.sendFull]! += 1;
      else {
        // Behind others it will wait too: then it has bytes of its own, no more than it needs.
        const bytes = place.waiting ? Buffer.allocUnsafeSlow(total) : outgoing;
        for (let i = 0; i < headerLength; i += 1) bytes[i] = slab[headerOffset + i]!;
        bytes.set(slab.subarray(offset, offset + length), headerLength);
        place.udp.send(bytes, 0, total, port, texts.of(a, b, c, d));
        counters[COUNT.sent]! += 1;
        counters[COUNT.sendCalls]! += 1;
        if (place.waiting || place.udp.getSendQueueCount() === 0) return;
        // The kernel has not taken it: the bytes belong to the queue from now on.
        outgoing = Buffer.allocUnsafeSlow(LONGEST_DATAGRAM);
        place.waiting = true;
      }
    },
    flush() {},
    end() {
      ended = true;
      for (let socket = 0; socket < places.length; socket += 1) io.close(socket);
    },
  };
  return io;
}

/** Binds `udp`, whose lookup answers at once. Returns 0 or a negative errno. */
function bindNow(udp: Socket, port: number, address: string): number {
  let outcome: number | undefined;
  udp.once('listening', () => (outcome = 0));
  udp.on('error', (error: NodeJS.ErrnoException) => (outcome ??= error.errno ?? -constants.errno.EINVAL));
  udp.bind({ port, address, exclusive: true });
  if (outcome === undefined) throw new Error('this Node binds UDP sockets later than at once');
  return outcome;
}
