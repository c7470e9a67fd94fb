import { localError } from './errors.ts';
import type { EventPage, SluiceEvent } from './event-types.ts';
import type { CallOptions, Http } from './http.ts';
import { reopened, type StreamOptions } from './streams.ts';

/** Where to begin: with the first event whose number is higher than `after`. `room`: of this room alone. */
export type EventsFrom = { readonly after?: number | undefined; readonly room?: string | undefined };

/** The event log: what happened to rooms, participants and tracks, each once and in order. */
export type Events = {
  /** One page: up to `limit` events (100, 1000 at most). Without `after` it begins with the oldest that is kept. */
  page(options?: EventsFrom & CallOptions & { limit?: number }): Promise<EventPage>;
  /** What is in the log now, to its end, a page at a time. */
  read(options?: EventsFrom & CallOptions): AsyncGenerator<SluiceEvent, void>;
  /**
   * What is in the log after `after`, and then whatever happens, without an end: no event is missing and none comes twice,
   * however often the connection is lost. Without `after` it begins with what happens from now on. To go on after a
   * restart, store the `seq` of the last event that was dealt with. Ends when `signal` is aborted; throws what another
   * attempt would not mend, like `events-gone` and `unauthorized`.
   */
  follow(options?: EventsFrom & StreamOptions): AsyncGenerator<SluiceEvent, void>;
};

export function createEvents(http: Http): Events {
  const events: Events = {
    async page({ after, room, limit, signal } = {}) {
      return (await http.request<EventPage>('GET', '/v1/events', { query: { after, room, limit }, signal })).value;
    },
    async *read({ after, ...options } = {}) {
      for (let next = after; ;) {
        const page = await events.page({ ...options, after: next, limit: 1000 });
        yield* page.events;
        if (page.next >= page.last) return;
        next = page.next;
      }
    },
    async *follow({ after, room, signal, onReconnect } = {}) {
      // A number to come back to, before there is an event.
      let seen = after ?? (await lastOf(signal));
      if (seen === undefined) return;
      const headers = () => ({ 'last-event-id': String(seen) });
      const position = (id: string) => void (seen = Math.max(seen ?? 0, Number(id) || 0));
      const stream = { signal, position, ...(onReconnect === undefined ? {} : { onReconnect }) };
      for await (const { data } of reopened(http, { path: '/v1/events', query: { room }, headers, ...stream })) {
        const event = eventOf(data);
        if (event.seq <= seen) continue;
        yield event;
        seen = event.seq;
      }
    },
  };

  async function lastOf(signal: AbortSignal | undefined): Promise<number | undefined> {
    try {
      return (await events.page({ limit: 1, signal })).last;
    } catch (error) {
      if (signal?.aborted === true) return undefined;
      throw error;
    }
  }
  return events;
}

/** An event as it stands in a stream or in a webhook. Throws `bad-answer`. */
export function eventOf(text: string): SluiceEvent {
  try {
    const event = JSON.parse(text) as SluiceEvent;
    if (typeof event.seq === 'number' && typeof event.type === 'string') return event;
  } catch {
    // As below.
  }
  throw localError('bad-answer', 'This is no event of a Sluice server.');
}
