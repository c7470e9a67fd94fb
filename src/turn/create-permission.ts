import type { Millis } from '../kernel/clock.ts';
import { type TransportAddress, emptyAddress, familyOf } from '../stun/address.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import { type Allocation, familiesOf } from './allocation.ts';
import { checkBy, permissionGone } from './allocations.ts';
import { type Core, count, countRefusal } from './core.ts';
import { PERMISSION_LIFETIME } from './permissions.ts';
import type { RefusalCode } from './reply.ts';
import type { AuthenticatedRequest } from './request.ts';

/** Receiving a CreatePermission request (RFC 8656 §10.2): all of its permissions are installed, or none. */
export function createPermission(core: Core, request: AuthenticatedRequest, allocation: Allocation, now: Millis): void {
  const refusal = checkPeers(core, allocation) ?? installAll(core, allocation, now);
  if (refusal === undefined) core.replies.succeed(request);
  else core.replies.refuse(request, refusal, now);
}

/** The message must have a peer (400), each of an allocated family (443), each permitted (403). */
function checkPeers(core: Core, allocation: Allocation): RefusalCode | undefined {
  const families = familiesOf(allocation);
  let refusal: RefusalCode | undefined = 400;
  for (const peer of peersIn(core)) {
    if (refusal === 400) refusal = undefined;
    if (!families.includes(familyOf(peer))) return 443;
    if (core.options.policy.check(peer.a, peer.b, peer.c, peer.d) !== 0) refusal = 403;
  }
  return refusal;
}

/** 508 where there may be no more of them; those that were new are taken back then. */
function installAll(core: Core, allocation: Allocation, now: Millis): RefusalCode | undefined {
  let added = 0;
  for (const peer of peersIn(core)) {
    const { a, b, c, d } = peer;
    if (core.permissions.find(allocation.index, a, b, c, d) >= 0) continue;
    if (!addPermission(core, allocation, peer, now)) {
      const gone = permissionGone(core, allocation);
      for (; added > 0; added -= 1) core.permissions.undo(allocation.index, gone);
      return 508;
    }
    added += 1;
  }
  for (const { a, b, c, d } of peersIn(core)) {
    core.permissions.refresh(core.permissions.find(allocation.index, a, b, c, d), now);
  }
  checkBy(core, allocation, now + PERMISSION_LIFETIME);
  return undefined;
}

/** Adds a permission for an address that has none; false where the quota is used up. */
export function addPermission(
  core: Core,
  allocation: Allocation,
  { a, b, c, d }: TransportAddress,
  now: Millis,
): boolean {
  if (!countRefusal(core, allocation.account.take('permissions'))) return false;
  core.permissions.add(allocation.index, a, b, c, d, now);
  count(core, 'gauge.permissions');
  return true;
}

/** The addresses in all of the request's XOR-PEER-ADDRESS attributes; always the same object. */
function* peersIn({ reader }: Core): Generator<TransportAddress> {
  const peer = emptyAddress();
  for (let at = reader.at(ATTRIBUTE.XOR_PEER_ADDRESS); at !== 0; at = reader.next(ATTRIBUTE.XOR_PEER_ADDRESS, at)) {
    reader.addressAt(ATTRIBUTE.XOR_PEER_ADDRESS, at, peer);
    yield peer;
  }
}
