import type { Millis } from '../kernel/clock.ts';
import { Deadlines } from '../kernel/deadlines.ts';
import { MessageReader } from '../stun/message-reader.ts';
import { encodeUtf8 } from '../stun/text.ts';
import { relayBindFailed, relayBound } from './allocate.ts';
import type { Allocation } from './allocation.ts';
import { endAllocation, expire, usageOf } from './allocations.ts';
import { createVerifiers } from './authenticate.ts';
import { Channels } from './channels.ts';
import { type Core, allocationAt, isNextPath } from './core.ts';
import { Departed } from './departed.ts';
import type { AllocationId, ConnectionId, SocketHandle, TurnEvent, TurnOutput, Usage } from './events.ts';
import { relayIcmp } from './icmp.ts';
import { type Message, receive, understoodAttributes } from './messages.ts';
import { losePath, settle } from './mobility.ts';
import { Tickets } from './mobility-ticket.ts';
import type { TurnOptions } from './options.ts';
import { Permissions } from './permissions.ts';
import { RelaySlots } from './relay-slots.ts';
import { Relaying } from './relaying.ts';
import { MAX_REALM, Replies } from './reply.ts';
import { endReservation } from './reservations.ts';
import { RELAYED, type Route, type Verdict, emptyRoute } from './route.ts';
import {
  bridged,
  connectionClosed,
  connectionTimedOut,
  peerAccepted,
  peerConnected,
  peerConnectFailed,
} from './tcp-connections.ts';
import { TransportTable } from './transport-table.ts';

/**
 * A TURN server (RFC 8656, with RFC 6062, 8016 and 5780) as a state machine: events go in, outputs come out; it has no
 * sockets, no clock and no randomness of its own.
 *
 * Datagrams and frames go to `fromClient` and `fromPeer` first. These two allocate nothing. Where the verdict is
 * `RELAYED`, `route` says what to send; where it is `CONTROL`, the message goes to `handle`.
 */
export type TurnServer = {
  /** Filled by the data path; the shell sets `route.headerOffset`, with `HEADER_ROOM` bytes, before each call. */
  readonly route: Route;
  /**
   * Where `handle` writes: from `offset`, as far as `end`. The shell moves `offset` when earlier answers wait to be sent.
   * `ANSWER_ROOM` bytes are enough for the answer to one event; deadlines that do not fit stay due.
   */
  readonly answers: { offset: number; end: number };
  /** A datagram or a stream's frame from a client, with the address that it came from. */
  fromClient(
    socket: SocketHandle,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    offset: number,
    length: number,
    now: Millis,
  ): Verdict;
  /** A datagram that has come to a relay socket. Never `CONTROL`. */
  fromPeer(
    relay: SocketHandle,
    a: number,
    b: number,
    c: number,
    d: number,
    port: number,
    offset: number,
    length: number,
    now: Millis,
  ): Verdict;
  /**
   * `bytes` are about to cross a bridge (RFC 6062), `up` from client to peer. Counts them and returns 0, or returns the
   * milliseconds after which to ask again; -1 where the connection is no longer known.
   */
  bridged(connection: ConnectionId, up: boolean, bytes: number, now: Millis): number;
  /** What follows from an event. The list is used again by the next call. */
  handle(event: TurnEvent, now: Millis): readonly TurnOutput[];
  /** Shows what each living allocation has relayed so far. Reads only. */
  usage(visit: (allocation: AllocationId, identity: string, usage: Usage) => void): void;
  /** When `handle({ type: 'deadline' })` is due. */
  nextDeadline(): Millis | undefined;
};

/** The longest answer to one event, in bytes: a Binding answer that is padded to an MTU (RFC 5780 §7.6). */
export const ANSWER_ROOM = 2048;

/** The last bytes of that room: a nonce is written there before it is copied into its answer. */
const SCRATCH = 64;

/** RFC 8489 §14.14: SOFTWARE has fewer than 128 characters. */
const MAX_SOFTWARE = 127;

/** A server without allocations. Throws RangeError where realm or software are too long, or the room for answers small. */
export function createTurnServer(options: TurnOptions): TurnServer {
  if (encodeUtf8(options.realm).length > MAX_REALM) throw new RangeError(`The realm has more than ${MAX_REALM} bytes.`);
  if (encodeUtf8(options.software).length > MAX_SOFTWARE) throw new RangeError('The name of the software is too long.');
  if (options.answers.length < ANSWER_ROOM) throw new RangeError('There is no room for answers.');
  const core = createCore(options);
  const route = emptyRoute();
  const relaying = createRelaying(core, route);
  const { offset, length } = options.answers;
  const answers = { offset, end: offset + length };

  function handle(event: TurnEvent, now: Millis): readonly TurnOutput[] {
    core.outputs.length = 0;
    core.replies.reset(answers.offset, answers.end - SCRATCH);
    if (event.type === 'message' && isNextPath(core, event) && isData(core, event)) {
      dataOnNextPath(core, relaying, route, event, now);
    } else {
      dispatch(core, event, now);
    }
    return core.outputs;
  }

  return {
    route,
    answers,
    fromClient: (socket, a, b, c, d, port, at, size, now) =>
      relaying.fromClient(socket, a, b, c, d, port, at, size, now),
    fromPeer: (relay, a, b, c, d, port, at, size, now) => relaying.fromPeer(relay, a, b, c, d, port, at, size, now),
    bridged: (connection, up, bytes, now) => bridged(core, connection, up, bytes, now),
    handle,
    usage(visit) {
      for (const allocation of core.allocations.values()) {
        visit(allocation.id, allocation.user.identity, usageOf(core, allocation));
      }
    },
    nextDeadline: () => core.deadlines.next(),
  };
}

