/** The TCP and TLS listeners of one thread. */
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

import type { Certificate } from './certificate.ts';
import type { ThreadStart } from './control.ts';

/** Takes a connection. `raw` is what `socket` runs over; the same for TCP. */
type Accept = (socket: Socket, transport: 'tcp' | 'tls', raw: Socket) => void;

export type StreamListeners = {
  /** For connections that come from now on. */
  setCertificate(certificate: Certificate): void;
  /** Takes no more connections. */
  close(): void;
};

/** Listens on all addresses, beside the other threads. Rejects, with nothing left open, where that fails. */
export async function openStreamListeners(
  { listen, ports, certificate }: Pick<ThreadStart, 'listen' | 'ports' | 'certificate'>,
  accept: Accept,
): Promise<StreamListeners> {
  let secureContext = certificate && createSecureContext(certificate);
  const servers: Server[] = [];
  const open = async (port: number | undefined, pauseOnConnect: boolean, take: (raw: Socket) => void) => {
    for (const { ip } of port === undefined ? [] : listen) {
      const server = createServer({ noDelay: true, pauseOnConnect }, take);
      servers.push(server);
      await listening(server, ip, port!);
    }
  };
  const close = () => {
    for (const server of servers) server.close();
  };
  try {
    // Whoever takes it decides who reads it.
    await open(ports.tcp, true, (raw) => accept(raw, 'tcp', raw));
    await open(ports.tls, false, (raw) => {
      // Those of the socket above it say as much.
      raw.on('error', () => undefined);
      if (secureContext === undefined) raw.destroy();
      else accept(new TLSSocket(raw, { isServer: true, secureContext }), 'tls', raw);
    });
  } catch (error) {
    close();
    throw error;
  }
  return {
    setCertificate(next) {
      secureContext = createSecureContext(next);
    },
    close,
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`turn.listen: TCP ${host} port ${port}: ${error.message}`)));
    server.listen({ host, port, reusePort: true, ipv6Only: isIPv6(host), backlog: 1024 }, () => {
      // Later ones are of single connections that could not be accepted, for want of descriptors.
      server.removeAllListeners('error').on('error', () => undefined);
      resolve();
    });
  });
}
