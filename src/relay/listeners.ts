/** The UDP sockets that clients send to: which there are, and the sharing of them by threads. */
import { isIP } from 'node:net';

import { parseAddress, type TransportAddress } from '../stun/address.ts';
import { bindShared, closeDescriptor, loadUdpAddon, type UdpAddon } from './datagram-addon.ts';
import type { ListenAddress, RelayPorts } from './uris.ts';

/** One UDP socket of each thread. `ip` and `port` say which of RFC 5780's four it is, where there are four. */
export type Listener = {
  readonly local: TransportAddress;
  /** As clients see it. */
  readonly announced: TransportAddress;
  readonly behavior: { readonly ip: 0 | 1; readonly port: 0 | 1 } | undefined;
};

/** The listeners of each thread. RFC 5780 §6 wants two addresses with two ports each; the second is the next one. */
export function udpListeners(
  listen: readonly ListenAddress[],
  { udp }: RelayPorts,
  secondAddress: string | undefined,
): Listener[] {
  if (udp === undefined) return [];
  const first = listen.find(({ ip }) => secondAddress !== undefined && isIP(ip) === isIP(secondAddress));
  const place = (entry: ListenAddress, port: number, behavior: Listener['behavior']): Listener => {
    const local = addressOf(entry.ip, port);
    return { local, announced: parseAddress(entry.announced ?? entry.ip, port) ?? local, behavior };
  };
  return [
    ...listen.map((entry) => place(entry, udp, entry === first ? { ip: 0, port: 0 } : undefined)),
    ...(first === undefined ? [] : [place(first, udp + 1, { ip: 0, port: 1 })]),
    ...(first === undefined || secondAddress === undefined
      ? []
      : [
          place({ ip: secondAddress }, udp, { ip: 1, port: 0 }),
          place({ ip: secondAddress }, udp + 1, { ip: 1, port: 1 }),
        ]),
  ];
}

/** Sockets that are bound for as long as the relay runs, whatever becomes of the threads that read them. */
export type SharedSockets = {
  /** Descriptors of one thread, in the order of the listeners. */
  of(thread: number): readonly number[];
  close(): void;
};

/**
 * Binds each listener once for each thread: so clients stay with their thread when another one dies and comes back. Throws
 * an `Error` for the person who wrote the configuration.
 */
export function bindListeners(addon: UdpAddon, listeners: readonly Listener[], threads: number): SharedSockets {
  const descriptors: number[][] = [];
  const close = () => {
    for (const descriptor of descriptors.flat()) closeDescriptor(addon, descriptor);
    descriptors.length = 0;
  };
  for (let thread = 0; thread < threads; thread += 1) {
    const own: number[] = [];
    descriptors.push(own);
    for (const { local } of listeners) {
      const descriptor = bindShared(addon, local);
      if (descriptor < 0) {
        close();
        throw new Error(`turn.port: UDP port ${local.port} cannot be opened (errno ${-descriptor})`);
      }
      own.push(descriptor);
    }
  }
  return { of: (thread) => descriptors[thread] ?? [], close };
}

/** native/udp, or why it is not used. Throws where it must be used and cannot. */
export function findAddon(wish: 'auto' | 'on' | 'off', path: string | undefined): UdpAddon | undefined {
  if (wish === 'off') return undefined;
  try {
    if (path === undefined) throw new Error('it has not been built');
    return loadUdpAddon(path);
  } catch (error) {
    if (wish === 'auto') return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`turn.udpAddon: the UDP addon cannot be used: ${why}`, { cause: error });
  }
}

function addressOf(ip: string, port: number): TransportAddress {
  const address = parseAddress(ip, port);
  if (address === undefined) throw new Error(`turn.listen: ${ip} is not an IP address`);
  return address;
}
