import { isIP } from 'node:net';

/** An address that clients come to, and what they are told instead. */
export type ListenAddress = { readonly ip: string; readonly announced?: string };

/** The ports of a relay; absent: not offered. */
export type RelayPorts = { readonly udp?: number; readonly tcp?: number; readonly tls?: number };

/**
 * TURN URIs (RFC 7065) in the order in which clients should prefer them: UDP, TCP, TLS, and IPv4 before IPv6, at most
 * one address of each family, since browsers gather candidates through every URI that they are given.
 *
 * @param name What the certificate is for, where that is a name: TLS clients hold it against the URI's host.
 */
export function turnUris(listen: readonly ListenAddress[], ports: RelayPorts, name: string | undefined): string[] {
  const hosts = hostsOf(listen);
  const tlsHosts = name === undefined || isIP(name) !== 0 ? hosts : [name];
  const uris = [
    ...(ports.udp === undefined ? [] : hosts.map((host) => `turn:${bracketed(host)}:${ports.udp}?transport=udp`)),
    ...(ports.tcp === undefined ? [] : hosts.map((host) => `turn:${bracketed(host)}:${ports.tcp}?transport=tcp`)),
    ...(ports.tls === undefined ? [] : tlsHosts.map((host) => `turns:${bracketed(host)}:${ports.tls}?transport=tcp`)),
  ];
  return [...new Set(uris)];
}

function hostsOf(listen: readonly ListenAddress[]): string[] {
  return [4, 6].flatMap((family) => {
    const first = listen.find(({ ip }) => isIP(ip) === family);
    return first === undefined ? [] : [first.announced ?? first.ip];
  });
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
