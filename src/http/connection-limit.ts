import type { Millis } from '../kernel/clock.ts';
import { later } from '../kernel/clock.ts';

/** Bounds how many connections one address opens in a window of time. */
export type ConnectionLimit = {
  /**
   * Counts a new connection; undefined when it is one too many. The returned function takes the connection out of the
   * count again, when it is known to have closed; idempotent.
   */
  open(address: string, now: Millis): (() => void) | undefined;
  /** Addresses that are counted. */
  readonly size: number;
};

type Connection = { address: string; expires: Millis; counted: boolean };

/**
 * At most `perAddress` connections that are younger than `windowMs` and not known to be closed. µWS does not say whose
 * connection it was that closed once that has served a request, so those leave the count by age: µWS closes a
 * connection without requests within 12 s, hence no address ever holds more idle ones than `perAddress`.
 */
export function createConnectionLimit(perAddress: number, windowMs = 12_000): ConnectionLimit {
  const counts = new Map<string, number>();
  // In the order of expiry, since all live equally long. `head` is the first that is still counted.
  let queue: Connection[] = [];
  let head = 0;

  const release = (connection: Connection) => {
    if (!connection.counted) return;
    connection.counted = false;
    const left = (counts.get(connection.address) ?? 0) - 1;
    if (left > 0) counts.set(connection.address, left);
    else counts.delete(connection.address);
  };

  const expire = (now: Millis) => {
    for (let next = queue[head]; next !== undefined && next.expires <= now; next = queue[head]) {
      release(next);
      head += 1;
    }
    if (head > 1024 && head * 2 > queue.length) {
      queue = queue.slice(head);
      head = 0;
    }
  };

  return {
    open(address, now) {
      expire(now);
      const count = counts.get(address) ?? 0;
      if (count >= perAddress) return undefined;
      counts.set(address, count + 1);
      const connection = { address, expires: later(now, windowMs), counted: true };
      queue.push(connection);
      return () => release(connection);
    },
    get size() {
      return counts.size;
    },
  };
}
