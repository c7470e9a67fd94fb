import type { Millis } from '../kernel/clock.ts';
import { ATTRIBUTE, type AttributeName } from '../stun/attributes.ts';
import { TRANSACTION_ID_OFFSET } from '../stun/header.ts';
import { CLASS, METHOD } from '../stun/methods.ts';
import { allocate } from './allocate.ts';
import { type Allocation, type TransactionId, sameTransaction } from './allocation.ts';
import { authenticate } from './authenticate.ts';
import { BEHAVIOR_ATTRIBUTES, binding } from './binding.ts';
import { channelBind } from './channel-bind.ts';
import { expire } from './allocations.ts';
import { type Core, allocationAt, count, isNextPath } from './core.ts';
import type { Counter } from './counters.ts';
import { createPermission } from './create-permission.ts';
import type { TurnEvent } from './events.ts';
import { settle } from './mobility.ts';
import { refresh } from './refresh.ts';
import type { AuthenticatedRequest, Request } from './request.ts';
import { connect, connectionBind } from './tcp-connections.ts';

/** A STUN message, as the shell brings it. */
export type Message = Extract<TurnEvent, { type: 'message' }>;

/** What requests may carry (RFC 8489, 8656, 6062, 8016); anything else that must be understood is a 420. */
const UNDERSTOOD: readonly AttributeName[] = [
  'USERNAME',
  'USERHASH',
  'MESSAGE_INTEGRITY',
  'MESSAGE_INTEGRITY_SHA256',
  'REALM',
  'NONCE',
  'PASSWORD_ALGORITHM',
  'PASSWORD_ALGORITHMS',
  'FINGERPRINT',
  'CHANNEL_NUMBER',
  'LIFETIME',
  'XOR_PEER_ADDRESS',
  'DATA',
  'REQUESTED_ADDRESS_FAMILY',
  'ADDITIONAL_ADDRESS_FAMILY',
  'EVEN_PORT',
  'REQUESTED_TRANSPORT',
  'DONT_FRAGMENT',
  'RESERVATION_TOKEN',
  'CONNECTION_ID',
  'MOBILITY_TICKET',
];

/** The attributes that a server understands; those of RFC 5780 where it has the sockets for them. */
export function understoodAttributes(hasBehavior: boolean): readonly AttributeName[] {
  return hasBehavior ? [...UNDERSTOOD, ...BEHAVIOR_ATTRIBUTES] : UNDERSTOOD;
}

/** What is done with a request that has passed authentication. */
type Handler =
  | { readonly counter: Counter; readonly needs: 'nothing'; readonly handle: HandleRequest }
  | { readonly counter: Counter; readonly needs: 'allocation'; readonly handle: HandleWithAllocation };
type HandleRequest = (core: Core, request: AuthenticatedRequest, now: Millis) => void;
type HandleWithAllocation = (core: Core, request: AuthenticatedRequest, allocation: Allocation, now: Millis) => void;

const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [METHOD.ALLOCATE, { counter: 'requests.allocate', needs: 'nothing', handle: allocate }],
  [METHOD.REFRESH, { counter: 'requests.refresh', needs: 'nothing', handle: refresh }],
  [METHOD.CREATE_PERMISSION, { counter: 'requests.create-permission', needs: 'allocation', handle: createPermission }],
  [METHOD.CHANNEL_BIND, { counter: 'requests.channel-bind', needs: 'allocation', handle: channelBind }],
  [METHOD.CONNECT, { counter: 'requests.connect', needs: 'allocation', handle: connect }],
  [METHOD.CONNECTION_BIND, { counter: 'requests.connection-bind', needs: 'nothing', handle: connectionBind }],
]);

