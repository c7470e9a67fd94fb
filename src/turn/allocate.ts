import type { Millis } from '../kernel/clock.ts';
import { FAMILY, type Family } from '../stun/address.ts';
import { ATTRIBUTE, type Attribute } from '../stun/attributes.ts';
import type { MessageWriter } from '../stun/message-writer.ts';
import { type Allocation, type RefusedFamily, type Reservation, sameTransaction } from './allocation.ts';
import { activate, endAllocation, openAllocation } from './allocations.ts';
import { type Core, allocationAt, count, countRefusal } from './core.ts';
import type { BindFailure, RelaySocket, RelayTransport } from './events.ts';
import { grantedLifetime } from './lifetime.ts';
import type { QuotaAccount } from './quotas.ts';
import type { RefusalCode } from './reply.ts';
import type { AuthenticatedRequest } from './request.ts';
import { endReservation, findReservation, reserve, tokenWords } from './reservations.ts';

/** REQUESTED-TRANSPORT: IANA's protocol numbers. */
const UDP = 17;
const TCP = 6;

/** What ADDITIONAL-ADDRESS-FAMILY was in drafts of RFC 8656; IANA has not assigned it, and it is read nowhere else. */
const DRAFT_ADDITIONAL_ADDRESS_FAMILY = 0x8032 as Attribute;

/** EVEN-PORT's R bit (RFC 8656 §18.7). */
const RESERVE_NEXT = 0x80;

/** What the attributes of an Allocate request say. */
type Wish = {
  readonly relay: RelayTransport;
  readonly families: readonly Family[];
  readonly refusedFamily: RefusedFamily | undefined;
  readonly port: 'any' | 'even' | 'even+reserve';
  readonly reservation: Reservation | undefined;
  readonly mobile: boolean;
};

/** Receiving an Allocate request (RFC 8656 §7.2). Step 1, authentication, has been taken. */
export function allocate(core: Core, request: AuthenticatedRequest, now: Millis): void {
  const existing = allocationAt(core, request);
  if (existing !== undefined) {
    answerAgain(core, existing, request, now);
    return;
  }
  const wish = readWish(core, request);
  if (typeof wish === 'number') {
    if (wish === 420) refuseDontFragment(core, request, now);
    else core.replies.refuse(request, wish, now);
    return;
  }
  const account = takeQuota(core, request, wish.reservation);
  if (account === undefined) {
    core.replies.refuse(request, 486, now);
    return;
  }
  open(core, request, wish, account, now);
}

/** Step 2: the 5-tuple must be free, but for a retransmission, which is answered like the request before. */
function answerAgain(core: Core, existing: Allocation, request: AuthenticatedRequest, now: Millis): void {
  const same =
    sameTransaction(existing.transaction, request.transaction) &&
    existing.user.username === request.authenticated.user.username;
  if (!same) core.replies.refuse(request, 437, now);
  else if (existing.pending === undefined) answer(core, existing, request);
  else count(core, 'drops.pending');
}

/** Steps 3 to 9, and RFC 6062 §5.1: what is asked for, or the code of the error. */
function readWish(core: Core, request: AuthenticatedRequest): Wish | RefusalCode {
  const { reader, options } = core;
  if (!reader.has(ATTRIBUTE.REQUESTED_TRANSPORT)) return 400;
  const protocol = reader.uint32(ATTRIBUTE.REQUESTED_TRANSPORT) >>> 24;
  if (protocol !== UDP && !(protocol === TCP && options.relay.tcp)) return 442;
  const dontFragment = reader.has(ATTRIBUTE.DONT_FRAGMENT);
  const token = reader.has(ATTRIBUTE.RESERVATION_TOKEN);
  const evenPort = reader.has(ATTRIBUTE.EVEN_PORT);
  if (protocol === TCP && (request.transport === 'udp' || dontFragment || token || evenPort)) return 400;
  if (dontFragment && !options.relay.dontFragment) return 420;

  const requested = familyIn(core, ATTRIBUTE.REQUESTED_ADDRESS_FAMILY);
  const additional = familyIn(core, ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY) ?? draftFamily(core);
  const relay = protocol === TCP ? 'tcp' : 'udp';
  const mobile = mobilityWish(core, relay);
  if (typeof mobile === 'number') return mobile;
  if (token) {
    if (evenPort || requested !== undefined || additional !== undefined) return 400;
    const at = reader.at(ATTRIBUTE.RESERVATION_TOKEN);
    const reservation = findReservation(core, at, request.authenticated.user);
    if (reservation === undefined) return 508;
    const families = [reservation.relay.family];
    return { relay, families, refusedFamily: undefined, port: 'any', reservation, mobile };
  }
  const families = readFamilies(core, requested, additional);
  if (typeof families === 'number') return families;
  const port = evenPort ? readEvenPort(core) : 'any';
  if (port === 'even+reserve' && additional !== undefined) return 400;
  return { relay, ...families, port, reservation: undefined, mobile };
}

