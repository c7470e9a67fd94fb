import { availableParallelism, cpus, totalmem } from 'node:os';

import type { Recorded } from './recorder.ts';

/** One run of a scenario. */
export type Result = {
  readonly scenario: string;
  readonly options: Readonly<Record<string, string | number>>;
  readonly machine: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly recorded: Recorded;
  /** Thresholds that were missed, each with its value. */
  readonly failed: readonly string[];
};

/** What this ran on, in words. */
export function machineInWords(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}, ${memory} GiB, Node ${process.versions.node}`;
}

/** What `--json` prints. */
export function resultAsJson({ recorded, ...run }: Result): string {
  const { values, series, notes, seconds } = recorded;
  const numbers = Object.fromEntries(values.map(({ name, value, unit }) => [name, { value, unit }]));
  return JSON.stringify({ ...run, seconds, values: numbers, series, notes });
}
