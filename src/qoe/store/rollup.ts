/**
 * A point is one second of one session; a bucket is the sum of the points of 10 s or 1 min. Pure, and the SQL that rolls up
 * is made from the same table.
 *
 * Everything is a whole number, so that it does not matter in which order and over which steps points are summed, and a
 * row takes few bytes: scores and costs in hundredths, loss in ten-thousandths, bitrates in kbit/s, times in ms.
 */

/** One second of one session. -1: not known. */
export type Point = {
  /** The session's key. */
  readonly session: number;
  /** Seconds since the epoch. */
  readonly t: number;
  /** Scores · 100. */
  readonly up: number;
  readonly down: number;
  readonly experience: number;
  /** kbit/s. */
  readonly bitrateUp: number;
  readonly bitrateDown: number;
  /** Share lost · 10,000. */
  readonly lossUp: number;
  readonly lossDown: number;
  /** ms. */
  readonly rtt: number;
  /** A number of LEVELS. */
  readonly level: number;
  /** A number of CAUSES; -1: none. */
  readonly cause: number;
  /** What it took from the score · 100. */
  readonly cost: number;
};

/** The numbers of a point in the order in which they travel to the store's thread. */
export const POINT_FIELDS = [
  ...(['session', 't', 'up', 'down', 'experience', 'bitrateUp', 'bitrateDown'] as const),
  ...(['lossUp', 'lossDown', 'rtt', 'level', 'cause', 'cost'] as const),
] as const satisfies (keyof Point)[];
export const POINT_SIZE = POINT_FIELDS.length;

/** A lowest score that no point has yet. */
export const NO_MINIMUM = 999;

/** How a column is merged. */
type Merge = 'sum' | 'min' | 'max';

/** A column of a bucket: how two are merged, and what it is of points in SQL. */
type Column = { readonly merge: Merge; readonly sql: string };

/** How many points knew a value, and their sum. */
const meanOf = (name: string) =>
  ({
    [`${name}N`]: { merge: 'sum', sql: `count(${name})` },
    [`${name}Sum`]: { merge: 'sum', sql: `coalesce(sum(${name}), 0)` },
  }) as const;
const maxOf = (name: string) => ({ merge: 'max', sql: `coalesce(max(${name}), 0)` }) as const;
const minOf = (name: string) => ({ merge: 'min', sql: `coalesce(min(${name}), ${NO_MINIMUM})` }) as const;
const secondsAt = (level: number) => ({ merge: 'sum', sql: `sum(level = ${level})` }) as const;

type Means<Name extends string> = Record<`${Name}N` | `${Name}Sum`, Column>;

/** The columns of a bucket. Where a value may be unknown, `…N` counts the points that knew it. */
const COLUMNS = {
  seconds: { merge: 'sum', sql: 'count(*)' },
  ...(meanOf('up') as Means<'up'>),
  upMin: minOf('up'),
  ...(meanOf('down') as Means<'down'>),
  downMin: minOf('down'),
  ...(meanOf('experience') as Means<'experience'>),
  experienceMin: minOf('experience'),
  ...(meanOf('bitrateUp') as Means<'bitrateUp'>),
  ...(meanOf('bitrateDown') as Means<'bitrateDown'>),
  ...(meanOf('lossUp') as Means<'lossUp'>),
  lossUpMax: maxOf('lossUp'),
  ...(meanOf('lossDown') as Means<'lossDown'>),
  lossDownMax: maxOf('lossDown'),
  ...(meanOf('rtt') as Means<'rtt'>),
  rttMax: maxOf('rtt'),
  lost: secondsAt(0),
  poor: secondsAt(1),
  good: secondsAt(2),
  excellent: secondsAt(3),
  /** The dearest second's cost and cause: see `worstOf`. */
  worst: maxOf('worst'),
} as const satisfies Record<string, Column>;

export type BucketColumn = keyof typeof COLUMNS;
export type Bucket = Record<BucketColumn, number>;

export const BUCKET_NAMES = Object.keys(COLUMNS) as BucketColumn[];

/**
 * The tables: length of a row's time, and of the slot that leads its key, in seconds. The rows of one slot lie side by side:
 * they are rolled up together and deleted together, and no index by time is needed.
 */
