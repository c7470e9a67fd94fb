/** The ports that a relay's threads share: found, and tried, before any thread starts. */
import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';

import type { ListenAddress, RelayPorts } from './uris.ts';

type Wanted = {
  readonly listen: readonly ListenAddress[];
  readonly port: number;
  readonly tlsPort: number;
  readonly udp: boolean;
  readonly tcp: boolean;
  readonly tls: boolean;
};

type Transport = 'udp' | 'tcp';

const ATTEMPTS = 20;

/**
 * The ports to listen on, those that were asked for or any. The threads' sockets share their ports, with any process
 * of the same user; so it is tried here, without sharing, whether somebody else has them.
 *
 * Rejects with an `Error` whose message a person can act on.
 */
export async function findListenPorts({ listen, port, tlsPort, udp, tcp, tls }: Wanted): Promise<RelayPorts> {
  const transports: Transport[] = [...(udp ? (['udp'] as const) : []), ...(tcp ? (['tcp'] as const) : [])];
  const plain = transports.length === 0 ? undefined : await findPort(listen, port, transports, 'turn.port');
  const secure = tls ? await findPort(listen, tlsPort, ['tcp'], 'turn.tlsPort') : undefined;
  return {
    ...(udp && plain !== undefined ? { udp: plain } : {}),
    ...(tcp && plain !== undefined ? { tcp: plain } : {}),
    ...(secure === undefined ? {} : { tls: secure }),
  };
}

async function findPort(
  listen: readonly ListenAddress[],
  wanted: number,
  transports: readonly Transport[],
  key: string,
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    let port = wanted;
    try {
      for (const { ip } of listen) {
        // The first one decides, where any will do.
        for (const transport of transports) port = await tryPort(transport, ip, port);
      }
      return port;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (wanted === 0 && code === 'EADDRINUSE' && attempt < ATTEMPTS) continue;
      throw explain(error as NodeJS.ErrnoException & { where?: string }, key, port);
    }
  }
}

async function tryPort(transport: Transport, ip: string, port: number): Promise<number> {
  try {
    return await (transport === 'udp' ? tryUdp(ip, port) : tryTcp(ip, port));
  } catch (error) {
    throw Object.assign(error as Error, { where: `${transport.toUpperCase()} on ${ip}` });
  }
}

function tryUdp(ip: string, port: number): Promise<number> {
  const socket = createSocket({ type: isIPv6(ip) ? 'udp6' : 'udp4', ipv6Only: isIPv6(ip) });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => socket.close(() => reject(error)));
    socket.bind({ port, address: ip, exclusive: true }, () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}

function tryTcp(ip: string, port: number): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: ip, ipv6Only: isIPv6(ip), exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}

function explain(error: NodeJS.ErrnoException & { where?: string }, key: string, port: number): Error {
  const where = error.where ?? '';
  const explained = (text: string) => new Error(text, { cause: error });
  switch (error.code) {
    case 'EADDRINUSE':
      return explained(`${key}: port ${port} (${where}) is in use already; choose another, or set turn.enabled: false`);
    case 'EACCES':
      return explained(`${key}: this user may not use port ${port} (${where})`);
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return explained(`turn.listen: ${where.replace(/^.* /u, '')} is not an address of this machine`);
    case undefined:
    default:
      return explained(`${key}: port ${port} (${where}) cannot be used: ${error.message}`);
  }
}
