/**
 * Whether scores are true: two browsers in a call behind networks that are made bad one way at a time, and what the
 * server says of it, as a table. For each impairment a call of its own, so that none leaves anything to the next.
 *
 *     node loadtest/qoe-truth.ts [--kind loss|burst|delay|jitter|rate] [--label '400 ms'] [--way up|down] [--rounds 1]
 *                                [--seen]
 *
 * `--seen` ends each impairment after 6 s: how soon it is seen, and whose it is said to be, is all that is judged then.
 *
 * Exits with 1 where a blame is wrong, trouble is seen or a level changes late, or the order of scores is not that of the
 * impairments.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import type { Browser } from 'playwright-core';

import { launchBrowser } from '../tests/e2e/support/browser.ts';
import { eventually } from '../tests/e2e/support/eventually.ts';
import { makeFakeMedia } from '../tests/e2e/support/fake-media.ts';
import { type CallServer, startImpairedCall } from '../tests/e2e/support/impaired-call.ts';
import { logQuality, type QualityEntry, type QualityLog } from '../tests/e2e/support/quality-log.ts';
import { followScores, type ScoreStream } from '../tests/e2e/support/score-stream.ts';
import { freePort } from '../tests/support/free-port.ts';
import { API_KEYS, startServer } from '../tests/support/server.ts';
import type { Impairment } from '../tests/support/impairment.ts';
import { spearman } from './support/spearman.ts';

/**
 * Impairments of each kind, the mildest first. `grade` says how bad each is, for the order over all kinds, by what
 * others have said of such networks before any of this was measured: 1 not noticed, 2 noticed, 3 a hindrance, 4 hardly usable. Delay
 * by ITU-T G.114 (150 ms, 400 ms), loss by ITU-T G.1010 (3 % for conversations) and the E-model's curve for Opus. Within a kind
 * the order is known and judged; what one kind is beside another is a guess, and that order is only told.
 */
const STEPS: readonly { kind: string; label: string; grade: number; impairment: Partial<Impairment> }[] = [
  { kind: 'loss', label: '1 %', grade: 1, impairment: { loss: 0.01 } },
  { kind: 'loss', label: '3 %', grade: 2, impairment: { loss: 0.03 } },
  { kind: 'loss', label: '5 %', grade: 2, impairment: { loss: 0.05 } },
  { kind: 'loss', label: '10 %', grade: 3, impairment: { loss: 0.1 } },
  { kind: 'loss', label: '20 %', grade: 4, impairment: { loss: 0.2 } },
  { kind: 'burst', label: '5 % in runs of 4', grade: 2, impairment: { loss: 0.05, burst: 4 } },
  { kind: 'burst', label: '10 % in runs of 4', grade: 3, impairment: { loss: 0.1, burst: 4 } },
  { kind: 'delay', label: '100 ms', grade: 1, impairment: { delay: 100 } },
  { kind: 'delay', label: '200 ms', grade: 2, impairment: { delay: 200 } },
  { kind: 'delay', label: '300 ms', grade: 2, impairment: { delay: 300 } },
  { kind: 'delay', label: '400 ms', grade: 3, impairment: { delay: 400 } },
  { kind: 'jitter', label: '50 ms', grade: 1, impairment: { jitter: 50 } },
  { kind: 'jitter', label: '100 ms', grade: 1, impairment: { jitter: 100 } },
  { kind: 'jitter', label: '200 ms', grade: 2, impairment: { jitter: 200 } },
  { kind: 'rate', label: '1,000 kbit/s', grade: 1, impairment: { rate: 1_000_000 } },
  { kind: 'rate', label: '500 kbit/s', grade: 2, impairment: { rate: 500_000 } },
  { kind: 'rate', label: '300 kbit/s', grade: 3, impairment: { rate: 300_000 } },
  { kind: 'rate', label: '200 kbit/s', grade: 4, impairment: { rate: 200_000 } },
];

const WARM_UP_MS = 5000;
const TROUBLE_MS = 25_000;
/** Scores count from here on: what a change costs, of which NetEQ's buffer needs 10 to 20 s to recover, is not what the state costs. */
const SETTLED_MS = 15_000;
/** For how long it is looked where only that matters how soon it is seen. */
const LOOK_MS = 6000;
const CLEAN = 4;
/** So much less is seen as less. */
const LESS = 0.2;

type Row = {
  /** Among STEPS. */
  rank: number;
  kind: string;
  label: string;
  way: 'up' | 'down';
  grade: number;
  clean: number;
  up: number;
  down: number;
  level: string;
  cause: string;
  place: string;
  /** Until the score was seen to fall, as the dashboard has it, s; undefined where it did not. */
  seen: number | undefined;
  /** Until the level changed, s; undefined where it did not. */
  seconds: number | undefined;
  /** The other one, whose network is fine. */
  other: number;
  /** Share of the time for which something on this machine waited for a core (Linux, PSI). */
  starved: number;
};

const { values } = parseArgs({
  options: {
    ...{ kind: { type: 'string' }, label: { type: 'string' }, way: { type: 'string' } },
    ...{ rounds: { type: 'string', default: '1' }, seen: { type: 'boolean', default: false } },
  },
});
const [lasts, settledAfter] = values.seen ? [LOOK_MS, LOOK_MS / 2] : [TROUBLE_MS, SETTLED_MS];
const media = makeFakeMedia();
const mediaPort = await freePort();
const server = await startServer(['--media.port', String(mediaPort), '--store.folder', 'memory']);
const browser = await launchBrowser(media.flags);
const rows: Row[] = [];
try {
  const held: CallServer = { ...server, mediaPort };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const way of ['up', 'down'] as const) {
      if ((values.way ?? way) !== way) continue;
      for (const step of STEPS) {
        if ((values.kind ?? step.kind) !== step.kind || (values.label ?? step.label) !== step.label) continue;
        const row = await measure(held, browser, step, way, `truth-${rows.length}`);
        rows.push(row);
        print(row);
      }
    }
  }
  process.exitCode = judge() ? 0 : 1;
} finally {
  await browser.close();
  await server.close();
  media.remove();
}

