/** The peers that a relay's clients may reach, from the words of the configuration. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

import { parseAddress, type TransportAddress } from '../stun/address.ts';
import { type Prefix, parsePrefix } from '../turn/peer-address-prefix.ts';
import type { PeerPolicyOptions } from '../turn/peer-policy.ts';
import type { RelayOptions } from './options.ts';
import type { ListenAddress, RelayPorts } from './uris.ts';

/** Finds the addresses of a name; none where it has none. */
export type LookUp = (name: string) => Promise<readonly string[]>;

type Plan = Pick<
  RelayOptions,
  'peers' | 'media' | 'allow' | 'deny' | 'ownPorts' | 'listen' | 'relay' | 'relayPorts' | 'secondAddress'
>;

/** The policy of all threads. Names that media is announced by are looked up. */
export async function peerPolicyOptions(plan: Plan, ports: RelayPorts, lookUp: LookUp): Promise<PeerPolicyOptions> {
  const addresses = new Map<string, readonly string[]>();
  const resolve = async (host: string) => {
    if (isIP(host) !== 0) return [host];
    if (!addresses.has(host)) addresses.set(host, await lookUp(host));
    return addresses.get(host)!;
  };
  const media: { announced: TransportAddress; listening: TransportAddress }[] = [];
  for (const { ip, announced, port } of plan.media) {
    const listening = addressOf(reachable(ip, plan.relay), port);
    if (announced === undefined) media.push({ announced: addressOf(ip, port), listening });
    for (const told of announced === undefined ? [] : await resolve(announced)) {
      if (isIP(told) === isIP(ip)) media.push({ announced: addressOf(told, port), listening });
    }
  }
  const told = await Promise.all(
    plan.listen.map(({ announced }) => (announced === undefined ? Promise.resolve([]) : resolve(announced))),
  );
  const second = plan.secondAddress === undefined ? [] : [plan.secondAddress];
  const own = [...plan.listen.map(({ ip }) => ip), ...told.flat(), ...second, ...machineAddresses()];
  return {
    mode: plan.peers,
    media,
    allow: prefixes(plan.allow),
    deny: prefixes(plan.deny),
    own: {
      addresses: own.map((ip) => addressOf(ip, 0)),
      ports: [
        ...Object.values(ports),
        ...(second.length > 0 && ports.udp !== undefined ? [ports.udp + 1] : []),
        ...plan.ownPorts,
      ],
    },
    relays: plan.relay.map(({ ip, announced = ip }) => ({
      announced: addressOf(announced, 0),
      listening: addressOf(ip, 0),
    })),
    relayPorts: plan.relayPorts,
  };
}

/**
 * Where a relay socket sends to reach what listens on `ip`. Who listens on a wildcard listens on the relay's own address
 * too, and answers to a relay socket from there.
 */
function reachable(ip: string, relay: readonly ListenAddress[]): string {
  if (ip !== '0.0.0.0' && !/^[0:]+$/u.test(ip)) return ip;
  return relay.find((place) => isIP(place.ip) === isIP(ip))?.ip ?? (isIP(ip) === 4 ? '127.0.0.1' : '::1');
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address));
}

function prefixes(texts: readonly string[]): Prefix[] {
  return texts.map((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) throw new Error(`turn.allow, turn.deny: ${text} is not an address or a CIDR range`);
    return prefix;
  });
}

function addressOf(ip: string, port: number): TransportAddress {
  const address = parseAddress(ip.replace(/%.*$/u, ''), port);
  if (address === undefined) throw new Error(`turn: ${ip} is not an IP address`);
  return address;
}
