/** The store's thread: runs the parts of the store, one order after another. */
import { parentPort } from 'node:worker_threads';

import type { FromThread, ToThread } from './control.ts';

/** A part of the store, on the thread. */
export type StorePart<Order> = {
  take(order: Order): void;
  /** Does what is due. Called a few times a second. */
  work(): void;
  /** Deletes what is too old, for some ms. True when there is more. */
  deleteOld(): boolean;
  close(): void;
};

/** A part, by what it is opened with. What it is sent is what its own side on the main thread sends. */
export type StorePartKind = (start: never, tell: (report: unknown) => void) => StorePart<never>;

const WORK_EVERY_MS = 250;
const DELETE_EVERY_MS = 10_000;

/** Takes the orders of the main thread, until it says that this is the end. */
export function runStore(kinds: Readonly<Record<string, StorePartKind>>): void {
  const port = parentPort;
  if (port === null) throw new Error('this is the program of a thread');
  const parts = new Map<string, StorePart<never>>();
  const tell = (message: FromThread) => port.postMessage(message);

  const working = setInterval(() => {
    for (const part of parts.values()) part.work();
  }, WORK_EVERY_MS);
  let deleting: NodeJS.Timeout;
  const deleteSome = () => {
    const more = [...parts.values()].filter((part) => part.deleteOld());
    deleting = setTimeout(deleteSome, more.length > 0 ? WORK_EVERY_MS : DELETE_EVERY_MS);
  };
  deleting = setTimeout(deleteSome, DELETE_EVERY_MS);

  port.on('message', (message: ToThread) => {
    switch (message.type) {
      case 'open': {
        const { part, start } = message;
        const kind = kinds[part];
        if (kind === undefined) throw new Error(`there is no part ${part}`);
        parts.set(
          part,
          kind(start as never, (report) => tell({ type: 'report', part, report })),
        );
        return;
      }
      case 'order':
        return parts.get(message.part)?.take(message.order as never);
      case 'close': {
        const part = parts.get(message.part);
        parts.delete(message.part);
        part?.work();
        part?.close();
        return tell({ type: 'closed', part: message.part });
      }
      case 'end':
        clearInterval(working);
        clearTimeout(deleting);
        // Nothing is left to wait for, and the thread ends by itself.
        return port.close();
    }
  });
}
