import type { Millis } from '../kernel/clock.ts';
import type { Allocation, ClientPath } from './allocation.ts';
import { type Core, enterPath, leavePath } from './core.ts';
import { NEXT_PATH } from './relaying.ts';
import type { Request } from './request.ts';

/**
 * A client has shown its ticket from a new 5-tuple (RFC 8016 §3.2.2). The old one goes on, in both directions, until the
 * first data comes on the new one; where there is no old one any more, the new one counts at once.
 */
export function moveTo(core: Core, allocation: Allocation, request: Request, now: Millis): void {
  const { mobility } = allocation;
  if (mobility === undefined) return;
  const { socket, address, transport } = request;
  if (mobility.next !== undefined) leavePath(core, mobility.next);
  mobility.next = { socket, address, transport };
  mobility.serial += 1;
  mobility.movedBy = request.transaction;
  enterPath(core, mobility.next, allocation.index + NEXT_PATH);
  if (allocation.path === undefined) settle(core, allocation, now);
}

/** The new 5-tuple takes the place of the old one, and the tickets before the last are void (RFC 8016 §3.2.3). */
export function settle(core: Core, allocation: Allocation, now: Millis): void {
  const { mobility, path: old, index, account } = allocation;
  const path = mobility?.next;
  if (mobility === undefined || path === undefined) return;
  const { a, b, c, d } = path.address;
  if (old !== undefined) {
    leavePath(core, old);
    if (old.transport !== 'udp') core.outputs.push({ type: 'close-stream', socket: old.socket, why: 'moved' });
  }
  mobility.next = undefined;
  mobility.confirmed = mobility.serial;
  allocation.path = path;
  enterPath(core, path, index);
  core.slots.setClient(index, path.socket, path.address, path.transport !== 'udp');
  account.move(a, b, c, d);
  core.options.bandwidth.move(core.slots.bandwidth[index]!, a, b, c, d, now);
}

/** One of a mobile allocation's paths is gone: true where the allocation lives on. */
export function losePath(core: Core, allocation: Allocation, lost: ClientPath, now: Millis): boolean {
  const { mobility } = allocation;
  if (mobility === undefined) return false;
  leavePath(core, lost);
  if (mobility.next?.socket === lost.socket) {
    mobility.next = undefined;
    return true;
  }
  allocation.path = undefined;
  core.slots.loseClient(allocation.index);
  settle(core, allocation, now);
  return true;
}
