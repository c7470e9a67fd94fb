import type { Millis } from '../kernel/clock.ts';
import type { Family } from '../stun/address.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import { type Allocation, familiesOf, sameTransaction } from './allocation.ts';
import { closeFamily, setLifetime } from './allocations.ts';
import { type Core, allocationAt } from './core.ts';
import { grantedLifetime } from './lifetime.ts';
import { moveTo } from './mobility.ts';
import type { AuthenticatedRequest } from './request.ts';

/** Receiving a Refresh request (RFC 8656 §8.2, RFC 8016 §3.2.2). */
export function refresh(core: Core, request: AuthenticatedRequest, now: Millis): void {
  const { user } = request.authenticated;
  const allocation = allocationAt(core, request) ?? allocationOfTicket(core);
  if (allocation === undefined || allocation.pending !== undefined) {
    refreshNothing(core, request, now);
    return;
  }
  if (allocation.user.username !== user.username) {
    core.replies.refuse(request, 441, now);
    return;
  }
  const families = familiesMeant(core, allocation);
  if (families.length === 0) {
    core.replies.refuse(request, 443, now);
    return;
  }
  if (allocationAt(core, request) === undefined) moveTo(core, allocation, request, now);
  if (core.reader.has(ATTRIBUTE.LIFETIME) && core.reader.uint32(ATTRIBUTE.LIFETIME) === 0) {
    succeed(core, allocation, request, 0);
    core.departed.remember(request, user.username, request.transaction, now);
    for (const family of families) closeFamily(core, allocation, family, 'refreshed-to-zero', now);
    return;
  }
  const granted = grantedLifetime(core, user, now);
  for (const family of families) setLifetime(core, allocation, family, granted, now);
  succeed(core, allocation, request, granted);
}

/** RFC 8016 §3.2.2: the allocation is found by its ticket, whatever 5-tuple it comes on. */
function allocationOfTicket({ reader, options, tickets, allocations }: Core): Allocation | undefined {
  if (!options.relay.mobility || !reader.has(ATTRIBUTE.MOBILITY_TICKET)) return undefined;
  const at = reader.at(ATTRIBUTE.MOBILITY_TICKET);
  return tickets.find(allocations, reader.view, at, reader.size(ATTRIBUTE.MOBILITY_TICKET));
}

/** No allocation is meant: 437, unless this very request has ended it. */
function refreshNothing(core: Core, request: AuthenticatedRequest, now: Millis): void {
  const { username } = request.authenticated.user;
  if (core.departed.has(request, username, request.transaction, now)) {
    core.replies.succeed(request, (writer) => writer.uint32(ATTRIBUTE.LIFETIME, 0));
    return;
  }
  const mobile = core.reader.has(ATTRIBUTE.MOBILITY_TICKET) && !core.options.relay.mobility;
  core.replies.refuse(request, mobile ? 405 : 437, now);
}

/** RFC 8656 §8.1: without REQUESTED-ADDRESS-FAMILY, all of them. Empty: one that the allocation does not have. */
function familiesMeant({ reader }: Core, allocation: Allocation): Family[] {
  const families = familiesOf(allocation);
  if (!reader.has(ATTRIBUTE.REQUESTED_ADDRESS_FAMILY)) return families;
  const meant = reader.uint32(ATTRIBUTE.REQUESTED_ADDRESS_FAMILY) >>> 24;
  return families.filter((family) => family === meant);
}

function succeed(core: Core, allocation: Allocation, request: AuthenticatedRequest, granted: number): void {
  core.replies.succeed(request, (writer) => {
    writer.uint32(ATTRIBUTE.LIFETIME, Math.floor(granted / 1000));
    if (sameTransaction(allocation.mobility?.movedBy, request.transaction)) {
      writer.bytes(ATTRIBUTE.MOBILITY_TICKET, core.tickets.make(allocation));
    }
  });
}
