import { localError } from './errors.ts';
import { type CallOptions, type Http, segment } from './http.ts';
import { pages } from './pages.ts';
import type {
  LiveQuality,
  QualityCauses,
  QualityLevel,
  QualityOfRoom,
  QualityOfRoomNow,
  QualityReport,
  QualitySession,
} from './quality-types.ts';
import { reopened, type StreamOptions } from './streams.ts';

/** ms since 1970. Default: up to now. */
type Range = { readonly from?: number; readonly to?: number };
type Stepped = Range & {
  /** Seconds of a row of the series. Default: by the range. */
  readonly step?: 1 | 10 | 60;
};
type SessionFilter = Range & { readonly level?: QualityLevel; readonly identity?: string; readonly room?: string };

/** How good calls are, and were. Fails with `store-unavailable` where what was stored cannot be read. */
export type QualityQueries = {
  /** The rooms that are open, by name, a page at a time. */
  rooms(options?: CallOptions): AsyncGenerator<QualityOfRoomNow, void>;
  /** Who is in a room, and the series of all who were there in the range (default: the last 15 minutes). */
  room(room: string, options?: CallOptions & Stepped): Promise<QualityOfRoom>;
  /** Sessions, the last to begin first, a page at a time. */
  sessions(options?: CallOptions & SessionFilter): AsyncGenerator<QualitySession, void>;
  /** The report of one. */
  session(session: string, options?: CallOptions & Stepped): Promise<QualityReport>;
  /** What cost quality most, in the range (default: today). */
  causes(options?: CallOptions & Range & { readonly room?: string }): Promise<QualityCauses>;
  /** Scores and samples as they come, without an end; begins anew with each `score` after the connection was lost. */
  live(
    options?: StreamOptions & { readonly room?: string; readonly events?: readonly LiveQuality['type'][] },
  ): AsyncGenerator<LiveQuality, void>;
};

export function createQuality(http: Http): QualityQueries {
  const get = async <Value>(path: string, { signal, ...query }: CallOptions & Record<string, unknown>) =>
    (await http.request<Value>('GET', `/v1/qoe/${path}`, { query: query as Record<string, string | number>, signal }))
      .value;
  return {
    rooms: (options = {}) =>
      pages(
        (after?: string) =>
          get<{ rooms: QualityOfRoomNow[]; next?: string }>('rooms', { ...options, limit: 1000, after }),
        ({ rooms: items, next }) => ({ items, next }),
      ),
    room: (room, options = {}) => get(`rooms/${segment(room)}`, options),
    sessions: (options = {}) =>
      pages(
        (cursor?: string) =>
          get<{ sessions: QualitySession[]; next?: string }>('sessions', { ...options, limit: 200, cursor }),
        ({ sessions: items, next }) => ({ items, next }),
      ),
    session: (session, options = {}) => get(`sessions/${segment(session)}`, options),
    causes: (options = {}) => get('causes', options),
    async *live({ room, events, ...stream } = {}) {
      const query = { room, events: events?.join(',') };
      for await (const { event, data } of reopened(http, { ...stream, path: '/v1/qoe/live', query, headers: none })) {
        yield { type: event, data: parse(data) } as LiveQuality;
      }
    },
  };
}

const none = () => ({});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw localError('bad-answer', undefined, error);
  }
}
