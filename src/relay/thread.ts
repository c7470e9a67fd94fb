/** A relay thread: takes its orders, runs a TURN server, and tells what it has done. Started by thread-slot.ts. */
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

import type { Order, Report, ThreadStart } from './control.ts';

enableCompileCache();
const { startTurnThread } = await import('./turn-thread.ts');

const port = parentPort;
if (port === null) throw new Error('this is the program of a thread');
const tell = (report: Report) => port.postMessage(report);

try {
  const thread = await startTurnThread(workerData as ThreadStart, tell);
  port.on('message', (order: Order) => {
    if (order.type !== 'close') return thread.obey(order);
    thread.close(order.cause);
    // Nothing is left to wait for, and the thread ends by itself.
    port.close();
  });
} catch (error) {
  tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  port.close();
}
