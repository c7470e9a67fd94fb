import { SluiceError } from './errors.ts';

/** Runs tasks one at a time, in the order in which they came, so that one participant's requests never interleave. */
export type Mailbox = {
  /**
   * Runs `task` after all tasks before it. Rejects with what the task throws, with `rate-limited` when
   * `limit` tasks are waiting, and with `session-gone` after `close()`.
   */
  run<T>(task: () => Promise<T> | T): Promise<T>;
  /** Tasks that wait or run. */
  readonly length: number;
  /** Refuses what waits, at once, and what comes; the task that runs may finish. */
  close(): void;
};

/** A task that waits, and what becomes of its promise. */
type Waiting = { readonly start: () => Promise<void>; readonly refuse: (error: SluiceError) => void };

/** A mailbox that holds at most `limit` tasks. */
export function createMailbox(limit: number): Mailbox {
  const waiting: Waiting[] = [];
  let length = 0;
  let working = false;
  let closed = false;

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next.start();
    working = false;
  }

  return {
    run<T>(task: () => Promise<T> | T): Promise<T> {
      if (closed) return Promise.reject(new SluiceError('session-gone'));
      if (length >= limit) {
        return Promise.reject(new SluiceError('rate-limited', { detail: `${limit} requests are waiting already.` }));
      }
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      length += 1;
      waiting.push({
        async start() {
          try {
            const result = await task();
            length -= 1;
            resolve(result);
          } catch (error) {
            length -= 1;
            reject(error);
          }
        },
        refuse: reject,
      });
      if (!working) {
        working = true;
        // A task never runs within the call that brings it.
        void Promise.resolve().then(work);
      }
      return promise;
    },
    get length() {
      return length;
    },
    close() {
      closed = true;
      const refused = waiting.splice(0);
      length -= refused.length;
      for (const { refuse } of refused) refuse(new SluiceError('session-gone'));
    },
  };
}
