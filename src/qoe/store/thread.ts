/** The store's thread: takes orders, one after another. Started by store.ts. */
import { parentPort, workerData } from 'node:worker_threads';

import type { Order, Report, StoreStart } from './control.ts';
import { Writer } from './writer.ts';

const WORK_EVERY_MS = 250;
const DELETE_EVERY_MS = 10_000;

const port = parentPort;
if (port === null) throw new Error('this is the program of a thread');
const tell = (report: Report) => port.postMessage(report);

const writer = new Writer(workerData as StoreStart, tell);
const working = setInterval(() => writer.work(), WORK_EVERY_MS);
let deleting: NodeJS.Timeout;
const deleteSome = () => {
  deleting = setTimeout(deleteSome, writer.deleteOld() ? WORK_EVERY_MS : DELETE_EVERY_MS);
};
deleting = setTimeout(deleteSome, DELETE_EVERY_MS);

port.on('message', (order: Order) => {
  switch (order.type) {
    case 'write':
      return writer.take(order);
    case 'query':
      try {
        return tell({ type: 'answer', sequence: order.sequence, rows: writer.ask(order.query) });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return tell({ type: 'refused', sequence: order.sequence, message });
      }
    case 'close':
      writer.work();
      clearInterval(working);
      clearTimeout(deleting);
      writer.close();
      // Nothing is left to wait for, and the thread ends by itself.
      return port.close();
  }
});
writer.work();
tell({ type: 'ready' });
