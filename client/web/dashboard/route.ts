/** The dashboard's addresses, as values. Every page can be linked, reloaded and gone back to. */
import { LEVELS, type Level } from '../../../src/qoe/level.ts';

/** What is searched among sessions. Times in ms since the epoch. */
export type SessionSearch = {
  identity?: string;
  room?: string;
  level?: Level;
  from?: number;
  to?: number;
};

/** The stretch of time that charts show: the last so many seconds, moving on, or from here to there. */
export type TimeRange = { last: number } | { from: number; to: number };

export type Route =
  | { page: 'live' }
  | { page: 'room'; room: string; range: TimeRange }
  | { page: 'sessions'; search: SessionSearch }
  | { page: 'session'; id: string }
  | { page: 'today' }
  | { page: 'unknown' };

const BASE = '/dashboard';
/** What the charts of a room show at first, seconds. */
export const DEFAULT_LAST = 300;
const LONGEST_LAST = 30 * 86_400;

/** The route at `pathname` and `search`. Whatever a link holds, it becomes a route. */
export function readRoute(pathname: string, search: string): Route {
  if (pathname !== BASE && !pathname.startsWith(`${BASE}/`)) return { page: 'unknown' };
  const [first = '', ...rest] = pathname.slice(BASE.length + 1).split('/');
  const name = rest.length === 1 ? decode(rest[0]!) : '';
  const query = new URLSearchParams(search);
  const bare = rest.every((part) => part === '');
  if (first === '' && bare) return { page: 'live' };
  if (first === 'today' && bare) return { page: 'today' };
  if (first === 'sessions' && bare) return { page: 'sessions', search: readSearch(query) };
  if (first === 'sessions' && name !== '') return { page: 'session', id: name };
  if (first === 'rooms' && name !== '') return { page: 'room', room: name, range: readRange(query) };
  return { page: 'unknown' };
}

/** The address of `route`: its path and query. */
export function addressOf(route: Route): string {
  switch (route.page) {
    case 'live':
    case 'unknown':
      return BASE;
    case 'today':
      return `${BASE}/today`;
    case 'room':
      return `${BASE}/rooms/${encodeURIComponent(route.room)}${queryOf(rangeQuery(route.range))}`;
    case 'session':
      return `${BASE}/sessions/${encodeURIComponent(route.id)}`;
    case 'sessions':
      return `${BASE}/sessions${queryOf({ ...route.search })}`;
  }
}

/** Whether both show the same thing, whichever part of it: a change between them scrolls nowhere. */
export function isSamePlace(a: Route, b: Route): boolean {
  if (a.page === 'room' && b.page === 'room') return a.room === b.room;
  if (a.page === 'session' && b.page === 'session') return a.id === b.id;
  return a.page === b.page;
}

function readSearch(query: URLSearchParams): SessionSearch {
  const identity = query.get('identity') ?? '';
  const room = query.get('room') ?? '';
  const level = LEVELS.find((known) => known === query.get('level'));
  const [from, to] = [time(query.get('from')), time(query.get('to'))];
  return {
    ...(identity === '' ? {} : { identity }),
    ...(room === '' ? {} : { room }),
    ...(level === undefined ? {} : { level }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

function readRange(query: URLSearchParams): TimeRange {
  const [from, to] = [time(query.get('from')), time(query.get('to'))];
  if (from !== undefined && to !== undefined && from < to) return { from, to };
  const last = time(query.get('last'));
  return { last: last !== undefined && last > 0 && last <= LONGEST_LAST ? last : DEFAULT_LAST };
}

function rangeQuery(range: TimeRange): Record<string, number> {
  if ('last' in range) return range.last === DEFAULT_LAST ? {} : { last: range.last };
  return { from: Math.round(range.from), to: Math.round(range.to) };
}

function time(text: string | null): number | undefined {
  return text !== null && /^\d{1,14}$/u.test(text) ? Number(text) : undefined;
}

function queryOf(values: Record<string, string | number>): string {
  const query = new URLSearchParams(
    Object.entries(values).map(([name, value]): [string, string] => [name, `${value}`]),
  );
  return query.size === 0 ? '' : `?${query}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
