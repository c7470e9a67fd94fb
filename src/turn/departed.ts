import type { Millis } from '../kernel/clock.ts';
import type { ClientPath, TransactionId } from './allocation.ts';

/** RFC 8489 §6.3.1: a request may be retransmitted for 40 seconds. */
const REMEMBERED = 40_000;
const CAPACITY = 1024;

type Departure = { readonly path: ClientPath; readonly username: string; readonly until: number };

/**
 * Refresh requests that have ended an allocation. Their retransmissions find no allocation, and are answered like the
 * first of them. Bounded: where more than 1,024 end within 40 seconds, the oldest are forgotten, and are answered by
 * 437, which a client takes as well (RFC 8656 §8.3).
 */
export class Departed {
  readonly #departures = new Map<string, Departure>();

  remember(path: ClientPath, username: string, transaction: TransactionId, now: Millis): void {
    for (const [key, { until }] of this.#departures) {
      if (until > now && this.#departures.size < CAPACITY) break;
      this.#departures.delete(key);
    }
    this.#departures.set(keyOf(transaction), { path, username, until: now + REMEMBERED });
  }

  /** Whether this request, from there and from that user, has ended an allocation lately. */
  has(path: ClientPath, username: string, transaction: TransactionId, now: Millis): boolean {
    const departure = this.#departures.get(keyOf(transaction));
    if (departure === undefined || departure.until <= now || departure.username !== username) return false;
    const { address, socket } = departure.path;
    const { a, b, c, d, port } = path.address;
    return (
      socket === path.socket &&
      address.port === port &&
      address.a === a &&
      address.b === b &&
      address.c === c &&
      address.d === d
    );
  }
}

function keyOf({ x, y, z }: TransactionId): string {
  return `${x},${y},${z}`;
}