/** Steps 6, 7 and 9. A dual allocation gets what there is of it. */
function readFamilies(
  { options: { relay } }: Core,
  requested: number | undefined,
  additional: number | undefined,
): Pick<Wish, 'families' | 'refusedFamily'> | RefusalCode {
  if (requested !== undefined && additional !== undefined) return 400;
  const family = requested ?? FAMILY.IPV4;
  if (family !== FAMILY.IPV4 && family !== FAMILY.IPV6) return 440;
  if ((family === FAMILY.IPV4 ? relay.ipv4 : relay.ipv6) === undefined) return 440;
  if (additional === undefined) return { families: [family], refusedFamily: undefined };
  if (additional !== FAMILY.IPV6) return 400;
  return relay.ipv6 === undefined
    ? { families: [FAMILY.IPV4], refusedFamily: { family: FAMILY.IPV6, code: 440 } }
    : { families: [FAMILY.IPV4, FAMILY.IPV6], refusedFamily: undefined };
}

/** Step 8. */
function readEvenPort({ reader }: Core): 'even' | 'even+reserve' {
  const flags = reader.view.getUint8(reader.at(ATTRIBUTE.EVEN_PORT));
  return (flags & RESERVE_NEXT) === 0 ? 'even' : 'even+reserve';
}

/** RFC 8016 §3.1.2: an empty MOBILITY-TICKET asks for one. Connections of RFC 6062 could not move along. */
function mobilityWish({ reader, options }: Core, relay: RelayTransport): boolean | RefusalCode {
  if (!reader.has(ATTRIBUTE.MOBILITY_TICKET)) return false;
  if (!options.relay.mobility || relay === 'tcp') return 405;
  return reader.size(ATTRIBUTE.MOBILITY_TICKET) === 0 ? true : 400;
}

function familyIn(
  { reader }: Core,
  attribute: typeof ATTRIBUTE.REQUESTED_ADDRESS_FAMILY | typeof ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY,
): number | undefined {
  return reader.has(attribute) ? reader.uint32(attribute) >>> 24 : undefined;
}

/** The family in coturn 4.6's form of ADDITIONAL-ADDRESS-FAMILY, which its client writes behind REQUESTED-TRANSPORT. */
function draftFamily({ reader }: Core): number | undefined {
  const at = reader.next(DRAFT_ADDITIONAL_ADDRESS_FAMILY, reader.at(ATTRIBUTE.REQUESTED_TRANSPORT));
  return at !== 0 && reader.view.getUint16(at - 2) === 4 ? reader.view.getUint8(at) : undefined;
}

/** Step 4: the attribute counts as unknown where the shell cannot do what it asks for. */
function refuseDontFragment(core: Core, request: AuthenticatedRequest, now: Millis): void {
  const types = Uint16Array.of(ATTRIBUTE.DONT_FRAGMENT);
  core.replies.refuse(request, 420, now, (writer) => writer.unknownAttributes(types, 1));
}

/** Step 10. A reserved port has been counted already: its place goes to the allocation. */
function takeQuota(
  core: Core,
  request: AuthenticatedRequest,
  reservation: Reservation | undefined,
): QuotaAccount | undefined {
  if (reservation !== undefined) endReservation(core, reservation, true);
  const account = openAccount(core, request);
  if (countRefusal(core, account.take('allocations'))) return account;
  account.close();
  if (reservation !== undefined) core.outputs.push({ type: 'close-relay', socket: reservation.relay.socket });
  return undefined;
}

