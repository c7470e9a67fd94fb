/** Reports of rooms and sessions: what is in memory and what is in the store, put together. */
import { SluiceError } from '../kernel/errors.ts';
import { LEVELS } from '../qoe/level.ts';
import type { QoeSessions } from '../qoe/sessions.ts';
import { MAX_KEYS, MAX_ROWS, type SessionRow, type TimelineRow } from '../qoe/store/queries.ts';
import { NO_MINIMUM, type StepName } from '../qoe/store/rollup.ts';
import type { QoeStore } from '../qoe/store/store.ts';
import type { Retention } from '../qoe/store/control.ts';
import type { RoomName } from '../rooms/ids.ts';
import { costJson, joinStepsJson, participantJson, seriesJson, sessionJson } from './qoe-answers.ts';

type Range = { from?: number | undefined; to?: number | undefined };
type Wish = Range & { step?: 1 | 10 | 60 | undefined };

export type QoeReports = ReturnType<typeof createQoeReports>;

export type QoeReportSources = {
  readonly sessions: Pick<QoeSessions, 'inRoom' | 'live'>;
  readonly store: Pick<QoeStore, 'ask'>;
  readonly retention: Retention;
  readonly now: () => number;
};

const MINUTE = 60_000;
/** What a room's answer tells of where nobody says. */
const ROOM_RANGE = 15 * MINUTE;
/** Rows of a series where nobody says how long each is to be: a chart has no more pixels. */
const ROWS_OF_A_CHART = 900;

const STEPS = { 1: 'p1', 10: 'p10', 60: 'p60' } as const satisfies Record<number, StepName>;
type Step = keyof typeof STEPS;

/** The range that is asked for: the last `length` ms, where it is left out. Throws `invalid-request` where it is none. */
export function range({ from, to }: Range, now: number, length: number): { from: number; to: number } {
  const end = to ?? now;
  const begin = from ?? end - length;
  if (begin > end) {
    throw new SluiceError('invalid-request', {
      detail: 'The range ends before it begins.',
      errors: [{ path: '/from', message: 'must not be after `to`' }],
    });
  }
  return { from: begin, to: end };
}

export function createQoeReports({ sessions, store, retention, now }: QoeReportSources) {
  /** The finest rows that are still kept, and not too many. */
  const stepOf = ({ from, to }: { from: number; to: number }, wanted: Step | undefined): Step => {
    if (wanted !== undefined) return wanted;
    const age = now() - from;
    if ((to - from) / 1000 <= ROWS_OF_A_CHART && age <= retention.p1) return 1;
    return (to - from) / 10_000 <= ROWS_OF_A_CHART && age <= retention.p10 ? 10 : 60;
  };
  const timeline = (keys: readonly number[], { from, to }: { from: number; to: number }, step: Step) =>
    keys.length === 0 ? Promise.resolve([]) : store.ask({ type: 'timeline', keys, from, to, step: STEPS[step] });

  return {
    /** Where the store cannot be read, what is known now is answered all the same. */
    async room(room: RoomName, wish: Wish, open: boolean) {
      const wanted = range(wish, now(), ROOM_RANGE);
      const step = stepOf(wanted, wish.step);
      const stored = await store.ask({ type: 'room', room, ...wanted }).catch(() => undefined);
      const rows = stored ?? [];
      const points = await timeline(
        rows.map(({ key }) => key),
        wanted,
        step,
      ).catch(() => undefined);
      const bySession = Map.groupBy(points ?? [], ({ session }) => session);
      return {
        ...{ room, live: open, participants: [...sessions.inRoom(room)].map(participantJson) },
        ...{ ...wanted, step },
        sessions: rows.map((row) => ({ ...sessionJson(row), series: seriesJson(bySession.get(row.key) ?? []) })),
        complete: stored !== undefined && isComplete(rows, points),
      };
    },

    /** Throws `not-found`, `store-unavailable`. */
    async session(id: string, wish: Wish) {
      const live = sessions.live(id);
      const row = (await store.ask({ type: 'session', id })) ?? (live === undefined ? undefined : rowOf(live));
      if (row === undefined)
        throw new SluiceError('not-found', { detail: 'There is no such session, or not any more.' });
      const to = wish.to ?? row.left ?? now();
      const wanted = range({ from: wish.from ?? Math.min(row.joined, to), to }, now(), 0);
      const step = stepOf(wanted, wish.step);
      const [points, costs] = await Promise.all([
        timeline([row.key], wanted, step),
        store.ask({ type: 'session-costs', key: row.key }),
      ]);
      return {
        ...{ ...sessionJson(row), live: live !== undefined, joinSteps: joinStepsJson(row) },
        ...{ reconnects: row.reconnects, causes: costs.map(costJson), step, series: seriesJson(points) },
      };
    },
  };
}

function isComplete(rows: readonly SessionRow[], points: readonly TimelineRow[] | undefined): boolean {
  return rows.length < MAX_KEYS && points !== undefined && points.length < MAX_ROWS;
}

/** A session that has only just begun, and is not in the store yet. */
function rowOf({ session, key }: NonNullable<ReturnType<QoeSessions['live']>>): SessionRow {
  const { id, room, roomId, identity, joined } = session;
  return {
    ...{ key, id, room, roomId, identity, joined, left: null, endReason: null },
    ...{ joinSocket: null, joinAnswered: null, joinConnected: null, joinFirstFrame: null, reconnects: 0 },
    ...{ lost: 0, poor: 0, good: 0, excellent: 0, scoreN: 0, scoreSum: 0, scoreMin: NO_MINIMUM },
    level: LEVELS.indexOf('excellent'),
  };
}
