import type { Millis } from '../kernel/clock.ts';
import { type TransportAddress, emptyAddress, familyOf } from '../stun/address.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import { type Allocation, familiesOf } from './allocation.ts';
import { channelGone, checkBy } from './allocations.ts';
import { type Core, count, countRefusal } from './core.ts';
import { addPermission } from './create-permission.ts';
import { PERMISSION_LIFETIME } from './permissions.ts';
import type { RefusalCode } from './reply.ts';
import type { AuthenticatedRequest } from './request.ts';

const FIRST = 0x4000;
/** RFC 8656 §12: 0x5000 and up are reserved; RFC 5766 §11 had them as channels up to here. */
const LAST = 0x4fff;
const LAST_OF_RFC_5766 = 0x7ffe;

/** What only a client of RFC 8656, which builds on RFC 8489, sends: such a client knows its channel numbers. */
const MODERN = [
  ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY,
  ATTRIBUTE.PASSWORD_ALGORITHM,
  ATTRIBUTE.PASSWORD_ALGORITHMS,
  ATTRIBUTE.MESSAGE_INTEGRITY_SHA256,
  ATTRIBUTE.USERHASH,
] as const;

/** Receiving a ChannelBind request (RFC 8656 §12.2). */
export function channelBind(core: Core, request: AuthenticatedRequest, allocation: Allocation, now: Millis): void {
  const { reader } = core;
  const peer = emptyAddress();
  const refusal =
    reader.has(ATTRIBUTE.CHANNEL_NUMBER) && reader.address(ATTRIBUTE.XOR_PEER_ADDRESS, peer)
      ? bind(core, allocation, reader.uint32(ATTRIBUTE.CHANNEL_NUMBER) >>> 16, peer, now)
      : 400;
  if (refusal === undefined) core.replies.succeed(request);
  else core.replies.refuse(request, refusal, now);
}

function bind(
  core: Core,
  allocation: Allocation,
  number: number,
  peer: TransportAddress,
  now: Millis,
): RefusalCode | undefined {
  const { channels, options } = core;
  const { index } = allocation;
  const { a, b, c, d, port } = peer;
  if (number < FIRST || number > lastChannel(core.reader) || allocation.relay === 'tcp') return 400;
  // Bindings that have run out are in nobody's way, be they removed yet or not.
  channels.sweep(index, now, channelGone(core, allocation));
  const bound = channels.withNumber(index, number);
  if (bound !== channels.withPeer(index, a, b, c, d, port)) return 400;
  if (!familiesOf(allocation).includes(familyOf(peer))) return 443;
  const target = emptyAddress();
  if (options.policy.route(a, b, c, d, port, target) !== 0) return 403;
  if (bound >= 0) return refreshChannel(core, allocation, bound, now);
  const refusal = addChannel(core, allocation, number, peer, now);
  if (refusal === undefined) channels.setTarget(channels.withNumber(index, number), target, options.policy.version);
  return refusal;
}

/** A binding installs or refreshes a permission as well (RFC 8656 §12.2). */
function addChannel(
  core: Core,
  allocation: Allocation,
  number: number,
  peer: TransportAddress,
  now: Millis,
): RefusalCode | undefined {
  const { index, account } = allocation;
  const { a, b, c, d, port } = peer;
  if (!countRefusal(core, account.take('channels'))) return 508;
  const known = core.permissions.find(index, a, b, c, d) >= 0;
  if (!known && !addPermission(core, allocation, peer, now)) {
    account.giveBack('channels');
    return 508;
  }
  const permission = core.permissions.find(index, a, b, c, d);
  core.permissions.refresh(permission, now);
  core.channels.add(index, number, a, b, c, d, port, permission, now);
  count(core, 'gauge.channels');
  checkBy(core, allocation, now + PERMISSION_LIFETIME);
  return undefined;
}

function refreshChannel(core: Core, allocation: Allocation, channel: number, now: Millis): undefined {
  core.channels.refresh(channel, now);
  core.permissions.refresh(core.channels.permission(channel), now);
  checkBy(core, allocation, now + PERMISSION_LIFETIME);
}

function lastChannel(reader: MessageReader): number {
  return MODERN.some((attribute) => reader.has(attribute)) ? LAST : LAST_OF_RFC_5766;
}
