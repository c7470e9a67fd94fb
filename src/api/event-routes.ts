import { feed } from '../events/feed.ts';
import type { EventLog } from '../events/log.ts';
import type { LogAnswers } from '../events/store/queries.ts';
import { eventStream } from '../http/event-stream.ts';
import { json } from '../http/message.ts';
import { SluiceError } from '../kernel/errors.ts';
import { EventList, EventsQuery } from './event-schemas.ts';
import { type Call, type Route, route } from './route.ts';

const PAGE = 100;

type EventPage = Exclude<LogAnswers['events'], { missing: unknown }>;

/** The event log, read in pages or followed. */
export function eventRoutes(log: EventLog): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/events',
      operationId: 'listEvents',
      summary: 'Read the event log in its order; with `Accept: text/event-stream` follow it, from `Last-Event-ID` on.',
      scope: 'api-key',
      query: EventsQuery,
      success: { status: 200, schema: EventList },
      errors: ['events-gone', 'events-unavailable', 'limit-reached'],
      async handle({ query, headers }) {
        const { room, limit = PAGE } = query;
        if (headers('accept')?.includes('text/event-stream') !== true) {
          const page = await read(log, { after: query.after, room, limit });
          return listed(page);
        }
        const after = lastSeen(headers('last-event-id')) ?? query.after;
        // Before the stream begins, so that a number from which it cannot go on is refused as such.
        if (after !== undefined) await read(log, { after, room, limit: 1 });
        else if (!log.state.open) throw new SluiceError('events-unavailable', { retryAfter: 1 });
        return eventStream((stream) => feed(log, stream, after, room));
      },
    }),
  ];
}

async function read(
  log: EventLog,
  query: { after: number | undefined; room: string | undefined; limit: number },
): Promise<EventPage> {
  const page = await log.ask({ type: 'events', ...query });
  if (!('missing' in page)) return page;
  const { first, last } = page.missing;
  const kept = first > last ? `nothing after ${last}` : `${first} to ${last}`;
  throw new SluiceError('events-gone', { detail: `The log cannot go on after ${query.after}: it has ${kept}.` });
}

/** The events are JSON already. */
function listed({ events, upTo, last }: EventPage) {
  const answer = json({ next: upTo, last });
  const texts = events.map(({ text }) => text).join(',');
  return { ...answer, body: `{"events":[${texts}],"next":${upTo},"last":${last}}` };
}

/** The number of the event that a reader has seen last; `invalid-request` where the header is no number. */
function lastSeen(header: ReturnType<Call['headers']>): number | undefined {
  if (header === undefined) return undefined;
  if (!/^\d{1,15}$/u.test(header)) {
    throw new SluiceError('invalid-request', { detail: 'Last-Event-ID is not the number of an event.' });
  }
  return Number(header);
}
