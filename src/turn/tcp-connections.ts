import { type Millis, later } from '../kernel/clock.ts';
import { type TransportAddress, emptyAddress, familyOf, sameAddress } from '../stun/address.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import { METHOD } from '../stun/methods.ts';
import { type Allocation, familiesOf, sameTransaction } from './allocation.ts';
import { type Core, count, countRefusal } from './core.ts';
import type { ConnectionId, SocketHandle } from './events.ts';
import type { RefusalCode } from './reply.ts';
import type { AuthenticatedRequest } from './request.ts';

/** RFC 6062 §5.2, §5.3: how long a connection to a peer may take, and how long it then waits for ConnectionBind. */
const CONNECTION_TIMEOUT = 30_000;

/** A connection between a TCP allocation and a peer (RFC 6062). */
export type PeerConnection = {
  readonly kind: 'connection';
  readonly id: ConnectionId;
  readonly allocation: Allocation;
  /** The peer as the client knows it. */
  readonly address: TransportAddress;
  /** The Connect request that is not answered yet. */
  pending: AuthenticatedRequest | undefined;
  /** The stream to the peer, once there is one. */
  peer: SocketHandle | undefined;
  /** The client's data stream, once the two are bridged. */
  client: SocketHandle | undefined;
};

/** Receiving a Connect request (RFC 6062 §5.2). */
export function connect(core: Core, request: AuthenticatedRequest, allocation: Allocation, now: Millis): void {
  const address = emptyAddress();
  const target = emptyAddress();
  const refusal = checkConnect(core, request, allocation, address, target);
  if (refusal === 'pending') count(core, 'drops.pending');
  else if (refusal !== undefined) core.replies.refuse(request, refusal, now);
  if (refusal !== undefined) return;
  const connection = open(core, allocation, address, now);
  connection.pending = request;
  const relay = allocation.sockets.find(({ family }) => family === familyOf(address))!;
  core.outputs.push({ type: 'connect-peer', connection: connection.id, relay: relay.socket, address: target });
}

/** Its checks in the RFC's order, with the quota at the end. Fills in the peer, and where it is reached. */
function checkConnect(
  core: Core,
  request: AuthenticatedRequest,
  allocation: Allocation,
  address: TransportAddress,
  target: TransportAddress,
): RefusalCode | 'pending' | undefined {
  if (allocation.relay !== 'tcp') return 437;
  if (!core.reader.address(ATTRIBUTE.XOR_PEER_ADDRESS, address)) return 400;
  for (const other of allocation.connections) {
    if (!sameAddress(other.address, address)) continue;
    return sameTransaction(other.pending?.transaction, request.transaction) ? 'pending' : 446;
  }
  const { a, b, c, d, port } = address;
  if (core.options.policy.route(a, b, c, d, port, target) !== 0) return 403;
  if (!familiesOf(allocation).includes(familyOf(address))) return 443;
  return countRefusal(core, allocation.account.take('connections')) ? undefined : 486;
}

/** The shell has reached the peer: the client may bind the connection from now on. */
export function peerConnected(core: Core, id: ConnectionId, peer: SocketHandle, now: Millis): void {
  const connection = core.connections.get(id);
  const request = connection?.pending;
  if (connection === undefined || request === undefined) {
    core.outputs.push({ type: 'close-stream', socket: peer, why: 'connection-ended' });
    return;
  }
  connection.pending = undefined;
  connection.peer = peer;
  core.streams.set(peer, connection);
  core.deadlines.set(connection, later(now, CONNECTION_TIMEOUT));
  core.replies.succeed(request, (writer) => writer.uint32(ATTRIBUTE.CONNECTION_ID, id));
}

/** The peer could not be reached, or not in time (RFC 6062 §5.2: 447). */
export function peerConnectFailed(core: Core, id: ConnectionId, now: Millis): void {
  const connection = core.connections.get(id);
  if (connection?.pending === undefined) return;
  core.replies.refuse(connection.pending, 447, now);
  connection.pending = undefined;
  endConnection(core, connection, 'connect-failed');
}

/** A peer has connected to a relayed address (RFC 6062 §5.3): its address needs a permission. */
export function peerAccepted(
  core: Core,
  relay: SocketHandle,
  peer: SocketHandle,
  { a, b, c, d, port }: TransportAddress,
  now: Millis,
): void {
  const allocation = core.listeners.get(relay);
  const address = emptyAddress();
  const refusal =
    allocation?.path === undefined
      ? 'no-allocation'
      : core.options.policy.arrived(a, b, c, d, port, address) !== 0
        ? 'forbidden-peer'
        : !core.permissions.permits(allocation.index, address.a, address.b, address.c, address.d, now)
          ? 'no-permission'
          : undefined;
  if (refusal !== undefined || allocation?.path === undefined) {
    count(core, `drops.${refusal ?? 'no-allocation'}`);
    core.outputs.push({ type: 'close-stream', socket: peer, why: 'refused' });
    return;
  }
  if (!countRefusal(core, allocation.account.take('connections'))) {
    core.outputs.push({ type: 'close-stream', socket: peer, why: 'quota' });
    return;
  }
  const connection = open(core, allocation, address, now);
  connection.peer = peer;
  core.streams.set(peer, connection);
  core.replies.indicate(allocation.path, METHOD.CONNECTION_ATTEMPT, core.freshTransaction(), (writer) => {
    writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, address);
    writer.uint32(ATTRIBUTE.CONNECTION_ID, connection.id);
  });
}

