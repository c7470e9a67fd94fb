/**
 * The shell of one TURN server: brings it datagrams and frames, sends what it routes, and does what it asks for. One
 * thread runs one of these.
 */
import type { Socket } from 'node:net';

import type { Millis } from '../kernel/clock.ts';
import { type Family, parseAddress, type TransportAddress } from '../stun/address.ts';
import { STREAM_HANDLES, type TurnEvent, type TurnOutput } from '../turn/events.ts';
import { CONTROL, HEADER_ROOM, RELAYED } from '../turn/route.ts';
import { ANSWER_ROOM, type TurnServer } from '../turn/server.ts';
import { type ClientStream, type ClientStreams, createClientStreams } from './client-streams.ts';
import type { UdpAddon } from './datagram-addon.ts';
import { type DatagramIo, RX_STRIDE } from './datagram-io.ts';
import { createDeadlineTimer } from './deadline-timer.ts';
import { LONGEST_FRAME } from './framing.ts';
import { createPeerStreams, type PeerStreams } from './peer-streams.ts';
import { createRelaySockets, type RelaySocketOptions, type RelaySockets } from './relay-sockets.ts';
import type { StreamLimits } from './stream-limits.ts';
import { createTcpAddon } from './tcp-addon.ts';

/** What an allocation's life brings that others want to know. */
export type ShellFact = Extract<TurnOutput, { type: 'allocated' | 'ended' }>;

export type ShellOptions = {
  readonly io: DatagramIo;
  /** Made by the caller, who knows secrets and limits; it shares `io.slab`. */
  readonly server: TurnServer;
  readonly relay: Pick<RelaySocketOptions, 'addresses' | 'pools'> & {
    /** A UDP port of a relay address is in use from now on, or no longer. */
    readonly portChanged: (family: Family, port: number, open: boolean) => void;
  };
  readonly streams: StreamLimits;
  /** What `streams` count; see THREAD_COUNTERS. */
  readonly counters: Float64Array;
  readonly bindStream: Parameters<typeof createPeerStreams>[0]['bindStream'];
  /** For TCP connections of clients; undefined where `io` has none. */
  readonly addon: UdpAddon | undefined;
  readonly onFact: (fact: ShellFact) => void;
};

/** Memory for frames of streams, which `DatagramIo.spare` must have. */
export const FRAME_ROOM = 4 * (LONGEST_FRAME + 4);

export type Shell = {
  /** The handlers that `io` was made for. */
  onBatch(count: number): void;
  onError(
    ...report: readonly [
      socket: number,
      a: number,
      b: number,
      c: number,
      d: number,
      port: number,
      type: number,
      code: number,
      info: number,
    ]
  ): void;
  /** From now on, datagrams of this UDP socket are clients'. */
  listensOn(socket: number): void;
  acceptStream(socket: Socket, transport: 'tcp' | 'tls', raw: Socket): void;
  /** An event from outside, as a revocation. */
  tell(event: TurnEvent): void;
  sweep(): void;
  /** Closes everything but `io`. */
  end(): void;
};

const NOBODY = 0;
const CLIENTS = 1;
const PEERS = 2;
/** A client's TCP connection. */
const STREAM = 3;
/** DatagramIo's handles are below this. */
const UDP_HANDLES = 1 << 16;
/** A 31-bit integer's largest. */
const LAST_HANDLE = 0x7fff_ffff;

