import type { Millis } from '../kernel/clock.ts';
import { familyOf } from '../stun/address.ts';
import { ATTRIBUTE, type AttributeName } from '../stun/attributes.ts';
import type { Core } from './core.ts';
import type { BehaviorEndpoint } from './options.ts';
import type { Write } from './reply.ts';
import type { Request } from './request.ts';

/** What a Binding request may ask for where RFC 5780 is at home; nobody else understands these. */
export const BEHAVIOR_ATTRIBUTES = [
  'CHANGE_REQUEST',
  'RESPONSE_PORT',
  'PADDING',
] as const satisfies readonly AttributeName[];

/** CHANGE-REQUEST's flags (RFC 5780 §7.2). */
const CHANGE_IP = 4;
const CHANGE_PORT = 2;

/** The length of PADDING that RFC 5780 §6.1 asks for: the MTU of nearly all interfaces. */
const MTU_PADDING = new Uint8Array(1500);

/**
 * A Binding request (RFC 8489 §12), which needs no credentials. Where the server has a second address, it is answered as
 * RFC 5780 §6.1 wants: with the address that the answer comes from, and the one that is different in address and port.
 */
export function binding(core: Core, request: Request, now: Millis): void {
  const endpoints = core.options.behavior ?? [];
  const here = endpoints.find(({ socket }) => socket === request.socket);
  if (here !== undefined) discoverBehavior(core, request, { here, endpoints }, now);
  else if (!refuseBehavior(core, request, now)) core.replies.bind(request, [mappedOf(request)], request.socket, now);
}

function mappedOf({ address }: Request): Write {
  return (writer) => writer.address(ATTRIBUTE.XOR_MAPPED_ADDRESS, address);
}

/** A socket without a second address next to one that has it: 420, as if the attributes were unknown. */
function refuseBehavior(core: Core, request: Request, now: Millis): boolean {
  const asked = BEHAVIOR_ATTRIBUTES.map((name) => ATTRIBUTE[name]).filter((type) => core.reader.has(type));
  if (asked.length === 0) return false;
  const types = Uint16Array.from(asked);
  core.replies.refuse(request, 420, now, (writer) => writer.unknownAttributes(types, types.length));
  return true;
}

type Place = { readonly here: BehaviorEndpoint; readonly endpoints: readonly BehaviorEndpoint[] };

/**
 * RFC 5780 §6.1. Whoever sends this in another's name gains nothing by it: the answer goes to the address that the
 * request names, at most at another port, counts for that address, and is never longer than 3.6 times the request. So
 * what is told is left out bit by bit where the request is short, and PADDING is as long as the MTU only for a request
 * that was padded likewise; else as long as the request's own.
 */
function discoverBehavior(core: Core, request: Request, { here, endpoints }: Place, now: Millis): void {
  const { reader } = core;
  const change = reader.has(ATTRIBUTE.CHANGE_REQUEST) ? reader.uint32(ATTRIBUTE.CHANGE_REQUEST) : 0;
  const ip = (change & CHANGE_IP) !== 0;
  const port = (change & CHANGE_PORT) !== 0;
  const from = endpoints.find((other) => isOther(other, here, ip, port));
  const other = endpoints.find((candidate) => isOther(candidate, here, true, true));
  const to = responsePort(core, request);
  const padded = reader.has(ATTRIBUTE.PADDING);
  const asksBoth = padded && reader.has(ATTRIBUTE.RESPONSE_PORT);
  if (from === undefined || other === undefined || to === 0 || asksBoth) {
    core.replies.refuse(request, 400, now);
    return;
  }
  const mapped = mappedOf(request);
  const located: Write = (writer) => {
    mapped(writer);
    writer.address(ATTRIBUTE.RESPONSE_ORIGIN, from.address);
    writer.address(ATTRIBUTE.OTHER_ADDRESS, other.address);
  };
  const full: Write = (writer) => {
    writer.address(ATTRIBUTE.MAPPED_ADDRESS, request.address);
    located(writer);
  };
  const own = MTU_PADDING.subarray(0, padded ? Math.min(reader.size(ATTRIBUTE.PADDING), MTU_PADDING.length) : 0);
  const writes = padded
    ? [withPadding(full, MTU_PADDING), withPadding(full, own), withPadding(mapped, own)]
    : [full, located, mapped];
  core.replies.bind({ ...request, address: { ...request.address, port: to } }, writes, from.socket, now);
}

/** Where the answer goes (RFC 5780 §7.5): to RESPONSE-PORT at the address that the request came from. */
function responsePort({ reader }: Core, { address }: Request): number {
  return reader.has(ATTRIBUTE.RESPONSE_PORT) ? reader.view.getUint16(reader.at(ATTRIBUTE.RESPONSE_PORT)) : address.port;
}

function withPadding(write: Write, padding: Uint8Array): Write {
  return (writer) => {
    write(writer);
    writer.bytes(ATTRIBUTE.PADDING, padding);
  };
}

/** Whether an endpoint differs from where the request came in just what was asked for. */
function isOther(other: BehaviorEndpoint, here: BehaviorEndpoint, ip: boolean, port: boolean): boolean {
  return (
    familyOf(other.address) === familyOf(here.address) &&
    (other.ip !== here.ip) === ip &&
    (other.port !== here.port) === port
  );
}