/** Receiving a message (RFC 8489 §6.3): what is no request that the server knows is dropped, and counted. */
export function receive(core: Core, message: Message, now: Millis): void {
  const { reader, options } = core;
  const { a, b, c, d, port } = message.address;
  // What one relayed address sends to another's listener could go round in circles.
  if (message.transport === 'udp' && options.policy.isOwnRelay(a, b, c, d, port)) {
    count(core, 'drops.own-relay');
    return;
  }
  const refusal = reader.parse(core.view, message.offset, message.length);
  if (refusal !== undefined) {
    count(core, refusal === 'short' ? 'drops.short' : refusal === 'not-stun' ? 'drops.not-turn' : 'drops.malformed');
  } else if (reader.has(ATTRIBUTE.FINGERPRINT) && !reader.hasValidFingerprint()) {
    count(core, 'drops.fingerprint');
  } else if (reader.class === CLASS.REQUEST) {
    receiveRequest(core, message, now);
  } else if (reader.class !== CLASS.INDICATION || reader.method !== METHOD.BINDING) {
    // RFC 8489 §6.3.2: a Binding indication is a keepalive, to which nothing is to be said.
    count(core, 'drops.unexpected-class');
  }
}

function receiveRequest(core: Core, message: Message, now: Millis): void {
  const { reader } = core;
  const { socket, address, transport, length } = message;
  const { method } = reader;
  const request: Request = {
    socket,
    address,
    transport,
    length,
    method,
    transaction: transactionOf(core),
    authenticated: undefined,
  };
  if (method === METHOD.BINDING) {
    count(core, 'requests.binding');
    if (!refuseUnknown(core, request, now)) binding(core, request, now);
    return;
  }
  const handler = HANDLERS.get(method);
  if (handler === undefined) {
    count(core, 'drops.unknown-method');
    return;
  }
  count(core, handler.counter);
  const authenticated = authenticate(core, request, now);
  if (authenticated === undefined) return;
  if (transport !== 'udp') {
    core.outputs.push({ type: 'authenticated', socket, identity: authenticated.user.identity });
  }
  const admitted: AuthenticatedRequest = { ...request, authenticated };
  // RFC 8489 §6.3: authentication comes before unknown attributes.
  if (refuseUnknown(core, admitted, now)) return;
  freshen(core, admitted, now);
  if (handler.needs === 'nothing') handler.handle(core, admitted, now);
  else withAllocation(core, admitted, handler.handle, now);
}

/** RFC 8656 §5: the 5-tuple must have an allocation (437), and the user must be the one who made it (441). */
function withAllocation(core: Core, request: AuthenticatedRequest, handle: HandleWithAllocation, now: Millis): void {
  const allocation = allocationAt(core, request);
  if (allocation === undefined || allocation.pending !== undefined) {
    core.replies.refuse(request, 437, now);
  } else if (allocation.user.username !== request.authenticated.user.username) {
    core.replies.refuse(request, 441, now);
  } else {
    handle(core, request, allocation, now);
  }
}

/**
 * Sees to it that the allocation of a 5-tuple is what it must be at `now`, before anything is asked of it: one that has
 * expired is ended, and a client that goes on from its new path has moved there.
 */
function freshen(core: Core, request: AuthenticatedRequest, now: Millis): void {
  const allocation = allocationAt(core, request);
  if (allocation === undefined || allocation.pending !== undefined) return;
  if (allocation.checkAt <= now) expire(core, allocation, now);
  const again = sameTransaction(allocation.mobility?.movedBy, request.transaction);
  const owner = allocation.user.username === request.authenticated.user.username;
  if (owner && !again && isNextPath(core, request)) settle(core, allocation, now);
}

/** RFC 8489 §6.3.1: 420 with the attributes that are not understood; false where there are none. */
function refuseUnknown(core: Core, request: Request, now: Millis): boolean {
  const { unknown, unknownCount } = core.reader;
  if (unknownCount === 0) return false;
  core.replies.refuse(request, 420, now, (writer) => writer.unknownAttributes(unknown, unknownCount));
  return true;
}

function transactionOf({ reader: { view, offset } }: Core): TransactionId {
  const at = offset + TRANSACTION_ID_OFFSET;
  return { x: view.getInt32(at), y: view.getInt32(at + 4), z: view.getInt32(at + 8) };
}
