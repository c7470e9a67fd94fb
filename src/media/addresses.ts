/** Where workers listen: addresses, ports, and what the system says when it does not like them. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

import type { TransportListenInfo } from 'mediasoup/types';

import type { ListenAddress } from './options.ts';

/** One socket takes the packets of all clients of a worker, so it must hold a burst. The system may allow less. */
const UDP_BUFFER_BYTES = 4 * 1024 * 1024;
/** Ports that no system hands out by itself: the one of a worker that died must still be free for the next. */
export const PORTS = { from: 16_384, to: 32_768 };

/**
 * `listen` with each wildcard that announces nothing spelled out as this machine's addresses: a client can do nothing
 * with a candidate `0.0.0.0`, and a socket for each address answers from the address that was asked.
 */
export function spellOutWildcards(
  listen: readonly ListenAddress[],
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
): ListenAddress[] {
  const local = Object.values(interfaces).flatMap((list) => list ?? []);
  const ips = listen.flatMap((address) => {
    const family = { '0.0.0.0': 'IPv4', '::': 'IPv6' }[address.ip];
    if (family === undefined || address.announced !== undefined) return [address];
    // Link-local IPv6 needs a zone, which means nothing to another machine.
    return local
      .filter((found) => found.family === family && !found.address.startsWith('fe80'))
      .map(({ address: ip }) => ({ ip }));
  });
  return [...new Map(ips.map((address) => [address.ip, address])).values()];
}

/** UDP and TCP on `port` of each address, in order of preference. */
export function listenInfos(listen: readonly ListenAddress[], port: number): TransportListenInfo[] {
  return listen.flatMap(({ ip, announced }) =>
    (['udp', 'tcp'] as const).map((protocol) => ({
      protocol,
      ip,
      port,
      ...(announced === undefined ? {} : { announcedAddress: announced }),
      // So that `::` and `0.0.0.0` can share a port.
      ...(isIPv6(ip) ? { flags: { ipv6Only: true } } : {}),
      ...(protocol === 'udp' ? { sendBufferSize: UDP_BUFFER_BYTES, recvBufferSize: UDP_BUFFER_BYTES } : {}),
    })),
  );
}

/** A port that is free for UDP and TCP on all of `listen`, as far as can be known before it is bound. */
export async function findFreePort(listen: readonly ListenAddress[], attempts = 50): Promise<number> {
  const [first] = listen;
  if (first === undefined) throw new Error('media.listen is empty');
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(PORTS.from, PORTS.to);
    const free = await Promise.all(
      listen.map(async ({ ip }) => (await bindUdp(ip, port)) && (await bindTcp(ip, port))),
    );
    if (free.every(Boolean)) return port;
  }
  throw new Error(`media.listen: no port is free on ${listen.map(({ ip }) => ip).join(', ')}`);
}

/** Why a worker did not start, for the person who wrote the configuration. */
export function explainStart(error: unknown, port: number, workerBin: string): Error {
  const reason = error instanceof Error ? error.message : String(error);
  const socket = /protocol:(\w+), ip:'([^']+)'/.exec(reason);
  const where = socket === null ? '' : ` (${socket[1]?.toUpperCase()} on ${socket[2]})`;
  const explained = (text: string) => new Error(text, { cause: error });
  if (reason.includes('address already in use')) {
    return explained(`media.port: port ${port}${where} is in use already`);
  }
  if (reason.includes('permission denied')) {
    return explained(`media.port: this user may not use port ${port}${where}`);
  }
  if (reason.includes('address not available')) {
    return explained(`media.listen: ${socket?.[2] ?? 'an address'} is not an address of this machine`);
  }
  if (reason.startsWith('invalid IP')) return explained(`media.listen: ${reason}`);
  return explained(`media.workerBin: the worker ${workerBin} does not run: ${reason}`);
}

function bindUdp(ip: string, port: number): Promise<boolean> {
  const socket = createSocket({ type: isIPv6(ip) ? 'udp6' : 'udp4', ipv6Only: isIPv6(ip) });
  return new Promise((resolve) => {
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind(port, ip, () => socket.close(() => resolve(true)));
  });
}

function bindTcp(ip: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: ip, ipv6Only: isIPv6(ip) }, () => server.close(() => resolve(true)));
  });
}
