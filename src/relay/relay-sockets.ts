/** Relay sockets: UDP sockets and, for RFC 6062, TCP listeners on random ports of the relay addresses. */
import { createServer, type Server, type Socket } from 'node:net';

import { FAMILY, type Family, hostText, type TransportAddress } from '../stun/address.ts';
import type { RelaySocket, TurnEvent, TurnOutput } from '../turn/events.ts';
import type { DatagramIo } from './datagram-io.ts';
import type { PortPool } from './port-pool.ts';

/** Linux' errno values for what another port may mend: in use, or not for this user. */
const TRY_ANOTHER: ReadonlySet<number> = new Set([-98, -13]);
/** Ports that are tried when others on this machine hold ports of the range. */
const ATTEMPTS = 32;

/** An address to relay from, without a port. */
export type LocalAddress = Omit<TransportAddress, 'port'>;

export type RelaySocketOptions = {
  readonly io: Pick<DatagramIo, 'open' | 'close'>;
  /** Where to bind, by family. */
  readonly addresses: ReadonlyMap<Family, LocalAddress>;
  readonly pools: ReadonlyMap<Family, PortPool>;
  readonly now: () => number;
  readonly newHandle: () => number;
  /** A UDP relay socket is open, or closed. */
  readonly udpChanged: (socket: number, family: Family, port: number, open: boolean) => void;
  /** A peer has connected to a TCP listener. */
  readonly accepted: (relay: number, peer: Socket) => void;
  /** What follows from an effect that takes its time. */
  readonly later: (event: TurnEvent) => void;
};

type BindRelay = Extract<TurnOutput, { type: 'bind-relay' }>;
type Bound = { readonly family: Family; readonly port: number; readonly server?: Server };

export type RelaySockets = {
  /** The answer, or undefined where it comes by `later`. */
  bind(wanted: BindRelay): TurnEvent | undefined;
  close(socket: number): void;
  /** Where a relay socket is bound; undefined where there is none of this handle. */
  localOf(socket: number): { readonly address: LocalAddress; readonly port: number } | undefined;
  /** Open sockets. */
  readonly size: number;
  end(): void;
};

export function createRelaySockets(options: RelaySocketOptions): RelaySockets {
  const { io, addresses, pools, now, newHandle, udpChanged, later } = options;
  const bound = new Map<number, Bound>();

  function openUdp(family: Family, port: number): number {
    const socket = io.open({ ...addresses.get(family)!, port });
    if (socket < 0) return socket;
    bound.set(socket, { family, port });
    udpChanged(socket, family, port, true);
    return socket;
  }

  /** The socket, and for `pair` the one on the next port; undefined where no port is left. */
  function bindUdp(family: Family, wanted: 'any' | 'even' | 'pair'): RelaySocket[] | undefined {
    const pool = pools.get(family);
    if (pool === undefined) return undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const port = pool.take(wanted, now());
      if (port === undefined) return undefined;
      const ports = wanted === 'pair' ? [port, port + 1] : [port];
      const sockets = ports.map((one) => openUdp(family, one));
      const failed = sockets.find((socket) => socket < 0);
      if (failed === undefined) return ports.map((one, at) => ({ socket: sockets[at]!, family, port: one }));
      for (const [at, one] of ports.entries()) {
        if (sockets[at]! >= 0) close(sockets[at]!);
        else pool.refused(one, now());
      }
      if (!TRY_ANOTHER.has(failed)) return undefined;
    }
    return undefined;
  }

  function bindAllUdp({ allocation, families, port }: BindRelay): TurnEvent {
    const sockets: RelaySocket[] = [];
    let reserved: RelaySocket | undefined;
    for (const family of families) {
      const [socket, next] = bindUdp(family, port === 'even+reserve' ? 'pair' : port) ?? [];
      if (socket !== undefined) sockets.push(socket);
      reserved ??= next;
    }
    return sockets.length === 0
      ? failure(allocation, families)
      : { type: 'relay-bound', allocation, sockets, reserved };
  }

  function failure(allocation: number, families: readonly Family[]): TurnEvent {
    const why = families.some((family) => addresses.has(family)) ? 'exhausted' : 'unsupported';
    return { type: 'relay-bind-failed', allocation, why };
  }

  function listen(family: Family, attempt = 1): Promise<RelaySocket | undefined> {
    const pool = pools.get(family);
    const port = pool?.take('any', now());
    if (pool === undefined || port === undefined) return Promise.resolve(undefined);
    const socket = newHandle();
    const server = createServer({ pauseOnConnect: true }, (peer) => options.accepted(socket, peer));
    return new Promise((resolve) => {
      server.once('error', () => {
        pool.refused(port, now());
        resolve(attempt < ATTEMPTS ? listen(family, attempt + 1) : undefined);
      });
      const host = hostText(addresses.get(family)!);
      // Connections to peers leave from the same port (RFC 6062 §5.2).
      server.listen({ host, port, reusePort: true, ipv6Only: family === FAMILY.IPV6 }, () => {
        server.removeAllListeners('error').on('error', () => undefined);
        bound.set(socket, { family, port, server });
        resolve({ socket, family, port });
      });
    });
  }

  async function listenAll({ allocation, families }: BindRelay): Promise<void> {
    const listening = await Promise.all(families.map((family) => listen(family)));
    const sockets = listening.filter((socket) => socket !== undefined);
    later(sockets.length === 0 ? failure(allocation, families) : { type: 'relay-bound', allocation, sockets });
  }

  function close(socket: number): void {
    const one = bound.get(socket);
    if (one === undefined) return;
    bound.delete(socket);
    if (one.server === undefined) {
      udpChanged(socket, one.family, one.port, false);
      io.close(socket);
    } else one.server.close();
    pools.get(one.family)?.giveBack(one.port, now());
  }

  return {
    bind(wanted) {
      if (wanted.transport === 'udp') return bindAllUdp(wanted);
      void listenAll(wanted);
      return undefined;
    },
    close,
    localOf(socket) {
      const one = bound.get(socket);
      return one && { address: addresses.get(one.family)!, port: one.port };
    },
    get size() {
      return bound.size;
    },
    end() {
      for (const socket of [...bound.keys()]) close(socket);
    },
  };
}