export const STEPS = {
  p1: { seconds: 1, slot: 10 },
  p10: { seconds: 10, slot: 60 },
  p60: { seconds: 60, slot: 24 * 3600 },
} as const;
export type StepName = keyof typeof STEPS;
export const STEP_NAMES = Object.keys(STEPS) as StepName[];

/** Causes have numbers below this. */
const CAUSE_LIMIT = 64;

/** Cost and cause as one number, of which the larger is the dearer one; where costs are equal, the smaller cause. */
export function worstOf(cause: number, cost: number): number {
  return cause < 0 || cost <= 0 ? 0 : cost * CAUSE_LIMIT + (CAUSE_LIMIT - 1 - cause);
}

/** What `worstOf` was made of: the cause and the cost · 100; undefined where nothing cost anything. */
export function readWorst(worst: number): { cause: number; cost: number } | undefined {
  if (worst === 0) return undefined;
  return { cause: CAUSE_LIMIT - 1 - (worst % CAUSE_LIMIT), cost: Math.floor(worst / CAUSE_LIMIT) };
}

/** The bucket of a single point. */
export function bucketOf(point: Point): Bucket {
  const known = (value: number) => (value >= 0 ? 1 : 0);
  const sum = (value: number) => Math.max(0, value);
  const min = (value: number) => (value >= 0 ? value : NO_MINIMUM);
  const { up, down, experience, bitrateUp, bitrateDown, lossUp, lossDown, rtt, level, cause, cost } = point;
  return {
    seconds: 1,
    ...{ upN: known(up), upSum: sum(up), upMin: min(up) },
    ...{ downN: known(down), downSum: sum(down), downMin: min(down) },
    ...{ experienceN: known(experience), experienceSum: sum(experience), experienceMin: min(experience) },
    ...{ bitrateUpN: known(bitrateUp), bitrateUpSum: sum(bitrateUp) },
    ...{ bitrateDownN: known(bitrateDown), bitrateDownSum: sum(bitrateDown) },
    ...{ lossUpN: known(lossUp), lossUpSum: sum(lossUp), lossUpMax: sum(lossUp) },
    ...{ lossDownN: known(lossDown), lossDownSum: sum(lossDown), lossDownMax: sum(lossDown) },
    ...{ rttN: known(rtt), rttSum: sum(rtt), rttMax: sum(rtt) },
    ...{ lost: Number(level === 0), poor: Number(level === 1), good: Number(level === 2) },
    ...{ excellent: Number(level === 3), worst: worstOf(cause, cost) },
  };
}

const MERGE: Readonly<Record<Merge, (x: number, y: number) => number>> = {
  sum: (x, y) => x + y,
  min: Math.min,
  max: Math.max,
};

/** `a` and `b` as one. */
export function mergeBuckets(a: Bucket, b: Bucket): Bucket {
  const merged = { ...a };
  for (const name of BUCKET_NAMES) merged[name] = MERGE[COLUMNS[name].merge](a[name], b[name]);
  return merged;
}

/** The columns of p1: a point, NULL where a value is not known. */
export const POINT_COLUMNS = [
  ...(['up', 'down', 'experience', 'bitrateUp', 'bitrateDown'] as const),
  ...(['lossUp', 'lossDown', 'rtt', 'level', 'worst'] as const),
] as const;

/** The SQL that makes the 10 s rows of one slot of p1 anew. */
export const ROLLUP_P10 =
  `INSERT OR REPLACE INTO p10 (slot, session, t, ${BUCKET_NAMES.join(', ')}) ` +
  `SELECT t / ${STEPS.p10.slot}, session, t / 10 * 10, ${BUCKET_NAMES.map((name) => COLUMNS[name].sql).join(', ')} ` +
  'FROM p1 WHERE slot = ? GROUP BY session, t / 10';

/** The SQL that makes the minutes of one slot of p10 anew. */
export const ROLLUP_P60 =
  `INSERT OR REPLACE INTO p60 (slot, session, t, ${BUCKET_NAMES.join(', ')}) ` +
  `SELECT t / ${STEPS.p60.slot}, session, t / 60 * 60, ` +
  `${BUCKET_NAMES.map((name) => `${COLUMNS[name].merge}(${name})`).join(', ')} ` +
  'FROM p10 WHERE slot = ? GROUP BY session, t / 60';