async function measure(
  held: CallServer,
  its: Browser,
  step: (typeof STEPS)[number],
  way: 'up' | 'down',
  room: string,
): Promise<Row> {
  const call = await startImpairedCall(held, its, room);
  const log = logQuality(held.url, API_KEYS[0], room);
  const stream = await followScores(held.url, API_KEYS[0], room);
  try {
    await sleep(WARM_UP_MS);
    await eventually(
      'a clean call',
      () => [log.last('ann'), log.last('bob')],
      (people) => people.every(isFine),
      60_000,
    );
    const from = await call.ann.link.set(way, step.impairment);
    const clean = log.last('ann')!;
    const before = waited();
    await sleep(lasts);
    const rank = STEPS.indexOf(step);
    return {
      ...step,
      rank,
      way,
      clean: clean.both.score ?? Number.NaN,
      ...describe(log, way, from),
      seen: seenAfter(stream, way, from, clean[way].score ?? Number.NaN),
      starved: (waited() - before) / (lasts * 1000),
    };
  } finally {
    await stream.stop();
    await log.stop();
    await call.close();
  }
}

function isFine(person: QualityEntry | undefined): boolean {
  return (person?.both.score ?? 0) >= CLEAN && person?.both.level === 'excellent';
}

/** Until the score of `way` was told to have fallen, s. */
function seenAfter(stream: ScoreStream, way: 'up' | 'down', from: number, clean: number): number | undefined {
  const fallen = stream.of('ann', from).find((one) => (one[way].score ?? clean) <= clean - LESS);
  return fallen && (fallen.at - from) / 1000;
}

function describe(log: QualityLog, way: 'up' | 'down', from: number) {
  const settled = log.of('ann', from + settledAfter);
  const changed = log.of('ann', from).find((one) => one[way].level !== 'excellent' && one[way].since >= from);
  const told = commonest(
    settled.map((one) => one.both.cause).filter((cause) => cause !== null),
    ({ code }) => code,
  );
  const other = log.of('bob', from + settledAfter);
  return {
    up: mean(settled, ({ up }) => up.score),
    down: mean(settled, ({ down }) => down.score),
    level: settled.at(-1)?.[way].level ?? '',
    cause: told?.text ?? '',
    place: told?.place ?? '',
    seconds: changed && (changed[way].since - from) / 1000,
    other: mean(other, ({ both }) => both.score),
  };
}

function mean(entries: readonly QualityEntry[], read: (entry: QualityEntry) => number | null): number {
  const known = entries.map(read).filter((value) => value !== null);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function commonest<Item>(items: readonly Item[], key: (item: Item) => string): Item | undefined {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  const [most] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? [];
  return items.findLast((item) => key(item) === most);
}

/** Microseconds for which something waited for a core (Linux, psi.rst); 0 where the kernel does not say. */
function waited(): number {
  try {
    return Number(/some .*total=(\d+)/.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function print(row: Row): void {
  const { kind, label, way, up, down, level, cause, seen, seconds, other, clean, starved } = row;
  const cells = [kind, label, way, clean.toFixed(1), up.toFixed(1), down.toFixed(1), level, cause || 'none'];
  cells.push(seen?.toFixed(1) ?? '', seconds?.toFixed(1) ?? '', other.toFixed(1), `${Math.round(100 * starved)} %`);
  if (rows.length === 1) {
    console.log('| kind | impairment | way | before | up | down | level | reason | seen | s | other | CPU waited |');
    console.log(`|${' --- |'.repeat(12)}`);
  }
  console.log(`| ${cells.join(' | ')} |`);
}

/** Says what is not as it should be. */
function judge(): boolean {
  const wrong: string[] = [];
  for (const { kind, label, way, grade, place, seen, seconds, [way]: score } of rows) {
    const name = `${kind} ${label} ${way}`;
    if (score >= CLEAN) continue;
    if (!(seen !== undefined && seen <= 3)) wrong.push(`${name}: seen after ${seen} s`);
    if (place !== `${way}link`) wrong.push(`${name}: blamed ${place}`);
    // What is not noticed need not change the level; where chance makes it do so, it does at any time.
    if (grade > 1 && !(seconds !== undefined && seconds <= 5))
      wrong.push(`${name} (grade ${grade}): level after ${seconds} s`);
  }
  for (const way of ['up', 'down'] as const) {
    for (const kind of new Set(STEPS.map((step) => step.kind))) {
      const family = rows.filter((row) => row.kind === kind && row.way === way);
      const rho = order(`${kind} ${way}`, family, (row) => -row.rank);
      if (rho < 0.9) wrong.push(`${kind} ${way}: Spearman ${rho.toFixed(2)}`);
    }
    const all = rows.filter((row) => row.way === way);
    order(`all kinds ${way}`, all, ({ grade }) => -grade);
  }
  for (const line of wrong) console.log(`WRONG ${line}`);
  return wrong.length === 0;

  /** Tells how well scores follow `severity`; NaN where there is too little to say so. */
  function order(name: string, family: readonly Row[], severity: (row: Row) => number): number {
    // In the first seconds of an impairment scores are on their way down.
    if (family.length < 3 || values.seen) return Number.NaN;
    const rho = spearman(
      family.map(severity),
      family.map((row) => row[row.way]),
    );
    console.log(`Spearman ${name}: ${rho.toFixed(2)}`);
    return rho;
  }
}
