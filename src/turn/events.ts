import type { Millis } from '../kernel/clock.ts';
import type { Family, TransportAddress } from '../stun/address.ts';

/** How a client reaches the server. DTLS is not offered. */
export type ClientTransport = 'udp' | 'tcp' | 'tls';

/** What an allocation relays to its peers: UDP (RFC 8656) or TCP (RFC 6062). */
export type RelayTransport = 'udp' | 'tcp';

/** A socket or stream of the shell; see `STREAM_HANDLES`. */
export type SocketHandle = number;

/** Handles of streams (TCP and TLS connections, and listeners of TCP allocations) begin here; below are UDP sockets. */
export const STREAM_HANDLES = 1 << 24;

/** Names an allocation between server and shell; never reused. */
export type AllocationId = number;

/** CONNECTION-ID of RFC 6062: names a connection to a peer. */
export type ConnectionId = number;

/** A relay socket that the shell has bound, and the port that it got. */
export type RelaySocket = { readonly socket: SocketHandle; readonly family: Family; readonly port: number };

/** Why an allocation could not be bound in one family. */
export type BindFailure = 'exhausted' | 'unsupported';

/** Why an allocation ended. Causes of `revoke` and `close` are the caller's words. */
export type EndCause = 'refreshed-to-zero' | 'expired' | 'credential-expired' | 'client-closed' | (string & {});

/** What the shell tells the server. Offsets and lengths are of the slab. */
export type TurnEvent =
  /** A STUN message for which the data path said `CONTROL`. A stream's message is exactly one frame. */
  | {
      readonly type: 'message';
      readonly socket: SocketHandle;
      readonly transport: ClientTransport;
      readonly address: TransportAddress;
      readonly offset: number;
      readonly length: number;
    }
  /**
   * The answer to `bind-relay`: one socket for each family asked for, IPv4 first; where only one of two could be bound,
   * that one. `reserved` is the next higher port of an `even+reserve`.
   */
  | {
      readonly type: 'relay-bound';
      readonly allocation: AllocationId;
      readonly sockets: readonly RelaySocket[];
      readonly reserved?: RelaySocket | undefined;
    }
  | { readonly type: 'relay-bind-failed'; readonly allocation: AllocationId; readonly why: BindFailure }
  /** A client's or a peer's stream is gone. Not said of streams that the server told the shell to close. */
  | { readonly type: 'stream-closed'; readonly socket: SocketHandle }
  /**
   * An ICMP error for a datagram that was sent from a relay socket: `address` is where that datagram went, `code` and
   * `type` are ICMP's, `data` is the 4 bytes of RFC 8656 §18.13 (the MTU), or 0.
   */
  | {
      readonly type: 'icmp';
      readonly socket: SocketHandle;
      readonly address: TransportAddress;
      readonly icmpType: number;
      readonly icmpCode: number;
      readonly data: number;
    }
  /** RFC 6062: the answers to `connect-peer`. `peer` is the handle of the stream to the peer. */
  | { readonly type: 'peer-connected'; readonly connection: ConnectionId; readonly peer: SocketHandle }
  | { readonly type: 'peer-connect-failed'; readonly connection: ConnectionId }
  /** RFC 6062: a peer has connected to the relayed address of a TCP allocation. */
  | {
      readonly type: 'peer-accepted';
      readonly relay: SocketHandle;
      readonly peer: SocketHandle;
      readonly address: TransportAddress;
    }
  /** `nextDeadline()` has come. */
  | { readonly type: 'deadline' }
  /** Ends an identity's allocations, and refuses its credentials that expire at `issuedUntil` or before (see `Users.revoke`). */
  | { readonly type: 'revoke'; readonly identity: string; readonly issuedUntil: Millis; readonly cause: string }
  /** Ends one allocation, or all of an identity, or all there are. */
  | { readonly type: 'close'; readonly allocation?: AllocationId; readonly identity?: string; readonly cause: string };

/** Packets and bytes of payload that an allocation has relayed. Up is from the client to peers. */
export type Usage = {
  readonly packetsUp: number;
  readonly bytesUp: number;
  readonly packetsDown: number;
  readonly bytesDown: number;
};

/** What the shell is to do. */
export type TurnOutput =
  /** Send `length` bytes at `offset` of the slab from (UDP) or on (stream) `socket`. */
  | {
      readonly type: 'send';
      readonly socket: SocketHandle;
      readonly address: TransportAddress;
      readonly offset: number;
      readonly length: number;
    }
  /** Bind a relay socket in each of `families`; the answer is `relay-bound` or `relay-bind-failed`. */
  | {
      readonly type: 'bind-relay';
      readonly allocation: AllocationId;
      readonly transport: RelayTransport;
      readonly families: readonly Family[];
      /** `even+reserve`: an even port, and the next one as `reserved`. */
      readonly port: 'any' | 'even' | 'even+reserve';
    }
  /** Close a relay socket, or a TCP allocation's listener. Each is closed once. */
  | { readonly type: 'close-relay'; readonly socket: SocketHandle }
  /** RFC 6062: open a connection from the relayed address to the peer (`address` is where the policy sends it). */
  | {
      readonly type: 'connect-peer';
      readonly connection: ConnectionId;
      readonly relay: SocketHandle;
      readonly address: TransportAddress;
    }
  /** RFC 6062: give up a `connect-peer` that was not answered yet. */
  | { readonly type: 'cancel-connect'; readonly connection: ConnectionId }
  /**
   * RFC 6062 §5.4: after the sends before it, join a client's stream and a peer's. What either brought already belongs to
   * the other. When one ends, the shell ends the other and reports both; each chunk asks `bridged()` first.
   */
  | {
      readonly type: 'bridge';
      readonly connection: ConnectionId;
      readonly client: SocketHandle;
      readonly peer: SocketHandle;
    }
  /** Close a client's or a peer's stream, after what was sent to it. It is not reported by `stream-closed`. */
  | { readonly type: 'close-stream'; readonly socket: SocketHandle; readonly why: string }
  /** An authenticated request has come on this stream: it is no longer a stranger's, with a stranger's short deadline. */
  | { readonly type: 'authenticated'; readonly socket: SocketHandle; readonly identity: string }
  | {
      readonly type: 'allocated';
      readonly allocation: AllocationId;
      readonly identity: string;
      readonly transport: ClientTransport;
      readonly relay: RelayTransport;
      readonly sockets: readonly RelaySocket[];
    }
  | {
      readonly type: 'ended';
      readonly allocation: AllocationId;
      readonly identity: string;
      readonly transport: ClientTransport;
      readonly relay: RelayTransport;
      readonly families: readonly Family[];
      readonly since: Millis;
      readonly cause: EndCause;
      readonly usage: Usage;
    };
