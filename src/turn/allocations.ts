import { type Millis, later } from '../kernel/clock.ts';
import { FAMILY, type Family } from '../stun/address.ts';
import { type Allocation, type ClientPath, type Mobility, familiesOf } from './allocation.ts';
import { type Core, count, enterPath, leavePath } from './core.ts';
import type { Counter } from './counters.ts';
import type { AllocationId, EndCause, RelaySocket } from './events.ts';
import type { AuthenticatedRequest } from './request.ts';
import { endConnections, type PeerConnection } from './tcp-connections.ts';

const USAGE_STRIDE = 4;
/** The connections of all allocations that can have none: those without TCP (RFC 6062). */
const NONE = new Set<PeerConnection>();

/** What an Allocate request asks for, with its quota taken. */
export type AllocationPlan = Pick<Allocation, 'account' | 'relay' | 'granted' | 'families' | 'refusedFamily'> & {
  readonly mobile: boolean;
};

/** Makes an allocation that has no relayed address yet. Its 5-tuple is taken from now on (RFC 8656 §7.2). */
export function openAllocation(
  core: Core,
  id: AllocationId,
  request: AuthenticatedRequest,
  plan: AllocationPlan,
  now: Millis,
): Allocation {
  const { user } = request.authenticated;
  const { socket, address, transport } = request;
  const { a, b, c, d } = address;
  const path: ClientPath = { socket, address, transport };
  const index = core.slots.take();
  const mobility: Mobility | undefined = plan.mobile
    ? { serial: 0, confirmed: 0, next: undefined, movedBy: undefined }
    : undefined;
  const allocation: Allocation = {
    kind: 'allocation',
    id,
    index,
    user,
    relay: plan.relay,
    account: plan.account,
    transaction: request.transaction,
    since: now,
    credentialEnds: later(user.expiresAt, core.options.lifetimes.credentialGrace),
    families: plan.families,
    refusedFamily: plan.refusedFamily,
    mobility,
    connections: plan.relay === 'tcp' ? new Set() : NONE,
    pending: request,
    path,
    transport,
    sockets: [],
    granted: plan.granted,
    reservation: undefined,
    checkAt: Infinity,
  };
  core.allocations.set(id, allocation);
  core.byIndex[index] = allocation;
  enterPath(core, path, index);
  core.slots.bandwidth[index] = core.options.bandwidth.open(user.identity, a, b, c, d, now);
  return allocation;
}

/** The relay sockets are there: from now on the allocation relays. */
export function activate(core: Core, allocation: Allocation, sockets: readonly RelaySocket[], now: Millis): void {
  const { slots } = core;
  const { index, path } = allocation;
  allocation.pending = undefined;
  allocation.sockets = sockets;
  if (path !== undefined) slots.setClient(index, path.socket, path.address, path.transport !== 'udp');
  for (const { socket, family } of sockets) {
    if (allocation.relay === 'tcp') core.listeners.set(socket, allocation);
    else if (family === FAMILY.IPV4) slots.ipv4[index] = socket;
    else slots.ipv6[index] = socket;
    if (allocation.relay === 'udp') slots.setOwner(socket, index);
    setLifetime(core, allocation, family, allocation.granted, now);
  }
  count(core, gaugeOf(allocation));
  core.outputs.push({
    type: 'allocated',
    allocation: allocation.id,
    identity: allocation.user.identity,
    transport: allocation.transport,
    relay: allocation.relay,
    sockets,
  });
}

/** Sets the time to expiry of the relayed address of a family, no further than the credential reaches. */
export function setLifetime(core: Core, allocation: Allocation, family: Family, lifetime: number, now: Millis): void {
  const expiresAt = Math.min(now + lifetime, allocation.credentialEnds);
  core.slots.expiresAt[2 * allocation.index + (family === FAMILY.IPV4 ? 0 : 1)] = expiresAt;
  checkBy(core, allocation, expiresAt);
}

/** When the relayed address of a family expires; 0 where there is none. */
function expiryOf(core: Core, allocation: Allocation, family: Family): number {
  return core.slots.expiresAt[2 * allocation.index + (family === FAMILY.IPV4 ? 0 : 1)]!;
}

/** Sees to it that an allocation is looked at when something of it expires. Refreshing what is there costs nothing. */
export function checkBy(core: Core, allocation: Allocation, at: number): void {
  if (at >= allocation.checkAt) return;
  allocation.checkAt = at;
  core.deadlines.set(allocation, at as Millis);
}

