import type { Deadlines } from '../kernel/deadlines.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import type { Allocation, ClientPath, Reservation, TransactionId } from './allocation.ts';
import type { Channels } from './channels.ts';
import { COUNTERS, type Counter } from './counters.ts';
import type { Departed } from './departed.ts';
import type { AllocationId, ConnectionId, SocketHandle, TurnOutput } from './events.ts';
import type { TurnOptions } from './options.ts';
import type { Permissions } from './permissions.ts';
import type { RelaySlots } from './relay-slots.ts';
import type { QuotaVerdict } from './quotas.ts';
import { NEXT_PATH } from './relaying.ts';
import type { Replies } from './reply.ts';
import type { PeerConnection } from './tcp-connections.ts';
import type { Tickets } from './mobility-ticket.ts';
import type { VerifyKey } from './users.ts';
import type { TransportTable } from './transport-table.ts';

/** All that the handlers of a server share. */
export type Core = {
  readonly options: TurnOptions;
  readonly view: DataView;
  /** Holds the request that is handled. */
  readonly reader: MessageReader;
  /** Whether the request in the reader was signed with a key, with either MAC. */
  readonly verify: { readonly sha1: VerifyKey; readonly sha256: VerifyKey };
  readonly replies: Replies;
  /** What the event at hand leads to. */
  readonly outputs: TurnOutput[];
  /** 5-tuples: the index of the allocation, or that and NEXT_PATH. */
  readonly tuples: TransportTable;
  /** The 5-tuples of streams, by the stream. */
  readonly controls: Map<SocketHandle, ClientPath>;
  readonly slots: RelaySlots;
  readonly permissions: Permissions;
  readonly channels: Channels;
  readonly allocations: Map<AllocationId, Allocation>;
  /** Allocations by their index. */
  readonly byIndex: (Allocation | undefined)[];
  /** RFC 6062: allocations by the listener at their relayed address. */
  readonly listeners: Map<SocketHandle, Allocation>;
  readonly reservations: Map<string, Reservation>;
  readonly connections: Map<ConnectionId, PeerConnection>;
  /** RFC 6062: connections by the stream to the peer, and by the client's data stream. */
  readonly streams: Map<SocketHandle, PeerConnection>;
  readonly deadlines: Deadlines<Allocation | Reservation | PeerConnection>;
  readonly departed: Departed;
  readonly tickets: Tickets;
  /** Ids for allocations, that are used once. */
  readonly nextId: () => AllocationId;
  /** An unguessable transaction ID. */
  readonly freshTransaction: () => TransactionId;
};

/** Counts one. */
export function count(core: Core, counter: Counter, change = 1): void {
  core.options.counters[COUNTERS[counter]]! += change;
}

/** Counts a refusal under whose limit it was; true where it was none. */
export function countRefusal(core: Core, verdict: QuotaVerdict): boolean {
  if (verdict === 0) return true;
  count(core, verdict === 1 ? 'quota.user' : verdict === 2 ? 'quota.address' : 'quota.total');
  return false;
}

/** The allocation of a 5-tuple, be it the path in use or a moved client's next one. */
export function allocationAt(core: Core, path: ClientPath): Allocation | undefined {
  const { a, b, c, d, port } = path.address;
  const value = core.tuples.get(path.socket, a, b, c, d, port);
  return value < 0 ? undefined : core.byIndex[value & ~NEXT_PATH];
}

/** Makes a 5-tuple lead to an allocation: its index, with NEXT_PATH for the next path of a client that has moved. */
export function enterPath(core: Core, path: ClientPath, value: number): void {
  const { a, b, c, d, port } = path.address;
  if (path.transport !== 'udp') core.controls.set(path.socket, path);
  core.tuples.set(path.socket, a, b, c, d, port, value);
}

/** Whether a 5-tuple is the next path of an allocation whose client has moved. */
export function isNextPath(core: Core, { socket, address: { a, b, c, d, port } }: ClientPath): boolean {
  return core.tuples.get(socket, a, b, c, d, port) >= NEXT_PATH;
}

/** Frees a 5-tuple. */
export function leavePath(core: Core, path: ClientPath): void {
  const { a, b, c, d, port } = path.address;
  if (path.transport !== 'udp') core.controls.delete(path.socket);
  core.tuples.delete(path.socket, a, b, c, d, port);
}
