/** One reader's stream of events: first what is stored after the number that it has seen, then what happens, with no gap and nothing twice. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { EventStream } from '../http/event-stream.ts';
import type { EventLog } from './log.ts';

/** Events that are read at once. */
const PAGE = 200;
/** While more than this waits for a reader that catches up, nothing more is read for it, bytes. */
const MAX_AHEAD = 256 * 1024;
/** How often it is looked whether it has read, ms. */
const LOOK_EVERY_MS = 25;

type FeedLog = Pick<EventLog, 'ask' | 'listen' | 'state'>;

/**
 * Sends everything after the number `after`; undefined: what is announced from here on.
 *
 * @param room Only the events of rooms of this name.
 */
export function feed(log: FeedLog, stream: EventStream, after: number | undefined, room: string | undefined): void {
  let seen = after ?? log.state.announced;
  const send = ({ seq, type, text }: { seq: number; type: string; text: string }) =>
    stream.send({ id: String(seq), event: type, data: text });
  const over = new AbortController();
  let stopListening: (() => void) | undefined;
  stream.onClose(() => {
    over.abort();
    stopListening?.();
  });

  const live = () => {
    stopListening = log.listen((event) => {
      if (event.seq <= seen) return;
      seen = event.seq;
      if (room === undefined || event.room === room) send(event);
      // What is not for this reader goes past it: coming back, it is not to ask for what was given up meanwhile.
      else stream.position(String(seen));
    });
  };
  const catchUp = async () => {
    while (!over.signal.aborted && seen < log.state.announced) {
      const page = await log.ask({ type: 'events', after: seen, room, limit: PAGE });
      // What it was to get next is not kept any more: it learns so when it comes back.
      if ('missing' in page) return stream.close();
      for (const event of page.events) if (!send(event)) return;
      seen = page.upTo;
      stream.position(String(seen));
      while (!over.signal.aborted && stream.buffered > MAX_AHEAD) await sleep(LOOK_EVERY_MS);
    }
    // In the same step as the comparison: nothing is announced in between.
    if (!over.signal.aborted) live();
  };
  // Where the store cannot be read the reader comes back with the number that it has seen, as after any end of a stream.
  catchUp().catch(() => stream.close());
}
