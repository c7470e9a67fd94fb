import type { Millis } from '../kernel/clock.ts';
import { type ClientPath, sameTransaction, type TransactionId } from './allocation.ts';

/** RFC 8489 §6.3.1: a request may be retransmitted for 40 seconds. */
const REMEMBERED = 40_000;
const CAPACITY = 1024;

type Departure = {
  readonly transaction: TransactionId;
  readonly path: ClientPath;
  readonly username: string;
  readonly until: number;
};

/**
 * Refresh requests that have ended an allocation. Their retransmissions find no allocation, and are answered like the
 * first of them. Bounded: where more than 1,024 end within 40 seconds, the oldest are forgotten, and are answered by
 * 437, which a client takes as well (RFC 8656 §8.3).
 */
export class Departed {
  /** By the first word of the transaction: of two that share it, the later one is remembered. */
  readonly #byWord = new Map<number, Departure>();
  /** In a ring, the oldest at `#next` once it is full. */
  readonly #ring: Departure[] = [];
  #next = 0;

  remember(path: ClientPath, username: string, transaction: TransactionId, now: Millis): void {
    const departure: Departure = { transaction, path, username, until: now + REMEMBERED };
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined && this.#byWord.get(oldest.transaction.x) === oldest) {
      this.#byWord.delete(oldest.transaction.x);
    }
    this.#ring[this.#next] = departure;
    this.#next = (this.#next + 1) % CAPACITY;
    this.#byWord.set(transaction.x, departure);
  }

  /** Whether this request, from there and from that user, has ended an allocation lately. */
  has(path: ClientPath, username: string, transaction: TransactionId, now: Millis): boolean {
    const departure = this.#byWord.get(transaction.x);
    if (departure === undefined || departure.until <= now || departure.username !== username) return false;
    if (!sameTransaction(departure.transaction, transaction)) return false;
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
