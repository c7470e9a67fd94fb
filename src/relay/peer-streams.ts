/** TCP connections between relayed addresses and peers (RFC 6062), and their bridges to clients. */
import { connect, Socket } from 'node:net';

import { hostText, type TransportAddress } from '../stun/address.ts';
import type { ConnectionId } from '../turn/events.ts';
import type { LocalAddress } from './relay-sockets.ts';

export type PeerStreamOptions = {
  readonly newHandle: () => number;
  /**
   * A TCP socket that is bound to this address and port although somebody listens there, as a file descriptor, or a
   * negative errno; undefined where this machine has no way to make one.
   */
  readonly bindStream: ((address: LocalAddress, port: number) => number) | undefined;
  /** See `TurnServer.bridged`. */
  readonly bridged: (connection: ConnectionId, up: boolean, bytes: number) => number;
  readonly connected: (connection: ConnectionId, peer: number) => void;
  readonly connectFailed: (connection: ConnectionId) => void;
  /** A peer's or a bridged client's stream is gone, not by `close`. */
  readonly closed: (handle: number) => void;
};

export type PeerStreams = {
  connect(connection: ConnectionId, from: { address: LocalAddress; port: number }, to: TransportAddress): void;
  cancel(connection: ConnectionId): void;
  /** Takes a connection that a peer has made. Returns its handle. */
  adopt(peer: Socket): number;
  /** Joins a peer's stream to a client's, which is this table's from now on. */
  bridge(connection: ConnectionId, clientHandle: number, client: Socket, peer: number): void;
  has(handle: number): boolean;
  close(handle: number): void;
  end(): void;
};

type Stream = { readonly socket: Socket; other: number | undefined };

export function createPeerStreams(options: PeerStreamOptions): PeerStreams {
  const streams = new Map<number, Stream>();
  const connecting = new Map<ConnectionId, Socket>();

  function open(from: { address: LocalAddress; port: number }, to: TransportAddress): Socket {
    const target = { host: hostText(to), port: to.port };
    const fd = options.bindStream?.(from.address, from.port) ?? -1;
    if (fd < 0) return connect({ ...target, localAddress: hostText(from.address) });
    // `manualStart`, which the types do not know, keeps it from reading before it is connected.
    const socket = new Socket({ fd, readable: true, writable: true, manualStart: true } as ConstructorParameters<
      typeof Socket
    >[0]);
    return socket.connect(target);
  }

  function adopt(socket: Socket): number {
    const handle = options.newHandle();
    socket.pause().setNoDelay(true).setKeepAlive(true, 60_000);
    hold(handle, socket);
    return handle;
  }

  function hold(handle: number, socket: Socket): void {
    streams.set(handle, { socket, other: undefined });
    socket.on('error', () => undefined);
    socket.on('close', () => lost(handle));
  }

  function lost(handle: number): void {
    const stream = streams.get(handle);
    if (stream === undefined) return;
    streams.delete(handle);
    options.closed(handle);
    const other = stream.other === undefined ? undefined : streams.get(stream.other);
    // What has come from one end still goes to the other.
    other?.socket.destroySoon();
  }

  function pump(connection: ConnectionId, from: Socket, to: Socket, up: boolean): void {
    const forward = (chunk: Buffer) => {
      if (to.destroyed) return;
      const wait = options.bridged(connection, up, chunk.length);
      if (wait < 0) {
        from.destroy();
        return;
      }
      if (wait > 0) {
        from.pause();
        setTimeout(forward, wait, chunk);
        return;
      }
      if (to.write(chunk)) from.resume();
      else {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    from.on('data', forward);
    from.on('end', () => to.end());
    from.resume();
  }

  return {
    connect(connection, from, to) {
      const socket = open(from, to);
      connecting.set(connection, socket);
      const failed = () => {
        if (connecting.delete(connection)) options.connectFailed(connection);
      };
      socket.once('error', failed).once('close', failed);
      socket.once('connect', () => {
        if (!connecting.delete(connection)) return;
        options.connected(connection, adopt(socket));
      });
    },
    cancel(connection) {
      const socket = connecting.get(connection);
      connecting.delete(connection);
      socket?.destroy();
    },
    adopt,
    bridge(connection, clientHandle, client, peer) {
      const far = streams.get(peer);
      hold(clientHandle, client);
      const near = streams.get(clientHandle)!;
      if (far === undefined) {
        client.destroy();
        return;
      }
      near.other = peer;
      far.other = clientHandle;
      pump(connection, client, far.socket, true);
      pump(connection, far.socket, client, false);
    },
    has: (handle) => streams.has(handle),
    close(handle) {
      const stream = streams.get(handle);
      streams.delete(handle);
      stream?.socket.destroySoon();
    },
    end() {
      for (const socket of connecting.values()) socket.destroy();
      for (const { socket } of streams.values()) socket.destroy();
      connecting.clear();
      streams.clear();
    },
  };
}
