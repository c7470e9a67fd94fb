/** The parts of one relay thread, put together. */
import { randomBytes, randomInt } from 'node:crypto';

import type { Millis } from '../kernel/clock.ts';
import { addressText, FAMILY, type Family, familyOf, parseAddress, type TransportAddress } from '../stun/address.ts';
import { useSha1Instructions } from '../stun/hmac-sha1.ts';
import { createAnswerLimit } from '../turn/answer-limit.ts';
import { type BandwidthLimit, type BandwidthLimits, createBandwidth } from '../turn/bandwidth.ts';
import { createNonces } from '../turn/nonce.ts';
import type { BehaviorEndpoint } from '../turn/options.ts';
import { createPeerPolicy } from '../turn/peer-policy.ts';
import { createQuotas, type QuotaLimits } from '../turn/quotas.ts';
import { createTurnServer, type TurnServer } from '../turn/server.ts';
import { createUsers } from '../turn/users.ts';
import type { Order, Report, ThreadStart } from './control.ts';
import { counterBoard } from './counter-board.ts';
import { bindStream, loadUdpAddon, sha1Instructions, type UdpAddon } from './datagram-addon.ts';
import { createDatagramIo } from './datagram-create.ts';
import type { DatagramIo } from './datagram-io.ts';
import { exactPolicy, type PortOwners, portOwners } from './port-owners.ts';
import { createPortPool, shareOfPorts } from './port-pool.ts';
import type { Listener } from './listeners.ts';
import type { LocalAddress } from './relay-sockets.ts';
import { createShell, FRAME_ROOM, type Shell, type ShellOptions } from './shell.ts';
import { STREAM_LIMITS, SWEEP_EVERY_MS } from './stream-limits.ts';
import { openStreamListeners } from './stream-listeners.ts';
import { watchEventLoop } from './thread-load.ts';
import { createUsageReport } from './usage-report.ts';

/** For a listener, one socket for all clients: it must hold a burst. The system may allow less. */
const LISTENER_BUFFER = 4 * 1024 * 1024;
/** RFC 8656 §5 and §7.2. */
const LIFETIMES = { default: 600_000, max: 3_600_000 };
/** RFC 8489 §9.2.4 asks for an hour at most. */
const NONCE_LIFETIME = 3_600_000;
/** Answers to strangers in all, as a multiple of those to one address. */
const ANSWERS_IN_ALL = 100;
const ANSWER_BURST = 5;
const SOFTWARE = 'Sluice';

export type TurnThread = {
  obey(order: Exclude<Order, { type: 'start' | 'close' }>): void;
  /** Ends every allocation, tells of them, and closes all sockets. */
  close(cause: string): void;
};

/** Opens all sockets. Rejects, with nothing left open, with an `Error` for the person who wrote the configuration. */
export async function startTurnThread(start: ThreadStart, tell: (report: Report) => void): Promise<TurnThread> {
  const board = counterBoard(start.counters);
  let shell: Shell | undefined;
  const { io, why } = createDatagramIo({
    addon: start.udpAddon,
    addonPath: start.addonPath,
    spare: FRAME_ROOM,
    counters: board.datagrams,
    handlers: {
      onBatch: (count) => shell?.onBatch(count),
      onError: (...report) => shell?.onError(...report),
    },
  });
  const addon = io.kind === 'addon' && start.addonPath !== undefined ? loadUdpAddon(start.addonPath) : undefined;
  useSha1Instructions(addon && sha1Instructions(addon, io.slab));
  try {
    const listeners = openListeners(io, start);
    const owners = portOwners(start.portOwners);
    const usage = createUsageReport(tell);
    const relay = relayAddresses(start);
    const access = createAccess(io.slab, start, owners);
    const server = createServer(io, start, board.turn, access, relay, behaviorOf(listeners));
    const made = createShell({
      ...{ io, server },
      relay: {
        addresses: mapValues(relay, ({ local }) => local),
        pools: portPools(start, relay),
        portChanged: (family, port, open) => owners.set(family, port, open ? start.index : undefined),
      },
      streams: streamLimits(start),
      counters: board.thread,
      ...tcpByAddon(addon),
      onFact: (fact) => usage.take(fact, Date.now()),
    });
    shell = made;
    for (const { socket } of listeners) made.listensOn(socket);
    const streams = await openStreamListeners(start, (socket, transport, raw) =>
      made.acceptStream(socket, transport, raw),
    );
    const load = watchEventLoop(board.thread);
    const sweeping = setInterval(() => {
      made.sweep();
      load.sample();
      usage.tick(Date.now(), (visit) => server.usage(visit));
    }, SWEEP_EVERY_MS);
    for (const revocation of start.revocations) revoke(revocation);
    tell({ type: 'ready', udp: io.kind, why });

    function revoke({ identity, issuedUntil, cause }: ThreadStart['revocations'][number]): void {
      made.tell({ type: 'revoke', identity, issuedUntil: issuedUntil as Millis, cause });
    }

    return {
      obey(order) {
        switch (order.type) {
          case 'revoke':
            revoke(order);
            return usage.flush();
          case 'certificate':
            return streams.setCertificate(order.certificate);
          case 'policy':
            return access.policy.configure(order.policy);
        }
      },
      close(cause) {
        clearInterval(sweeping);
        load.stop();
        made.tell({ type: 'close', cause });
        usage.flush();
        streams.close();
        made.end();
        io.end();
      },
    };
  } catch (error) {
    io.end();
    throw error;
  }
}