/** A deadline of an allocation has come: removes what has expired, and finds out when to look again. */
export function expire(core: Core, allocation: Allocation, now: Millis): void {
  for (const family of familiesOf(allocation)) {
    if (expiryOf(core, allocation, family) > now) continue;
    closeFamily(core, allocation, family, allocation.credentialEnds <= now ? 'credential-expired' : 'expired', now);
  }
  if (!core.allocations.has(allocation.id)) return;
  const { index } = allocation;
  const channels = core.channels.sweep(index, now, channelGone(core, allocation));
  const permissions = core.permissions.sweep(index, now, permissionGone(core, allocation));
  const lifetimes = familiesOf(allocation).map((family) => expiryOf(core, allocation, family));
  allocation.checkAt = Infinity;
  checkBy(core, allocation, Math.min(channels, permissions, ...lifetimes));
}

/**
 * Gives up the relayed address of one family, with its permissions and channels (RFC 8656 §8.1: without a change to the
 * other family's). With the last one, the allocation ends.
 */
export function closeFamily(core: Core, allocation: Allocation, family: Family, cause: EndCause, now: Millis): void {
  const rest = allocation.sockets.filter((relay) => relay.family !== family);
  if (rest.length === 0) {
    endAllocation(core, allocation, cause, now);
    return;
  }
  const { index } = allocation;
  count(core, gaugeOf(allocation), -1);
  core.channels.clearFamily(index, family, channelGone(core, allocation));
  core.permissions.clearFamily(index, family, permissionGone(core, allocation));
  for (const relay of allocation.sockets) if (relay.family === family) closeRelay(core, allocation, relay);
  core.slots.expiresAt[2 * index + (family === FAMILY.IPV4 ? 0 : 1)] = 0;
  if (family === FAMILY.IPV4) core.slots.ipv4[index] = -1;
  else core.slots.ipv6[index] = -1;
  allocation.sockets = rest;
  count(core, gaugeOf(allocation));
}

/** Ends an allocation, with all that it has, the inner things first. */
export function endAllocation(core: Core, allocation: Allocation, cause: EndCause, now: Millis): void {
  if (!core.allocations.delete(allocation.id)) return;
  const { index, sockets, path, mobility } = allocation;
  const { slots, options } = core;
  endConnections(core, allocation);
  for (const family of [FAMILY.IPV4, FAMILY.IPV6]) {
    core.channels.clearFamily(index, family, channelGone(core, allocation));
    core.permissions.clearFamily(index, family, permissionGone(core, allocation));
  }
  for (const relay of sockets) closeRelay(core, allocation, relay);
  if (path !== undefined) leavePath(core, path);
  if (mobility?.next !== undefined) leavePath(core, mobility.next);
  core.deadlines.delete(allocation);
  options.bandwidth.close(slots.bandwidth[index]!, now);
  allocation.account.close();
  if (sockets.length > 0) {
    count(core, gaugeOf(allocation), -1);
    announceEnd(core, allocation, cause);
  }
  core.byIndex[index] = undefined;
  slots.give(index);
}

function announceEnd(core: Core, allocation: Allocation, cause: EndCause): void {
  core.outputs.push({
    type: 'ended',
    allocation: allocation.id,
    identity: allocation.user.identity,
    transport: allocation.transport,
    relay: allocation.relay,
    families: familiesOf(allocation),
    since: allocation.since,
    cause,
    usage: usageOf(core, allocation),
  });
}

/** What an allocation has relayed so far. */
export function usageOf({ slots: { usage } }: Core, { index }: Allocation) {
  const at = USAGE_STRIDE * index;
  return {
    packetsUp: usage[at]!,
    bytesUp: usage[at + 1]!,
    packetsDown: usage[at + 2]!,
    bytesDown: usage[at + 3]!,
  };
}

function closeRelay(core: Core, { relay }: Allocation, { socket }: RelaySocket): void {
  if (relay === 'tcp') core.listeners.delete(socket);
  else core.slots.setOwner(socket, -1);
  core.outputs.push({ type: 'close-relay', socket });
}

/** What happens when a permission of the allocation goes. */
export function permissionGone(core: Core, { account }: Allocation): () => void {
  return () => {
    account.giveBack('permissions');
    count(core, 'gauge.permissions', -1);
  };
}

/** What happens when a channel of the allocation goes. */
export function channelGone(core: Core, { account }: Allocation): () => void {
  return () => {
    account.giveBack('channels');
    count(core, 'gauge.channels', -1);
  };
}

function gaugeOf({ transport, sockets }: Allocation): Counter {
  const family = sockets.length > 1 ? 'dual' : sockets[0]!.family === FAMILY.IPV4 ? 'ipv4' : 'ipv6';
  return `gauge.allocations.${transport}.${family}`;
}
