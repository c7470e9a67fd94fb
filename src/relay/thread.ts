/** A relay thread: takes its orders, runs a TURN server, and tells what it has done. Started by thread-slot.ts. */
import { enableCompileCache } from 'node:module';
import { parentPort } from 'node:worker_threads';

import type { Order, Report, ThreadStart } from './control.ts';
import type { TurnThread } from './turn-thread.ts';

const port = parentPort;
if (port === null) throw new Error('this is the program of a thread');
const tell = (report: Report) => port.postMessage(report);

// For the sources: what was compiled once is not compiled by the next thread.
enableCompileCache();
const loading = import('./turn-thread.ts');

async function start(options: ThreadStart): Promise<TurnThread | undefined> {
  const { startTurnThread } = await loading;
  try {
    return await startTurnThread(options, tell);
  } catch (error) {
    tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
    end();
    return undefined;
  }
}

// Nothing is left to wait for then, and the thread ends by itself.
const end = () => port.close();

let starting: Promise<TurnThread | undefined> = Promise.resolve(undefined);
port.on('message', (order: Order) => {
  if (order.type === 'start') {
    starting = start(order.start);
    return;
  }
  // What is ordered while it starts is obeyed in this order too.
  void starting.then((thread) => {
    if (order.type !== 'close') return thread?.obey(order);
    thread?.close(order.cause);
    end();
  });
});