function createServer(
  io: DatagramIo,
  start: ThreadStart,
  counters: Float64Array,
  access: ReturnType<typeof createAccess>,
  relay: ReadonlyMap<Family, RelayPlace>,
  behavior: BehaviorEndpoint[] | undefined,
): TurnServer {
  const { answers } = start.limits;
  return createTurnServer({
    slab: io.slab,
    answers: io.scratch,
    counters,
    realm: start.realm,
    software: SOFTWARE,
    ...access,
    quotas: createQuotas(quotaLimits(start)),
    bandwidth: createBandwidth(bandwidthLimits(start)),
    answerLimit: createAnswerLimit({
      rate: answers,
      burst: answers * ANSWER_BURST,
      total: answers * ANSWERS_IN_ALL,
      key: [randomWord(), randomWord()],
    }),
    random: (count) => randomBytes(count),
    relay: {
      ipv4: relay.get(FAMILY.IPV4)?.announced,
      ipv6: relay.get(FAMILY.IPV6)?.announced,
      tcp: start.tcpRelay,
      mobility: start.mobility,
      dontFragment: io.can.dontFragment,
    },
    lifetimes: { ...LIFETIMES, credentialGrace: start.grace },
    behavior,
  });
}

function randomWord(): number {
  return randomBytes(4).readInt32BE();
}

function createAccess(slab: Uint8Array<ArrayBuffer>, start: ThreadStart, owners: PortOwners) {
  const users = createUsers({
    slab,
    realm: start.realm,
    secrets: start.secrets,
    users: start.users.map(({ username, password }) => ({ name: username, password })),
    seed: randomWord(),
  });
  return {
    users,
    nonces: createNonces({ slab, key: start.nonceKey, lifetime: NONCE_LIFETIME }),
    policy: exactPolicy(createPeerPolicy(start.policy), owners),
  };
}

/** With the addon, connections to peers leave from the relayed port, and clients' TCP is read and written at less cost. */
function tcpByAddon(addon: UdpAddon | undefined): Pick<ShellOptions, 'bindStream' | 'addon'> {
  if (addon === undefined) return { bindStream: undefined, addon };
  return { bindStream: (address, port) => bindStream(addon, { ...address, port }), addon };
}

type OpenListener = Listener & { readonly socket: number };

function openListeners(io: DatagramIo, { listeners, descriptors }: ThreadStart): OpenListener[] {
  return listeners.map((listener, at) => {
    const { local } = listener;
    const shared = descriptors[at];
    const socket = io.open({
      ...local,
      reusePort: true,
      receiveBuffer: LISTENER_BUFFER,
      sendBuffer: LISTENER_BUFFER,
      ...(shared === undefined ? {} : { shared }),
    });
    if (socket < 0) throw new Error(`turn.listen: UDP ${addressText(local)} cannot be opened (errno ${-socket})`);
    return { ...listener, socket };
  });
}

/** RFC 5780, where all four sockets are there. */
function behaviorOf(listeners: readonly OpenListener[]): BehaviorEndpoint[] | undefined {
  const endpoints = listeners.flatMap(({ socket, announced, behavior }) =>
    behavior === undefined ? [] : [{ socket, address: announced, ...behavior }],
  );
  return endpoints.length === 4 ? endpoints : undefined;
}

type RelayPlace = { readonly local: LocalAddress; readonly announced: LocalAddress };

function relayAddresses({ relay }: ThreadStart): Map<Family, RelayPlace> {
  return new Map(
    relay.map(({ ip, announced }) => {
      const local = addressOf(ip, 0);
      return [familyOf(local), { local, announced: announced === undefined ? local : addressOf(announced, 0) }];
    }),
  );
}

function portPools({ relayPorts, ownPorts, index, count }: ThreadStart, relay: ReadonlyMap<Family, RelayPlace>) {
  return mapValues(relay, () =>
    createPortPool({ ...shareOfPorts(relayPorts, index, count), except: ownPorts }, randomInt),
  );
}

function quotaLimits({ limits, count }: ThreadStart): QuotaLimits {
  const part = (of: number) => Math.ceil(of / count);
  return {
    allocations: {
      user: limits.allocationsPerUser,
      address: limits.allocationsPerAddress,
      total: part(limits.allocations),
    },
    permissions: {
      user: limits.permissions,
      address: limits.permissionsPerAddress,
      total: part(limits.permissionsTotal),
    },
    channels: { user: limits.channels, address: limits.channelsPerAddress, total: part(limits.channelsTotal) },
    connections: { user: limits.allocationsPerUser, address: limits.connectionsPerAddress, total: limits.connections },
  };
}

function bandwidthLimits({ limits, count }: ThreadStart): BandwidthLimits {
  const none: BandwidthLimit = { rate: Infinity, burst: Infinity };
  const of = (bits: number | null): BandwidthLimit =>
    // A quarter of a second at once, which a key frame may need, and no less than a few datagrams.
    bits === null ? none : { rate: bits / 8, burst: Math.max(bits / 32, 16 * 1500) };
  return {
    allocation: of(limits.bandwidth),
    user: of(limits.bandwidthPerUser),
    address: of(limits.bandwidthPerAddress),
    total: of(limits.bandwidthTotal === null ? null : limits.bandwidthTotal / count),
  };
}

function streamLimits({ limits, count }: ThreadStart) {
  const part = (of: number) => Math.ceil(of / count);
  return {
    ...STREAM_LIMITS,
    connections: part(limits.connections),
    connectionsPerAddress: limits.connectionsPerAddress,
    strangers: part(limits.unauthenticated),
    strangerTimeout: limits.authenticateWithin,
  };
}

function addressOf(ip: string, port: number): TransportAddress {
  const address = parseAddress(ip, port);
  if (address === undefined) throw new Error(`turn.listen: ${ip} is not an IP address`);
  return address;
}

function mapValues<Key, From, To>(map: ReadonlyMap<Key, From>, change: (value: From) => To): Map<Key, To> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}