function openAccount(core: Core, { authenticated, address }: AuthenticatedRequest): QuotaAccount {
  const { a, b, c, d } = address;
  return core.options.quotas.open(authenticated.user.identity, a, b, c, d);
}

function open(core: Core, request: AuthenticatedRequest, wish: Wish, account: QuotaAccount, now: Millis): void {
  const { relay, families, port, reservation, mobile, refusedFamily } = wish;
  const granted = grantedLifetime(core, request.authenticated.user, now);
  const id = core.nextId();
  const plan = { account, relay, granted, families, refusedFamily, mobile };
  const allocation = openAllocation(core, id, request, plan, now);
  if (reservation === undefined) {
    core.outputs.push({ type: 'bind-relay', allocation: id, transport: relay, families, port });
    return;
  }
  activate(core, allocation, [reservation.relay], now);
  answer(core, allocation, request);
}

/** The shell has bound the relay sockets: the allocation begins, and its client hears of it. */
export function relayBound(
  core: Core,
  id: number,
  sockets: readonly RelaySocket[],
  reserved: RelaySocket | undefined,
  now: Millis,
): void {
  const allocation = core.allocations.get(id);
  const request = allocation?.pending;
  if (allocation === undefined || request === undefined || sockets.length === 0) {
    // It has ended meanwhile.
    for (const { socket } of [...sockets, ...(reserved === undefined ? [] : [reserved])]) {
      core.outputs.push({ type: 'close-relay', socket });
    }
    if (request !== undefined) relayBindFailed(core, id, 'exhausted', now);
    return;
  }
  const missing = allocation.families.find((family) => sockets.every((relay) => relay.family !== family));
  if (missing !== undefined) allocation.refusedFamily = { family: missing, code: 508 };
  activate(core, allocation, sockets, now);
  if (reserved !== undefined) setAside(core, allocation, reserved, request, now);
  answer(core, allocation, request);
}

/** The port after an even one. Where the user may have no more, it is the allocation without a reservation. */
function setAside(
  core: Core,
  allocation: Allocation,
  reserved: RelaySocket,
  request: AuthenticatedRequest,
  now: Millis,
): void {
  const account = openAccount(core, request);
  if (countRefusal(core, account.take('allocations'))) {
    allocation.reservation = reserve(core, reserved, allocation.user, account, now);
    return;
  }
  account.close();
  core.outputs.push({ type: 'close-relay', socket: reserved.socket });
}

/** No port of that kind was to be had (RFC 8656 §7.2: 508), or no address of that family (440). */
export function relayBindFailed(core: Core, id: number, why: BindFailure, now: Millis): void {
  const allocation = core.allocations.get(id);
  const request = allocation?.pending;
  if (allocation === undefined || request === undefined) return;
  endAllocation(core, allocation, 'expired', now);
  core.replies.refuse(request, why === 'unsupported' ? 440 : 508, now);
}

/** The Allocate success response (RFC 8656 §7.2), the same each time that it is asked for. */
function answer(core: Core, allocation: Allocation, request: AuthenticatedRequest): void {
  core.replies.succeed(request, (writer) => {
    for (const relay of allocation.sockets) writeRelayedAddress(core, writer, relay);
    const { refusedFamily, reservation, mobility } = allocation;
    if (refusedFamily !== undefined) writer.addressError(refusedFamily.family, refusedFamily.code);
    writer.uint32(ATTRIBUTE.LIFETIME, Math.floor(allocation.granted / 1000));
    if (reservation !== undefined) {
      const { high, low } = tokenWords(reservation);
      writer.uint64(ATTRIBUTE.RESERVATION_TOKEN, high, low);
    }
    writer.address(ATTRIBUTE.XOR_MAPPED_ADDRESS, request.address);
    if (mobility !== undefined) writer.bytes(ATTRIBUTE.MOBILITY_TICKET, core.tickets.make(allocation));
  });
}

function writeRelayedAddress({ options }: Core, writer: MessageWriter, { family, port }: RelaySocket): void {
  const address = family === FAMILY.IPV4 ? options.relay.ipv4 : options.relay.ipv6;
  if (address === undefined) return;
  writer.addressWords(ATTRIBUTE.XOR_RELAYED_ADDRESS, address.a, address.b, address.c, address.d, port);
}