function createCore(options: TurnOptions): Core {
  const { slab, random } = options;
  const outputs: TurnOutput[] = [];
  const permissions = new Permissions(word(random));
  const reader = new MessageReader(understoodAttributes(options.behavior !== undefined));
  let lastId: AllocationId = 0;
  return {
    options,
    view: new DataView(slab.buffer, slab.byteOffset, slab.byteLength),
    reader,
    verify: createVerifiers(reader),
    replies: new Replies(options, outputs),
    outputs,
    tuples: new TransportTable(word(random)),
    controls: new Map(),
    slots: new RelaySlots(),
    permissions,
    channels: new Channels(permissions, word(random)),
    allocations: new Map(),
    byIndex: [],
    listeners: new Map(),
    reservations: new Map(),
    connections: new Map(),
    streams: new Map(),
    deadlines: new Deadlines(),
    departed: new Departed(),
    tickets: new Tickets(random(20)),
    nextId: () => (lastId += 1),
    freshTransaction: () => ({ x: word(random), y: word(random), z: word(random) }),
  };
}

function createRelaying(core: Core, route: Route): Relaying {
  const { counters, policy, bandwidth, relay, random } = core.options;
  return new Relaying({
    ...core,
    counters,
    route,
    policy,
    bandwidth,
    dontFragment: relay.dontFragment,
    seed: { x: word(random), y: word(random) },
  });
}

function word(random: TurnOptions['random']): number {
  const bytes = random(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0);
}

function dispatch(core: Core, event: TurnEvent, now: Millis): void {
  switch (event.type) {
    case 'message':
      return receive(core, event, now);
    case 'relay-bound':
      return relayBound(core, event.allocation, event.sockets, event.reserved, now);
    case 'relay-bind-failed':
      return relayBindFailed(core, event.allocation, event.why, now);
    case 'stream-closed':
      return streamClosed(core, event.socket, now);
    case 'icmp':
      return relayIcmp(core, event, now);
    case 'peer-connected':
      return peerConnected(core, event.connection, event.peer, now);
    case 'peer-connect-failed':
      return peerConnectFailed(core, event.connection, now);
    case 'peer-accepted':
      return peerAccepted(core, event.relay, event.peer, event.address, now);
    case 'deadline':
      return passDeadlines(core, now);
    case 'revoke':
      core.options.users.revoke(event.identity, event.issuedUntil, now);
      return close(core, { identity: event.identity, cause: event.cause }, now);
    case 'close':
      return close(core, event, now);
  }
}

/** Whether a message is data to be relayed: ChannelData, or a Send indication, whose type is 0x0016. */
function isData({ view }: Core, { offset, length }: Message): boolean {
  return length >= 4 && (view.getUint8(offset) >= 0x40 || view.getUint16(offset) === 0x0016);
}

/** RFC 8016 §3.2.3: the first data on the new path. It moves the client there, and is relayed. */
function dataOnNextPath(core: Core, relaying: Relaying, route: Route, message: Message, now: Millis): void {
  const allocation = allocationAt(core, message);
  if (allocation === undefined) return;
  settle(core, allocation, now);
  const { socket, address, offset, length } = message;
  const { a, b, c, d, port } = address;
  if (relaying.fromClient(socket, a, b, c, d, port, offset, length, now) !== RELAYED) return;
  core.outputs.push({
    type: 'send',
    socket: route.socket,
    address: { a: route.a, b: route.b, c: route.c, d: route.d, port: route.port },
    offset: route.offset,
    length: route.length,
  });
}

/** RFC 8656 §5, RFC 6062 §5.4: what lives on a stream ends with it, but for mobile allocations. */
function streamClosed(core: Core, socket: SocketHandle, now: Millis): void {
  const connection = core.streams.get(socket);
  if (connection !== undefined) connectionClosed(core, connection);
  const path = core.controls.get(socket);
  const allocation = path === undefined ? undefined : allocationAt(core, path);
  if (path === undefined || allocation === undefined) return;
  if (!losePath(core, allocation, path, now)) endAllocation(core, allocation, 'client-closed', now);
}

/** Ends what has expired, as long as there is room for the answers that this may need. */
function passDeadlines(core: Core, now: Millis): void {
  while (core.replies.hasRoom(ANSWER_ROOM - SCRATCH)) {
    const due = core.deadlines.takeDue(now);
    if (due === undefined) return;
    if (due.kind === 'allocation') expire(core, due, now);
    else if (due.kind === 'reservation') endReservation(core, due, false);
    else connectionTimedOut(core, due, now);
  }
}

/** Ends allocations on order, and a stream client's connection with them. */
function close(
  core: Core,
  { allocation: id, identity, cause }: { allocation?: AllocationId; identity?: string; cause: string },
  now: Millis,
): void {
  const meant = (allocation: Allocation) =>
    (id === undefined || allocation.id === id) && (identity === undefined || allocation.user.identity === identity);
  for (const allocation of [...core.allocations.values()].filter(meant)) {
    const { path, mobility } = allocation;
    endAllocation(core, allocation, cause, now);
    for (const side of [path, mobility?.next]) {
      if (side !== undefined && side.transport !== 'udp') {
        core.outputs.push({ type: 'close-stream', socket: side.socket, why: cause });
      }
    }
  }
  if (id !== undefined) return;
  for (const reservation of [...core.reservations.values()]) {
    if (identity === undefined || reservation.user.identity === identity) endReservation(core, reservation, false);
  }
}