export function createShell(options: ShellOptions): Shell {
  const { io, server, onFact } = options;
  const { slab, rx, scratch, spare } = io;
  const { route, answers } = server;
  const bytes = Buffer.from(slab.buffer, slab.byteOffset, slab.byteLength);
  /** Who sends to each UDP socket. */
  const side = new Uint8Array(UDP_HANDLES);

  const headersStart = scratch.offset;
  const headersEnd = scratch.offset + (scratch.length >>> 1);
  const answersEnd = scratch.offset + scratch.length;
  const framesEnd = spare.offset + spare.length;
  let frameAt = spare.offset;
  let lastHandle = STREAM_HANDLES - 1;
  let now = Date.now() as Millis;

  const queue: TurnEvent[] = [];
  let running = false;
  const timer = createDeadlineTimer(() => tell({ type: 'deadline' }));
  let unsettled = false;

  const newHandle = () => {
    do {
      lastHandle = lastHandle === LAST_HANDLE ? STREAM_HANDLES : lastHandle + 1;
    } while (clients.has(lastHandle) || peers.has(lastHandle) || relays.localOf(lastHandle) !== undefined);
    return lastHandle;
  };
  const clock = () => (now = Date.now() as Millis);
  const tell = (event: TurnEvent) => {
    clock();
    // In the middle of an event's outputs it waits its turn; those may still lie in the slab.
    const within = running;
    run(event);
    if (!within) settle();
  };

  const clients: ClientStreams = createClientStreams({
    limits: options.streams,
    counters: options.counters,
    addon:
      options.addon &&
      createTcpAddon(options.addon, io, (reads, open) => {
        side[reads] = open ? STREAM : NOBODY;
      }),
    slab: bytes,
    now: clock,
    newHandle,
    handlers: {
      frame,
      readEnd: settleSoon,
      closed: (socket) => tell({ type: 'stream-closed', socket }),
    },
  });
  const peers: PeerStreams = createPeerStreams({
    newHandle,
    bindStream: options.bindStream,
    bridged: (connection, up, count) => server.bridged(connection, up, count, clock()),
    connected: (connection, peer) => tell({ type: 'peer-connected', connection, peer }),
    connectFailed: (connection) => tell({ type: 'peer-connect-failed', connection }),
    closed: (socket) => tell({ type: 'stream-closed', socket }),
  });
  const relays: RelaySockets = createRelaySockets({
    ...options.relay,
    io,
    now: () => now,
    newHandle,
    udpChanged(socket, family, port, open) {
      side[socket] = open ? PEERS : NOBODY;
      options.relay.portChanged(family, port, open);
    },
    accepted(relay, socket) {
      const address = parseAddress((socket.remoteAddress ?? '').replace(/%.*$/u, ''), socket.remotePort ?? 0);
      if (address === undefined) socket.destroy();
      else tell({ type: 'peer-accepted', relay, peer: peers.adopt(socket), address });
    },
    later: tell,
  });

  /** Once all streams that are readable now have been read: what they bring leaves together. */
  function settleSoon(): void {
    if (unsettled) return;
    unsettled = true;
    setImmediate(() => unsettled && settle());
  }

  /** Sends what has been queued, and lets headers, answers and frames begin anew. */
  function settle(): void {
    unsettled = false;
    io.flush();
    clients.flush();
    beginAnew();
  }

  function beginAnew(): void {
    route.headerOffset = headersStart;
    answers.offset = headersEnd;
    answers.end = answersEnd;
    frameAt = spare.offset;
  }

  /** Sends what the server has routed. */
  function forward(): void {
    let { length } = route;
    for (let left = route.padding; left > 0; left -= 1) {
      slab[route.offset + length] = 0;
      length += 1;
    }
    if (route.socket >= STREAM_HANDLES) {
      clients.send(route.socket, route.headerOffset, route.headerLength, route.offset, length, true);
      return;
    }
    const { socket, headerOffset, headerLength, offset, a, b, c, d, port, dontFragment } = route;
    io.send(socket, headerOffset, headerLength, offset, length, a, b, c, d, port, dontFragment);
    // It must stay until it is flushed.
    route.headerOffset = headerOffset + ((headerLength + 7) & ~7);
    if (route.headerOffset + HEADER_ROOM > headersEnd) {
      io.flush();
      route.headerOffset = headersStart;
    }
  }

  function onBatch(count: number): void {
    clock();
    // What streams have brought still lies where this batch's headers go.
    if (unsettled) settle();
    else beginAnew();
    for (let at = 0; at < count * RX_STRIDE; at += RX_STRIDE) {
      const socket = rx[at]!;
      const offset = rx[at + 1]!;
      const length = rx[at + 2]!;
      const a = rx[at + 3]!;
      const b = rx[at + 4]!;
      const c = rx[at + 5]!;
      const d = rx[at + 6]!;
      const port = rx[at + 7]!;
      if (side[socket] === PEERS) {
        if (server.fromPeer(socket, a, b, c, d, port, offset, length, now) === RELAYED) forward();
      } else if (side[socket] === CLIENTS) {
        const verdict = server.fromClient(socket, a, b, c, d, port, offset, length, now);
        if (verdict === RELAYED) forward();
        else if (verdict === CONTROL) {
          run({ type: 'message', socket, transport: 'udp', address: { a, b, c, d, port }, offset, length });
        }
      } else if (side[socket] === STREAM) {
        clients.arrived(socket, offset, length);
      }
    }
    clients.flush();
  }

  function frame({ handle, transport, address }: ClientStream, chunk: Buffer, start: number, end: number): void {
    const length = end - start;
    // With room behind it for padding.
    if (frameAt + length + 8 > framesEnd) settle();
    const offset = frameAt;
    chunk.copy(bytes, offset, start, end);
    frameAt = offset + ((length + 15) & ~7);
    const { a, b, c, d, port } = address;
    const verdict = server.fromClient(handle, a, b, c, d, port, offset, length, now);
    if (verdict === RELAYED) forward();
    else if (verdict === CONTROL) run({ type: 'message', socket: handle, transport, address, offset, length });
  }

  /** Hands an event to the server, and does what follows; what that brings about comes after it. */
  function run(event: TurnEvent): void {
    queue.push(event);
    if (running) return;
    running = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (answers.offset + ANSWER_ROOM > answers.end) {
        io.flush();
        answers.offset = headersEnd;
      }
      for (const output of server.handle(next, now)) perform(output);
    }
    running = false;
    timer.arm(server.nextDeadline());
  }

  function perform(output: TurnOutput): void {
    switch (output.type) {
      case 'send':
        return answer(output);
      case 'bind-relay': {
        const event = relays.bind(output);
        if (event !== undefined) queue.push(event);
        return;
      }
      case 'close-relay':
        return relays.close(output.socket);
      case 'connect-peer': {
        const from = relays.localOf(output.relay);
        if (from === undefined) queue.push({ type: 'peer-connect-failed', connection: output.connection });
        else peers.connect(output.connection, from, output.address);
        return;
      }
      case 'cancel-connect':
        return peers.cancel(output.connection);
      case 'bridge': {
        const client = clients.release(output.client);
        if (client === undefined) return peers.close(output.peer);
        return peers.bridge(output.connection, output.client, client, output.peer);
      }
      case 'close-stream':
        clients.close(output.socket);
        return peers.close(output.socket);
      case 'authenticated':
        return clients.authenticated(output.socket);
      case 'allocated':
      case 'ended':
        return onFact(output);
    }
  }

  function answer({ socket, address, offset, length }: Extract<TurnOutput, { type: 'send' }>): void {
    if (socket >= STREAM_HANDLES) {
      clients.send(socket, 0, 0, offset, length, false);
      return;
    }
    const { a, b, c, d, port }: TransportAddress = address;
    io.send(socket, 0, 0, offset, length, a, b, c, d, port, false);
    // It must stay until it is flushed.
    answers.offset = Math.max(answers.offset, (offset + length + 7) & ~7);
  }

  beginAnew();
  return {
    onBatch,
    onError(socket, a, b, c, d, port, icmpType, icmpCode, info) {
      // What an ICMP error says of a client's address is not to be believed, and of no use.
      if (side[socket] !== PEERS) return;
      clock();
      run({ type: 'icmp', socket, address: { a, b, c, d, port }, icmpType, icmpCode, data: info });
    },
    listensOn(socket) {
      side[socket] = CLIENTS;
    },
    acceptStream(socket, transport, raw) {
      clock();
      clients.adopt(socket, transport, raw);
    },
    tell,
    sweep() {
      clients.sweep(clock());
    },
    end() {
      unsettled = false;
      timer.stop();
      clients.end();
      peers.end();
      relays.end();
    },
  };
}
