import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';

import { installedUdpAddon } from '../../src/package.ts';
import { createDatagramIo } from '../../src/relay/datagram-create.ts';
import { DATAGRAM_COUNTERS, type DatagramIo, type OpenOptions, RX_STRIDE } from '../../src/relay/datagram-io.ts';
import type { SlabSizes } from '../../src/relay/datagram-slab.ts';
import { hostText, parseAddress, type TransportAddress } from '../../src/stun/address.ts';

export type Implementation = 'addon' | 'dgram';
export const IMPLEMENTATIONS: readonly Implementation[] = ['addon', 'dgram'];

export type Arrived = { socket: number; bytes: Buffer; from: TransportAddress };
export type IcmpError = { socket: number; about: TransportAddress; type: number; code: number; info: number };

/** An io whose datagrams and errors are kept, with `onRecord` called for each datagram within its batch. */
export type Station = {
  readonly io: DatagramIo;
  readonly arrived: Arrived[];
  readonly errors: IcmpError[];
  /** Sizes of the batches. */
  readonly batches: number[];
  onRecord: (socket: number, at: number) => void;
  /** Opens a socket, by default on a free port of 127.0.0.1; fails the test where that fails. */
  open(host?: string, port?: number, more?: Partial<OpenOptions>): number;
  addressOf(socket: number): TransportAddress;
  /** Queues `bytes` from scratch; with `header`, gathered from two places. */
  queue(
    socket: number,
    bytes: Uint8Array | string,
    to: TransportAddress,
    more?: { header?: string; dontFragment?: boolean },
  ): void;
  /** The same, and flushes. */
  send(
    socket: number,
    bytes: Uint8Array | string,
    to: TransportAddress,
    more?: { header?: string; dontFragment?: boolean },
  ): void;
  /** Sends the record at `at` of rx back to where it came from. */
  echo(at: number): void;
  count(name: keyof typeof DATAGRAM_COUNTERS): number;
};

export function startStation(t: TestContext, kind: Implementation, sizes: SlabSizes = {}): Station {
  const arrived: Arrived[] = [];
  const errors: IcmpError[] = [];
  const batches: number[] = [];
  const hosts = new Map<number, string>();
  let free = 0;
  const { io } = createDatagramIo({
    addon: kind === 'addon' ? 'on' : 'off',
    addonPath: installedUdpAddon(),
    ...sizes,
    handlers: {
      onBatch(count) {
        batches.push(count);
        free = 0;
        for (let at = 0; at < count * RX_STRIDE; at += RX_STRIDE) {
          const [socket, offset, length, a, b, c, d, port] = io.rx.subarray(at, at + RX_STRIDE) as unknown as Record8;
          const bytes = Buffer.from(io.slab.slice(offset, offset + length));
          arrived.push({ socket, bytes, from: { a, b, c, d, port } });
          station.onRecord(socket, at);
        }
      },
      onError(socket, a, b, c, d, port, type, code, info) {
        errors.push({ socket, about: { a, b, c, d, port }, type, code, info });
      },
    },
  });
  t.after(() => io.end());

  function put(bytes: Uint8Array | string): { offset: number; length: number } {
    const source = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    if (free + source.length > io.scratch.length) throw new Error('the scratch region is full');
    const offset = io.scratch.offset + free;
    io.slab.set(source, offset);
    free += source.length;
    return { offset, length: source.length };
  }

  const station: Station = {
    io,
    arrived,
    errors,
    batches,
    onRecord: () => {},
    open(host = '127.0.0.1', port = 0, more = {}) {
      const socket = io.open({ ...addressAt(host, port), ...more });
      if (socket < 0) throw new Error(`no socket on ${host} port ${port}: ${socket}`);
      hosts.set(socket, host);
      return socket;
    },
    addressOf: (socket) => addressAt(hosts.get(socket) ?? '', io.portOf(socket)),
    queue(socket, bytes, to, { header = '', dontFragment = false } = {}) {
      const head = put(header);
      const body = put(bytes);
      io.send(
        socket,
        head.offset,
        head.length,
        body.offset,
        body.length,
        to.a,
        to.b,
        to.c,
        to.d,
        to.port,
        dontFragment,
      );
    },
    send(socket, bytes, to, more) {
      free = 0;
      station.queue(socket, bytes, to, more);
      io.flush();
      free = 0;
    },
    echo(at) {
      const [socket, offset, length, a, b, c, d, port] = io.rx.subarray(at, at + RX_STRIDE) as unknown as Record8;
      io.send(socket, 0, 0, offset, length, a, b, c, d, port, false);
    },
    count: (name) => io.counters[DATAGRAM_COUNTERS[name]]!,
  };
  return station;
}

type Record8 = [number, number, number, number, number, number, number, number];

export function addressAt(host: string, port: number): TransportAddress {
  const address = parseAddress(host, port);
  if (address === undefined) throw new Error(`${host} is no address`);
  return address;
}

/** `host:port` of an address, for comparisons that read well. */
export function textOf(address: TransportAddress): string {
  return `${hostText(address)} ${address.port}`;
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean, what: string, patienceMs = 5000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`within ${patienceMs} ms not: ${what}`);
    await sleep(2);
  }
}

/** Long enough for what will not come to have come: loopback takes microseconds. */
export function settle(): Promise<void> {
  return sleep(50);
}
