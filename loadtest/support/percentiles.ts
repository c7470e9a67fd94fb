/** The value below which `share` (0 to 1) of the samples lie; NaN where there are none. Sorts nothing in place. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** One line of a table: the label, then median, p99 and the extremes in `unit`, and the target with its verdict. */
export function row(label: string, samples: readonly number[], unit: string): string {
  const [min, p50, p99, max] = [0, 0.5, 0.99, 1].map((share) => percentile(samples, share).toFixed(2));
  return `${label.padEnd(34)} n ${String(samples.length).padStart(6)}   min ${min}   p50 ${p50}   p99 ${p99}   max ${max} ${unit}`;
}

/** `value` against its target; sets the exit code where it is missed. */
export function verdict(what: string, value: number, target: number, unit: string): string {
  const met = value < target;
  if (!met) process.exitCode = 1;
  return `${what}: ${value.toFixed(2)} ${unit}, target under ${target} ${unit}: ${met ? 'met' : 'MISSED'}`;
}
