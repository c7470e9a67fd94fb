import { type Millis, later } from '../kernel/clock.ts';
import type { Reservation } from './allocation.ts';
import { type Core, count } from './core.ts';
import type { RelaySocket } from './events.ts';
import type { QuotaAccount } from './quotas.ts';
import type { User } from './users.ts';

/** RFC 8656 §7.2: "The server MUST hold this reservation for at least 30 seconds." */
const RESERVATION_LIFETIME = 30_000;

/** Sets a port aside for the next allocation of the same user. It counts as one of the user's allocations. */
export function reserve(core: Core, relay: RelaySocket, user: User, account: QuotaAccount, now: Millis): Reservation {
  const token = tokenText(core.options.random(8));
  const reservation: Reservation = { kind: 'reservation', token, relay, user, account };
  core.reservations.set(token, reservation);
  core.deadlines.set(reservation, later(now, RESERVATION_LIFETIME));
  count(core, 'gauge.reservations');
  return reservation;
}

/** The reservation of a RESERVATION-TOKEN, where it is this user's: another's is as good as none. */
export function findReservation(core: Core, tokenAt: number, user: User): Reservation | undefined {
  const token = tokenText(core.options.slab.subarray(tokenAt, tokenAt + 8));
  const reservation = core.reservations.get(token);
  return reservation?.user.identity === user.identity ? reservation : undefined;
}

/** The reservation is over. Its port goes to who asked for it, or is closed where nobody did. */
export function endReservation(core: Core, reservation: Reservation, claimed: boolean): void {
  if (!core.reservations.delete(reservation.token)) return;
  core.deadlines.delete(reservation);
  reservation.account.close();
  count(core, 'gauge.reservations', -1);
  if (!claimed) core.outputs.push({ type: 'close-relay', socket: reservation.relay.socket });
}

/** The 8 bytes of a RESERVATION-TOKEN as two words. */
export function tokenWords({ token }: Reservation): { high: number; low: number } {
  return { high: Number.parseInt(token.slice(0, 8), 16), low: Number.parseInt(token.slice(8), 16) };
}

function tokenText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
