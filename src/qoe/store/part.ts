/** The store of quality of experience on the store's thread. */
import type { StorePartKind } from '../../store/program.ts';
import { messageOf } from '../../store/keeper.ts';
import type { Order, Report, StoreStart } from './control.ts';
import { Writer } from './writer.ts';

export const qoePart = ((start: StoreStart, tell: (report: Report) => void) => {
  const writer = new Writer(start, tell);
  writer.work();
  tell({ type: 'ready' });
  return {
    take(order: Order) {
      switch (order.type) {
        case 'write':
          return writer.take(order);
        case 'query':
          try {
            return tell({ type: 'answer', sequence: order.sequence, rows: writer.ask(order.query) });
          } catch (error) {
            return tell({ type: 'refused', sequence: order.sequence, message: messageOf(error) });
          }
      }
    },
    work: () => writer.work(),
    deleteOld: () => writer.deleteOld(),
    close: () => writer.close(),
  };
}) satisfies StorePartKind;
