import type { Millis } from '../kernel/clock.ts';
import type { Family, TransportAddress } from '../stun/address.ts';
import type { AllocationId, ClientTransport, RelaySocket, RelayTransport, SocketHandle } from './events.ts';
import type { QuotaAccount } from './quotas.ts';
import type { AuthenticatedRequest } from './request.ts';
import type { PeerConnection } from './tcp-connections.ts';
import type { User } from './users.ts';

/** One side of a 5-tuple (RFC 8656 §3.2): the client's address, and the socket that it is seen at. */
export type ClientPath = {
  readonly socket: SocketHandle;
  readonly address: TransportAddress;
  readonly transport: ClientTransport;
};

/** The 96 bits that name a transaction. */
export type TransactionId = { readonly x: number; readonly y: number; readonly z: number };

/** A port that an EVEN-PORT request has set aside (RFC 8656 §7.2). */
export type Reservation = {
  readonly kind: 'reservation';
  /** 8 random bytes, in hexadecimal. */
  readonly token: string;
  readonly relay: RelaySocket;
  readonly user: User;
  readonly account: QuotaAccount;
};

/** RFC 8016: how far a mobile allocation has come. */
export type Mobility = {
  /** The number of the ticket that was given last; tickets are good from the number that is confirmed on. */
  serial: number;
  confirmed: number;
  /** The new path of a client that has moved, until the first data on it; both paths count till then (§3.2.3). */
  next: ClientPath | undefined;
  /** The Refresh that brought `next`, or the last move: its retransmissions are answered alike. */
  movedBy: TransactionId | undefined;
};

/** What the control path knows of an allocation (RFC 8656 §3.2). The data path's share is in `RelaySlots`. */
export type Allocation = {
  readonly kind: 'allocation';
  readonly id: AllocationId;
  /** Its place in `RelaySlots`, and the owner in the tables of permissions and channels. */
  readonly index: number;
  readonly user: User;
  readonly account: QuotaAccount;
  readonly relay: RelayTransport;
  /** How the client came that made it. */
  readonly transport: ClientTransport;
  /** The Allocate request that made it; retransmissions of it are answered alike. */
  readonly transaction: TransactionId;
  readonly since: Millis;
  /** What that request was granted, in milliseconds. */
  readonly granted: number;
  /** The families that it asked for. */
  readonly families: readonly Family[];
  /** The second family that it asked for and did not get, and why (RFC 8656 §7.2). */
  refusedFamily: RefusedFamily | undefined;
  /** The port that it has set aside for another. */
  reservation: Reservation | undefined;
  /** When its credential ends, with the grace. */
  readonly credentialEnds: Millis;
  /** The request that waits for the relay sockets to be bound; undefined from then on. */
  pending: AuthenticatedRequest | undefined;
  /** The path in use; undefined while a mobile client has none. */
  path: ClientPath | undefined;
  /** Its relayed addresses, at most one of each family; none while it is pending. */
  sockets: readonly RelaySocket[];
  readonly mobility: Mobility | undefined;
  /** RFC 6062: its connections to peers. */
  readonly connections: Set<PeerConnection>;
  /** When it is looked at for what has expired; nothing of it expires before. */
  checkAt: number;
};

/** A family that a dual allocation could not get, for ADDRESS-ERROR-CODE. */
export type RefusedFamily = { readonly family: Family; readonly code: 440 | 508 };

/** Whether both name the same transaction. */
export function sameTransaction(one: TransactionId | undefined, other: TransactionId): boolean {
  return one !== undefined && one.x === other.x && one.y === other.y && one.z === other.z;
}

/** The families in which an allocation has relayed addresses. */
export function familiesOf(allocation: Allocation): Family[] {
  return allocation.sockets.map(({ family }) => family);
}
