/** The event log on the store's thread. */
import { Keeper, messageOf } from '../../store/keeper.ts';
import type { StorePartKind } from '../../store/program.ts';
import type { EventBatch } from '../journal.ts';
import type { LogOrder, LogReport, LogStart } from './control.ts';
import { LogFile } from './log-file.ts';
import { answer } from './queries.ts';
import { deleteOld } from './retention.ts';

/** How long deleting may take at once, ms. */
const DELETE_FOR_MS = 20;

export const logPart = ((start: LogStart, tell: (report: LogReport) => void) => {
  const { path, retryAfter } = start;
  let waiting: EventBatch | undefined;
  // Numbers of a file that takes the place of a damaged one must be higher than any that was given: no log has had as many
  // events as there were milliseconds since the epoch.
  let firstLast = 0;
  const keeper = new Keeper<LogFile>({
    ...{ path, retryAfter, now: Date.now },
    open() {
      const file = new LogFile(start, firstLast, Date.now());
      tell({ type: 'opened', log: file.id, last: file.last, closed: file.closed });
      return file;
    },
    tell(report) {
      if (report.type === 'reset') firstLast = Date.now();
      // Its sender sends it again when the file is open, under other numbers if need be.
      if (report.type === 'reset' || (report.type === 'fault' && !passes(report.why))) waiting = undefined;
      tell(report);
    },
  });
  const work = () => {
    const batch = waiting;
    const done = keeper.attempt((file) => {
      if (batch !== undefined) file.append(batch);
      file.noteAlive(Date.now());
    });
    if (!done || batch === undefined) return;
    waiting = undefined;
    tell({ type: 'written', last: batch.first + batch.texts.length - 1 });
  };
  work();
  return {
    take(order: LogOrder) {
      switch (order.type) {
        case 'append':
          waiting = { first: order.first, texts: order.texts };
          return work();
        case 'query':
          try {
            return tell({
              type: 'answer',
              sequence: order.sequence,
              answer: answer(keeper.open().sql, order.query, Date.now()),
            });
          } catch (error) {
            return tell({ type: 'refused', sequence: order.sequence, message: messageOf(error) });
          }
      }
    },
    work,
    deleteOld() {
      if (keeper.faulty) return false;
      const until = performance.now() + DELETE_FOR_MS;
      try {
        while (performance.now() < until) {
          if (!deleteOld(keeper.open().sql, start, Date.now())) return false;
        }
        return true;
      } catch {
        // Whatever it is, the next write finds it, too.
        return false;
      }
    },
    close: () => keeper.close(),
  };
}) satisfies StorePartKind;

/** Whether the same connection may go on after such a fault. */
function passes(why: string): boolean {
  return why === 'locked' || why === 'full';
}
