/** What quality was and is: of rooms, of sessions, by cause, and live. */
import { eventStream } from '../http/event-stream.ts';
import { json } from '../http/message.ts';
import { SluiceError } from '../kernel/errors.ts';
import { LEVELS, type Level } from '../qoe/level.ts';
import type { LiveStreams } from '../qoe/live.ts';
import { LIVE_EVENT_NAMES, type LiveEventName } from '../qoe/live-events.ts';
import type { LiveSession, QoeSessions } from '../qoe/sessions.ts';
import type { QoeStore } from '../qoe/store/store.ts';
import { parseRoomName, type RoomName } from '../rooms/ids.ts';
import { costJson, participantJson, sessionJson } from './qoe-answers.ts';
import { type QoeReports, range } from './qoe-reports.ts';
import {
  QoeCauses,
  QoeCausesQuery,
  QoeLiveQuery,
  QoeRoom,
  QoeRoomList,
  QoeRoomQuery,
  QoeRoomsQuery,
  QoeSession,
  QoeSessionList,
  QoeSessionsQuery,
} from './qoe-schemas.ts';
import { type Route, route } from './route.ts';

export type QoeSourcesOfRoutes = {
  readonly sessions: Pick<QoeSessions, 'rooms' | 'inRoom' | 'live'>;
  readonly store: Pick<QoeStore, 'ask'>;
  readonly streams: LiveStreams;
  readonly reports: QoeReports;
  /** Whether the room is open. */
  readonly isOpen: (room: RoomName) => boolean;
  readonly now: () => number;
};

const ROOMS_ON_A_PAGE = 100;
const SESSIONS_ON_A_PAGE = 50;
const DAY = 86_400_000;
/** Sessions that a stream of all rooms begins with; the others follow within a second. */
const FIRST_SESSIONS = 500;

export function qoeRoutes({ sessions, store, streams, reports, isOpen, now }: QoeSourcesOfRoutes): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/qoe/rooms',
      operationId: 'listQoeRooms',
      summary: 'How good the calls are that go on, by room.',
      scope: 'api-key',
      query: QoeRoomsQuery,
      success: { status: 200, schema: QoeRoomList },
      errors: [],
      handle: ({ query: { limit = ROOMS_ON_A_PAGE, after } }) => json(roomPage(sessions, limit, after)),
    }),
    route({
      method: 'GET',
      path: '/v1/qoe/rooms/:room',
      operationId: 'readQoeRoom',
      summary: 'Who is in a room and how good it is for each, and how good it was for all who were there.',
      scope: 'api-key',
      query: QoeRoomQuery,
      success: { status: 200, schema: QoeRoom },
      errors: ['room-not-found'],
      async handle({ params, query }) {
        const room = parseRoomName(params['room'] ?? '');
        if (room === undefined) throw new SluiceError('room-not-found');
        return json(await reports.room(room, query, isOpen(room)));
      },
    }),
    route({
      method: 'GET',
      path: '/v1/qoe/sessions',
      operationId: 'listQoeSessions',
      summary: 'Sessions, the last to begin first, by time, level, identity and room.',
      scope: 'api-key',
      query: QoeSessionsQuery,
      success: { status: 200, schema: QoeSessionList },
      errors: ['store-unavailable', 'limit-reached'],
      async handle({ query: { level, limit = SESSIONS_ON_A_PAGE, cursor, ...filter } }) {
        const page = await store.ask({
          ...{ type: 'sessions', ...filter, limit, after: cursor === undefined ? undefined : cursorOf(cursor) },
          level: level === undefined ? undefined : LEVELS.indexOf(level),
        });
        const next = page.next === undefined ? {} : { next: `${page.next.joined}.${page.next.key}` };
        return json({ sessions: page.rows.map(sessionJson), ...next });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/qoe/sessions/:session',
      operationId: 'readQoeSession',
      summary: 'The report of a session: its join, its end, what it was like and why.',
      scope: 'api-key',
      query: QoeRoomQuery,
      success: { status: 200, schema: QoeSession },
      errors: ['not-found', 'store-unavailable', 'limit-reached'],
      async handle({ params, query }) {
        return json(await reports.session(params['session'] ?? '', query));
      },
    }),
    route({
      method: 'GET',
      path: '/v1/qoe/causes',
      operationId: 'listQoeCauses',
      summary: 'What cost quality most: today, or on the days of a range.',
      scope: 'api-key',
      query: QoeCausesQuery,
      success: { status: 200, schema: QoeCauses },
      errors: ['store-unavailable', 'limit-reached'],
      async handle({ query }) {
        const wanted = range(query, now(), now() % DAY);
        const from = Math.floor(wanted.from / DAY) * DAY;
        const to = Math.ceil(wanted.to / DAY) * DAY;
        const { room } = query;
        const [costs, levels] = await Promise.all([
          store.ask({ type: 'costs', from, to, room }),
          store.ask({ type: 'levels', from, to, room }),
        ]);
        return json({
          ...{ from, to, causes: costs.map(costJson) },
          sessions: Object.fromEntries(LEVELS.map((level, index) => [level, levels[index] ?? 0])),
        });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/qoe/live',
      operationId: 'streamQoe',
      summary: 'Scores and samples of one room or all, as they come (server-sent events).',
      scope: 'api-key',
      query: QoeLiveQuery,
      success: { status: 200, contentType: 'text/event-stream' },
      errors: ['limit-reached'],
      handle({ query }) {
        streams.requireRoom();
        const room = query.room as RoomName | undefined;
        const events = query.events === undefined ? LIVE_EVENT_NAMES : (query.events.split(',') as LiveEventName[]);
        return eventStream((stream) => {
          streams.open(stream, { room, events: [...new Set(events)] }, (send) => {
            for (const live of firstOf(sessions, room)) send('score', JSON.stringify(participantJson(live)));
          });
        });
      },
    }),
  ];
}

/** Those of a room, or of all rooms as far as an answer should begin with. */
function* firstOf(sessions: QoeSourcesOfRoutes['sessions'], room: RoomName | undefined): Iterable<LiveSession> {
  if (room !== undefined) {
    yield* sessions.inRoom(room);
    return;
  }
  let left = FIRST_SESSIONS;
  for (const [, live] of sessions.rooms()) {
    for (const session of live) {
      yield session;
      left -= 1;
      if (left === 0) return;
    }
  }
}

function roomPage(sessions: QoeSourcesOfRoutes['sessions'], limit: number, after: string | undefined) {
  const rest = [...sessions.rooms()]
    .filter(([name]) => after === undefined || name > after)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const listed = rest.slice(0, limit);
  const last = listed.at(-1);
  return {
    rooms: listed.map(([room, live]) => summaryOf(room, [...live])),
    ...(rest.length > listed.length && last !== undefined ? { next: last[0] } : {}),
  };
}

function summaryOf(room: RoomName, live: readonly LiveSession[]) {
  const levels: Record<Level, number> = { lost: 0, poor: 0, good: 0, excellent: 0 };
  for (const { quality } of live) levels[quality.both.level] += 1;
  const level = LEVELS.find((each) => levels[each] > 0) ?? null;
  const worst = live.filter(({ quality }) => quality.both.level === level);
  return {
    ...{ room, roomId: live.at(-1)?.session.roomId ?? '', participants: live.length, level, levels },
    since: worst.length === 0 ? null : Math.min(...worst.map(({ quality }) => quality.both.since)),
  };
}

function cursorOf(cursor: string): { joined: number; key: number } {
  const [joined = '', key = ''] = cursor.split('.');
  return { joined: Number(joined), key: Number(key) };
}
