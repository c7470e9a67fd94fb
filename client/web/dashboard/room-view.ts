/** What a room's page shows of its participants: those who are there and those who were, as lines and lanes. Pure. */
import {
  columnOf,
  type Direction,
  gridOf,
  METRICS,
  type Metric,
  runsOf,
  type Column,
  valueOf,
  worstOf,
} from './charts/timeline-data.ts';
import type { TimelineView } from './charts/timeline.ts';
import type { Row, Track } from './history.ts';
import { levelOf, nameOf, type Present, rank } from './live-state.ts';

export type Participant = {
  readonly session: string;
  readonly identity: string;
  /** What it is called. */
  readonly name: string;
  /** A number that is its own as long as the page is open: its colour and dashes. */
  readonly style: number;
  /** Undefined where it has left. */
  readonly present: Present | undefined;
  readonly track: Track | undefined;
};

/** Lines that are drawn until somebody asks for more. */
export const LINES_AT_FIRST = 8;

/** Who is there, the worst first, and then who was there. `styles` keeps everybody's number. */
export function participantsOf(present: readonly Present[], tracks: readonly Track[], styles: Map<string, number>) {
  const known = new Map(tracks.map((track) => [track.session, track]));
  const here = new Set(present.map(({ session }) => session));
  const styleOf = (session: string): number => {
    const style = styles.get(session) ?? styles.size;
    styles.set(session, style);
    return style;
  };
  for (const { session } of tracks) styleOf(session);
  return [
    ...present.map((person): Participant => {
      const { session, identity } = person;
      return {
        session,
        identity,
        name: nameOf(person),
        style: styleOf(session),
        present: person,
        track: known.get(session),
      };
    }),
    ...tracks
      .filter(({ session }) => !here.has(session))
      .map((track): Participant => {
        const { session, identity } = track;
        return { session, identity, name: identity, style: styleOf(session), present: undefined, track };
      }),
  ];
}

/** Whose lines are drawn: as was asked for, and else those with the worst trouble. */
export function shownAtFirst(people: readonly Participant[], toggled: ReadonlyMap<string, boolean>): Set<string> {
  const trouble = (participant: Participant): number => {
    const { present, track } = participant;
    const now = rank(present && levelOf(present));
    return Math.min(now, rank(worstOf(track === undefined ? [] : runsOf(track.rows, 1))));
  };
  const worst = people
    .map((participant) => ({ participant, trouble: people.length > LINES_AT_FIRST ? trouble(participant) : 0 }))
    .toSorted((a, b) => a.trouble - b.trouble || a.participant.style - b.participant.style)
    .slice(0, LINES_AT_FIRST);
  const first = new Set(worst.map(({ participant }) => participant.session));
  return new Set(people.map(({ session }) => session).filter((session) => toggled.get(session) ?? first.has(session)));
}

export type RoomViewOptions = {
  readonly visible: ReadonlySet<string>;
  readonly direction: Direction;
  /** ms. */
  readonly from: number;
  readonly to: number;
  /** Seconds. */
  readonly step: number;
  readonly chosen: string | undefined;
};

/** The charts of those who are visible, each in its own place, whoever is worst. */
export function roomView(people: readonly Participant[], options: RoomViewOptions): TimelineView {
  const { visible, direction, from, to, step, chosen } = options;
  const x = gridOf(from, to, step);
  const shown = people.filter(({ session }) => visible.has(session)).toSorted((a, b) => a.style - b.style);
  const lines = shown.map(({ session, name, style, track }) => {
    const rows = track?.rows ?? [];
    const columns = Object.fromEntries(
      METRICS.map((metric) => [metric, columnOf(rows, x, step, (row) => valueOf(row, metric, direction))]),
    ) as Record<Metric, Column>;
    return { id: session, label: name, style, columns };
  });
  const lanes = shown.map(({ session, name, style, track }) => ({
    id: session,
    label: name,
    style,
    runs: runsOf(track?.rows ?? [], step, from, to),
  }));
  return {
    x,
    step,
    lines,
    lanes,
    from: from / 1000,
    to: to / 1000,
    chosen: chosen !== undefined && visible.has(chosen) ? chosen : undefined,
  };
}

/** The row of `track` in which `at` (ms) lies; where there is none, the one before it, if that is not long ago. */
export function rowAt(track: Track | undefined, at: number, step: number): Row | undefined {
  const row = track?.rows.findLast(({ t }) => t <= at);
  return row !== undefined && at - row.t < 3 * step * 1000 ? row : undefined;
}
