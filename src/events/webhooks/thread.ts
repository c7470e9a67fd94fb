/** The webhooks' thread: nothing that a receiver does, or does not do, reaches the main thread. Started by webhooks.ts. */
import { parentPort, workerData } from 'node:worker_threads';

import type { WebhookOrder, WebhookQuery, WebhookReport, WebhookStart } from './control.ts';
import { DeliveryFile } from './delivery-file.ts';
import { LogFileReader } from './log-reader.ts';
import { Sender } from './sender.ts';

const COUNT_EVERY_MS = 1000;

const port = parentPort;
if (port === null) throw new Error('this is the program of a thread');
const tell = (report: WebhookReport) => port.postMessage(report);

const start = workerData as WebhookStart;
const log = new LogFileReader(start.log);
const file = new DeliveryFile(start.state);
const senders = new Map(
  start.endpoints.map((endpoint): [string, Sender] => [endpoint.name, new Sender(endpoint, start, log, file, tell)]),
);
const counting = setInterval(count, COUNT_EVERY_MS);

port.on('message', (order: WebhookOrder) => {
  switch (order.type) {
    case 'more':
      for (const sender of senders.values()) sender.pump();
      return;
    case 'query':
      try {
        return tell({ type: 'answer', sequence: order.sequence, answer: answer(order.query) });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return tell({ type: 'refused', sequence: order.sequence, message });
      }
    case 'close':
      clearInterval(counting);
      count();
      for (const sender of senders.values()) sender.close();
      file.close();
      log.close();
      return port.close();
  }
});
for (const sender of senders.values()) sender.pump();

function answer(query: WebhookQuery): unknown {
  switch (query.type) {
    case 'status':
      return [...senders.values()].map((sender) => sender.status());
    case 'dead-letters':
      return file.deadLetters(query.name, query.after, query.limit);
    case 'redeliver':
      return senders.get(query.name)?.again(query.seqs) ?? 0;
    case 'enable':
      return senders.get(query.name)?.enable();
  }
}

function count(): void {
  tell({ type: 'counts', counts: [...senders.values()].map(({ counts }) => counts) });
}
