/** What a scenario counts and times while it runs. */
import { percentile } from '../support/percentiles.ts';

/** One number of the result. Its name is what a threshold names: `join.p99`, `packets.rate`. */
export type Value = { readonly name: string; readonly value: number; readonly unit: string };

/** One point a second. */
export type Series = { readonly name: string; readonly unit: string; readonly points: number[] };

export type Recorder = {
  /** Something has happened, `by` times. Gives `NAME.total` and `NAME.rate`, and a series of its rate. */
  count(name: string, by?: number): void;
  /** Something took so many milliseconds. Gives `NAME.p50` to `NAME.max`, and a series of its p99. */
  time(name: string, milliseconds: number): void;
  /** Something is so much, now. Gives `NAME` as of the end, and a series. */
  gauge(name: string, value: number, unit: string): void;
  /** A number that is known at the end. */
  set(name: string, value: number, unit: string): void;
  /** What a person should know of this result. */
  note(text: string): void;
  /** Once a second. Returns what happened since the last call, in words. */
  second(): string;
  /** Everything that came so far is forgotten: what follows is measured. */
  begin(): void;
  /** What follows is not measured any more, but for `set` and `note`. */
  end(): void;
  finish(): Recorded;
};

export type Recorded = {
  readonly seconds: number;
  readonly values: readonly Value[];
  readonly series: readonly Series[];
  readonly notes: readonly string[];
};

const MOST_NOTES = 20;
const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99, 'p99.9': 0.999, max: 1 };

export function createRecorder(): Recorder {
  const counts = new Map<string, { total: number; before: number }>();
  const times = new Map<string, { all: number[]; before: number }>();
  const gauges = new Map<string, { value: number; unit: string }>();
  const fixed = new Map<string, Value>();
  const series = new Map<string, Series>();
  const notes: string[] = [];
  let began = performance.now();
  let last = began;
  let ended: number | undefined;

  const point = (name: string, unit: string, value: number) => {
    const its = series.get(name) ?? { name, unit, points: [] };
    series.set(name, its);
    its.points.push(value);
  };
  return {
    count(name, by = 1) {
      const its = counts.get(name) ?? { total: 0, before: 0 };
      counts.set(name, its);
      its.total += by;
    },
    time(name, milliseconds) {
      const its = times.get(name) ?? { all: [], before: 0 };
      times.set(name, its);
      its.all.push(milliseconds);
    },
    gauge: (name, value, unit) => void gauges.set(name, { value, unit }),
    set: (name, value, unit) => void fixed.set(name, { name, value, unit }),
    note(text) {
      // What goes wrong goes wrong often.
      if (notes.length < MOST_NOTES && !notes.includes(text)) notes.push(text);
    },
    begin() {
      for (const map of [counts, times, gauges, series]) map.clear();
      began = last = performance.now();
    },
    second() {
      const now = performance.now();
      const seconds = (now - last) / 1000;
      last = now;
      const words: string[] = [];
      for (const [name, its] of counts) {
        const rate = (its.total - its.before) / seconds;
        its.before = its.total;
        point(`${name}.rate`, 'per s', rate);
        words.push(`${name} ${brief(rate)}/s`);
      }
      for (const [name, its] of times) {
        const fresh = its.all.slice(its.before);
        its.before = its.all.length;
        if (fresh.length === 0) continue;
        const p99 = percentile(fresh, 0.99);
        point(`${name}.p99`, 'ms', p99);
        words.push(`${name} p99 ${brief(p99)} ms`);
      }
      for (const [name, { value, unit }] of gauges) {
        point(name, unit, value);
        words.push(`${name} ${brief(value)} ${unit}`);
      }
      return words.join('  ');
    },
    end: () => void (ended = performance.now()),
    finish() {
      const seconds = ((ended ?? performance.now()) - began) / 1000;
      const values: Value[] = [];
      for (const [name, { total }] of counts) {
        values.push({ name: `${name}.total`, value: total, unit: '' });
        values.push({ name: `${name}.rate`, value: total / seconds, unit: 'per s' });
      }
      for (const [name, { all }] of times) {
        values.push({ name: `${name}.count`, value: all.length, unit: '' });
        const sorted = all.toSorted((a, b) => a - b);
        for (const [suffix, share] of Object.entries(SHARES)) {
          const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
          values.push({ name: `${name}.${suffix}`, value: sorted[at]!, unit: 'ms' });
        }
      }
      for (const [name, { value, unit }] of gauges) if (!fixed.has(name)) values.push({ name, value, unit });
      values.push(...fixed.values());
      return { seconds, values, series: [...series.values()], notes };
    },
  };
}

/** As many digits as a person reads in passing. */
export function brief(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en');
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
