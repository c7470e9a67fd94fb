/** From rows of sessions to what charts draw: columns over one common grid of time. Pure. */
import { LEVELS, type Level } from '../../../../src/qoe/level.ts';
import type { Row } from '../history.ts';

/** Which way is looked at; `both` is the worse of the two. */
export type Direction = 'both' | 'up' | 'down';
export const METRICS = ['score', 'bitrate', 'loss', 'rtt'] as const;
export type Metric = (typeof METRICS)[number];

/** `undefined` bridges a short gap in a line, `null` breaks it. */
export type Column = (number | null | undefined)[];

/** A line of each chart, and a lane of the levels. */
export type Line = {
  readonly id: string;
  readonly label: string;
  /** Its colour and dashes: a number that stays the same. */
  readonly style: number;
  readonly columns: Record<Metric, Column>;
};

/** `style` is that of the line of the same name; undefined where there is none. */
export type Lane = {
  readonly id: string;
  readonly label: string;
  readonly style: number | undefined;
  readonly runs: Run[];
};

/** A stretch of time at one level; seconds. */
export type Run = { from: number; to: number; level: Level };

export type TimelineData = {
  /** Seconds since the epoch, `step` apart. */
  readonly x: number[];
  readonly step: number;
  readonly lines: Line[];
  readonly lanes: Lane[];
};

/** Gaps up to this many steps are bridged: one beacon that came late is not an interruption. */
const BRIDGED = 3;
/** More would be more than there are pixels. */
const MAX_STEPS = 20_000;

/** The grid from `from` to `to`, ms, in steps of `step` seconds. */
export function gridOf(from: number, to: number, step: number): number[] {
  const first = Math.floor(from / 1000 / step);
  const last = Math.max(first, Math.ceil(to / 1000 / step));
  const count = Math.min(MAX_STEPS, last - first + 1);
  return Array.from({ length: count }, (_, index) => (last - count + 1 + index) * step);
}

/** What `rows` say of `metric`, on the grid. */
export function columnOf(
  rows: readonly Row[],
  x: readonly number[],
  step: number,
  read: (row: Row) => number | null,
): Column {
  const column: Column = Array.from({ length: x.length }, () => null);
  const first = x[0] ?? 0;
  let before = -1;
  for (const row of rows) {
    const at = Math.round((row.t / 1000 - first) / step);
    if (at < 0 || at >= x.length) continue;
    const value = read(row);
    if (value === null) continue;
    if (before >= 0 && at - before <= BRIDGED) for (let gap = before + 1; gap < at; gap += 1) column[gap] = undefined;
    column[at] = value;
    before = at;
  }
  return column;
}

/** The value of a row: of the way that is looked at; for both, the worse one, and all bits that go either way. */
export function valueOf(row: Row, metric: Metric, direction: Direction): number | null {
  switch (metric) {
    case 'score':
      return direction === 'both' ? (row.lowest ?? least(row.up, row.down)) : row[direction];
    case 'bitrate':
      return pick(row.bitrateUp, row.bitrateDown, direction, (a, b) => a + b);
    case 'loss':
      return pick(row.lossUp, row.lossDown, direction, Math.max);
    case 'rtt':
      return row.rtt;
  }
}

function pick(up: number | null, down: number | null, way: Direction, join: (a: number, b: number) => number) {
  if (way === 'up') return up;
  if (way === 'down') return down;
  if (up === null || down === null) return up ?? down;
  return join(up, down);
}

function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** Stretches of one level, joined where less than `BRIDGED` steps lie between them. */
export function runsOf(rows: readonly Row[], step: number, from = -Infinity, to = Infinity): Run[] {
  const runs: Run[] = [];
  for (const { t, level } of rows) {
    const at = t / 1000;
    if (at + step <= from / 1000 || at >= to / 1000) continue;
    const last = runs.at(-1);
    const joins = last !== undefined && at - last.to <= (BRIDGED - 1) * step;
    if (joins && last.level === level) last.to = at + step;
    else {
      if (joins) last.to = at;
      runs.push({ from: at, to: at + step, level });
    }
  }
  return runs;
}

/** When anybody was poor or lost, the worse of these: what is shaded through all charts. In order, none overlapping. */
export function troublesOf(lanes: readonly { runs: readonly Run[] }[]): Run[] {
  const edges: { at: number; level: 'poor' | 'lost'; by: 1 | -1 }[] = [];
  for (const { runs } of lanes) {
    for (const { from, to, level } of runs) {
      if (level !== 'poor' && level !== 'lost') continue;
      edges.push({ at: from, level, by: 1 }, { at: to, level, by: -1 });
    }
  }
  edges.sort((a, b) => a.at - b.at);
  const open = { poor: 0, lost: 0 };
  const troubles: Run[] = [];
  let since = 0;
  let current: 'poor' | 'lost' | undefined;
  for (let index = 0; index < edges.length; index += 1) {
    const { at, level, by } = edges[index]!;
    open[level] += by;
    // All that happens at one moment counts together.
    if (edges[index + 1]?.at === at) continue;
    const next = open.lost > 0 ? 'lost' : open.poor > 0 ? 'poor' : undefined;
    if (next === current) continue;
    if (current !== undefined) troubles.push({ from: since, to: at, level: current });
    since = at;
    current = next;
  }
  return troubles;
}

/** The worst level of each, how long ago or how far does not matter; undefined for none. */
export function worstOf(runs: readonly Run[]): Level | undefined {
  let worst: number = LEVELS.length;
  for (const { level } of runs) worst = Math.min(worst, LEVELS.indexOf(level));
  return LEVELS[worst];
}

/** The length of a row, in seconds, with which a range of `seconds` is asked for: some hundred to a thousand rows. */
export function stepFor(seconds: number): 1 | 10 | 60 {
  if (seconds <= 1200) return 1;
  return seconds <= 4 * 3600 ? 10 : 60;
}
