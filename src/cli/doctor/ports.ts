/** Whether the ports of the configuration can be listened on, or are the running server's. */
import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';

import type { Config } from '../../config/config.ts';
import { type Finding, ok, problem, reasonOf, skipped } from './finding.ts';

type Protocol = 'udp' | 'tcp';
type Listener = {
  readonly what: string;
  readonly key: string;
  readonly protocol: Protocol;
  readonly ip: string;
  readonly port: number;
};

/** Findings for HTTP, media and TURN. `running`: a server of ours answers, whose ports these are. */
export async function ports(config: Config, running: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const listener of listeners(config)) findings.push(await look(listener, running));
  return findings;
}

/** Everything that the server listens on. */
export function listeners({ host, port, media, turn }: Config): Listener[] {
  const protocols = ['udp', 'tcp'] as const;
  const http: Listener = { what: 'HTTP port', key: 'port', protocol: 'tcp', ip: host, port };
  const ofMedia = media.listen.flatMap(({ ip }) =>
    Array.from(
      { length: media.port === 0 ? 1 : media.workers },
      (_, worker) => media.port + (media.port === 0 ? 0 : worker),
    ).flatMap((each) =>
      protocols.map((protocol): Listener => ({ what: 'media port', key: 'media.port', protocol, ip, port: each })),
    ),
  );
  const ofTurn = turn.listen.flatMap(({ ip }): Listener[] => [
    ...protocols
      .filter((protocol) => turn.transports.includes(protocol))
      .map((protocol): Listener => ({ what: 'TURN port', key: 'turn.port', protocol, ip, port: turn.port })),
    ...(turn.tls === 'off' || !turn.transports.includes('tls')
      ? []
      : [{ what: 'TURN port', key: 'turn.tlsPort', protocol: 'tcp', ip, port: turn.tlsPort } as const]),
  ]);
  return [http, ...ofMedia, ...(turn.enabled ? ofTurn : [])];
}

async function look({ what, key, protocol, ip, port }: Listener, running: boolean): Promise<Finding> {
  const check = `${what} ${ip}:${port}/${protocol}`;
  if (port === 0) return skipped(check, 'any that is free');
  try {
    await (protocol === 'udp' ? bindUdp(ip, port) : bindTcp(ip, port));
    return running
      ? problem(
          check,
          'nobody listens, though the server runs',
          'Restart it with this configuration: it runs with another one.',
        )
      : ok(check, 'free');
  } catch (error) {
    const code = reasonOf(error);
    if (code === 'EADDRINUSE') {
      if (running) return ok(check, 'used, and the server runs');
      return problem(
        check,
        'used by another program',
        `End that one (\`ss -lnp\` shows it), or set ${key} to another port.`,
      );
    }
    if (code === 'EACCES') {
      const change = `Ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or set ${key} to a higher port.`;
      return problem(check, 'this user may not listen there', change);
    }
    if (code === 'EADDRNOTAVAIL') {
      const listen = key.startsWith('port') ? 'host' : `${key.split('.')[0]}.listen`;
      const change = `Set ${listen} to an address of this machine; what clients are told instead is \`announced\`.`;
      return problem(check, 'the address is not one of this machine', change);
    }
    return problem(check, `cannot be listened on (${code})`, `Set ${key} and its address to something that can be.`);
  }
}

function bindTcp(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

function bindUdp(address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => void socket.close(() => resolve()));
  });
}
