import type { Millis } from '../kernel/clock.ts';
import { emptyAddress, FAMILY, familyOf } from '../stun/address.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import { METHOD } from '../stun/methods.ts';
import { type Core, count } from './core.ts';
import type { TurnEvent } from './events.ts';

/** RFC 8656 §11.5: unreachable and time exceeded, and "packet too big" of ICMPv6. */
const RELAYED_TYPES = { [FAMILY.IPV4]: [3, 11], [FAMILY.IPV6]: [1, 2, 3] } as const;

type Icmp = Extract<TurnEvent, { type: 'icmp' }>;

/**
 * An ICMP packet has come for a datagram that was relayed to a peer (RFC 8656 §11.5). The client hears of it in a Data
 * indication, where it has a permission for that peer.
 */
export function relayIcmp(
  core: Core,
  { socket: relay, address: destination, icmpType: type, icmpCode: code, data }: Icmp,
  now: Millis,
): void {
  const allocation = core.byIndex[core.slots.ownerOf(relay)];
  const relayed: readonly number[] = RELAYED_TYPES[familyOf(destination)];
  const { a, b, c, d, port } = destination;
  const peer = emptyAddress();
  if (
    allocation?.path === undefined ||
    !relayed.includes(type) ||
    core.options.policy.arrived(a, b, c, d, port, peer) !== 0 ||
    !core.permissions.permits(allocation.index, peer.a, peer.b, peer.c, peer.d, now)
  ) {
    count(core, 'drops.icmp');
    return;
  }
  core.replies.indicate(allocation.path, METHOD.DATA, core.freshTransaction(), (writer) => {
    writer.address(ATTRIBUTE.XOR_PEER_ADDRESS, peer);
    // RFC 8656 §18.13: 16 reserved bits, 7 of type, 9 of code; then the MTU, or nothing.
    writer.uint64(ATTRIBUTE.ICMP, ((type & 0x7f) << 9) | (code & 0x1ff), data);
  });
}
