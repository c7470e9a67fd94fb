import type { Millis } from '../kernel/clock.ts';
import { familyOf } from '../stun/address.ts';
import { ATTRIBUTE } from '../stun/attributes.ts';
import type { Core } from './core.ts';
import type { BehaviorEndpoint } from './options.ts';
import type { Write } from './reply.ts';
import type { Request } from './request.ts';

/** CHANGE-REQUEST's flags (RFC 5780 §7.2). */
const CHANGE_IP = 4;
const CHANGE_PORT = 2;

/**
 * A Binding request (RFC 8489 §12), which needs no credentials. Where the server has a second address, it is answered as
 * RFC 5780 §6.1 wants: with the address that the answer comes from, and the one that is different in address and port.
 * Those two are left out where they would make the answer too long for so short a request.
 */
export function binding(core: Core, request: Request, now: Millis): void {
  const mapped: Write = (writer) => writer.address(ATTRIBUTE.XOR_MAPPED_ADDRESS, request.address);
  const endpoints = core.options.behavior ?? [];
  const here = endpoints.find(({ socket }) => socket === request.socket);
  if (here === undefined) {
    core.replies.bind(request, [mapped], request.socket, now);
    return;
  }
  const { reader } = core;
  const change = reader.has(ATTRIBUTE.CHANGE_REQUEST) ? reader.uint32(ATTRIBUTE.CHANGE_REQUEST) : 0;
  const ip = (change & CHANGE_IP) !== 0;
  const port = (change & CHANGE_PORT) !== 0;
  const from = endpoints.find((other) => isOther(other, here, ip, port));
  const other = endpoints.find((candidate) => isOther(candidate, here, true, true));
  if (from === undefined || other === undefined) {
    core.replies.refuse(request, 400, now);
    return;
  }
  const full: Write = (writer) => {
    mapped(writer);
    writer.address(ATTRIBUTE.RESPONSE_ORIGIN, from.address);
    writer.address(ATTRIBUTE.OTHER_ADDRESS, other.address);
  };
  core.replies.bind(request, [full, mapped], from.socket, now);
}

/** Whether an endpoint differs from where the request came in just what was asked for. */
function isOther(other: BehaviorEndpoint, here: BehaviorEndpoint, ip: boolean, port: boolean): boolean {
  return (
    familyOf(other.address) === familyOf(here.address) &&
    (other.ip !== here.ip) === ip &&
    (other.port !== here.port) === port
  );
}