/** Receiving a ConnectionBind request (RFC 6062 §5.4), on a stream of its own. */
export function connectionBind(core: Core, request: AuthenticatedRequest, now: Millis): void {
  const { reader, replies } = core;
  const id = reader.has(ATTRIBUTE.CONNECTION_ID) ? reader.uint32(ATTRIBUTE.CONNECTION_ID) : 0;
  const connection = core.connections.get(id);
  const busy = core.controls.has(request.socket) || core.streams.has(request.socket);
  if (request.transport === 'udp' || busy || connection?.peer === undefined || connection.client !== undefined) {
    replies.refuse(request, 400, now);
    return;
  }
  if (connection.allocation.user.username !== request.authenticated.user.username) {
    replies.refuse(request, 441, now);
    return;
  }
  connection.client = request.socket;
  core.streams.set(request.socket, connection);
  core.deadlines.delete(connection);
  replies.succeed(request);
  core.outputs.push({ type: 'bridge', connection: id, client: request.socket, peer: connection.peer });
}

/** A stream that belongs to a connection is gone. The shell has ended the other side of a bridge itself. */
export function connectionClosed(core: Core, connection: PeerConnection): void {
  for (const side of [connection.client, connection.peer]) if (side !== undefined) core.streams.delete(side);
  forget(core, connection);
}

/** Nobody has answered in time: the peer to Connect, or the client by ConnectionBind. */
export function connectionTimedOut(core: Core, connection: PeerConnection, now: Millis): void {
  if (connection.pending === undefined) {
    endConnection(core, connection, 'not-bound');
    return;
  }
  core.replies.refuse(connection.pending, 447, now);
  endConnection(core, connection, 'timeout');
}

/** See `TurnServer.bridged`. */
export function bridged(core: Core, id: ConnectionId, up: boolean, bytes: number, now: Millis): number {
  const connection = core.connections.get(id);
  if (connection?.client === undefined) return -1;
  const { slots, options } = core;
  const { index } = connection.allocation;
  const wait = options.bandwidth.wait(slots.bandwidth[index]!, bytes, now);
  if (wait > 0) return wait;
  if (up) slots.countUp(index, bytes);
  else slots.countDown(index, bytes);
  count(core, up ? 'packets.up' : 'packets.down');
  count(core, up ? 'bytes.up' : 'bytes.down', bytes);
  return 0;
}

/** Ends all connections of an allocation (RFC 6062 §4.1 with RFC 8656 §5: they do not outlive it). */
export function endConnections(core: Core, allocation: Allocation): void {
  for (const connection of [...allocation.connections]) endConnection(core, connection, 'allocation-ended');
}

function open(core: Core, allocation: Allocation, address: TransportAddress, now: Millis): PeerConnection {
  const connection: PeerConnection = {
    kind: 'connection',
    id: freshId(core),
    allocation,
    address,
    pending: undefined,
    peer: undefined,
    client: undefined,
  };
  core.connections.set(connection.id, connection);
  allocation.connections.add(connection);
  core.deadlines.set(connection, later(now, CONNECTION_TIMEOUT));
  count(core, 'gauge.connections');
  return connection;
}

/** RFC 6062 §6.2.1: unique; and not to be guessed, although only the allocation's user could use it. */
function freshId(core: Core): ConnectionId {
  for (;;) {
    const [first = 0, second = 0, third = 0, fourth = 0] = core.options.random(4);
    const id = ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0;
    if (id !== 0 && !core.connections.has(id)) return id;
  }
}

function endConnection(core: Core, connection: PeerConnection, why: string): void {
  const { client, peer, id } = connection;
  for (const socket of [client, peer]) {
    if (socket === undefined) continue;
    core.streams.delete(socket);
    core.outputs.push({ type: 'close-stream', socket, why });
  }
  if (connection.pending !== undefined) core.outputs.push({ type: 'cancel-connect', connection: id });
  forget(core, connection);
}

function forget(core: Core, connection: PeerConnection): void {
  core.connections.delete(connection.id);
  connection.allocation.connections.delete(connection);
  core.deadlines.delete(connection);
  connection.allocation.account.giveBack('connections');
  count(core, 'gauge.connections', -1);
}
