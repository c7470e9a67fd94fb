import type { EventLog } from '../events/log.ts';
import type { UsageKey, UsageRow } from '../events/store/queries.ts';
import { DAY_MS } from '../events/store/usage.ts';
import { json } from '../http/message.ts';
import type { Clock } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import { UsageList, UsageQuery } from './event-schemas.ts';
import { type Route, route } from './route.ts';

const PAGE = 100;

/** What was used, as the event log has it. */
export function usageRoutes(log: Pick<EventLog, 'ask'>, clock: Clock): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/usage',
      operationId: 'readUsage',
      summary: 'Usage by day, room and API key, in this order.',
      scope: 'api-key',
      query: UsageQuery,
      success: { status: 200, schema: UsageList },
      errors: ['events-unavailable', 'limit-reached'],
      async handle({ query }) {
        const today = Math.floor(clock() / DAY_MS);
        const [from, to] = [dayOf(query.from) ?? today, dayOf(query.to) ?? today];
        const { room, key: keyId, limit = PAGE } = query;
        const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
        const { rows, asOf, more } = await log.ask({ type: 'usage', from, to, room, keyId, after, limit });
        const last = rows.at(-1);
        return json({
          usage: rows.map(resource),
          asOf: new Date(asOf).toISOString(),
          ...(more && last !== undefined ? { next: writeCursor(last) } : {}),
        });
      },
    }),
  ];
}

function resource({ day, room, keyId, joins, participantMs, ...bytes }: UsageRow) {
  return {
    day: writeDay(day),
    ...(room === '' ? {} : { room }),
    ...{ key: keyId, joins, participantSeconds: participantMs / 1000 },
    ...bytes,
  };
}

function writeDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

function dayOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.floor(Date.parse(text) / DAY_MS);
}

function writeCursor({ day, room, keyId }: UsageKey): string {
  return Buffer.from(JSON.stringify([day, room, keyId])).toString('base64url');
}

function readCursor(cursor: string): UsageKey {
  try {
    const [day, room, keyId] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (typeof day === 'number' && typeof room === 'string' && typeof keyId === 'string') return { day, room, keyId };
  } catch {
    // It is not one of ours, as the other way out says, too.
  }
  throw new SluiceError('invalid-request', { errors: [{ path: '/cursor', message: 'is not one of a page before' }] });
}
