import type { Figure } from './figure.ts';

/** One line for a person. */
export function figureLine({ metric, value, unit, target, met, spread, peer, ratio }: Figure): string {
  const measured = `${metric.padEnd(26)} ${String(value).padStart(9)} ${unit}`;
  const range = `(${spread[0]} to ${spread[1]})`;
  const verdict = target === null ? '' : `target ${target}: ${met ? 'met' : 'MISSED'}`;
  const beside = peer === undefined ? '' : `${peer.name} ${peer.value}, ratio ${ratio}`;
  return [measured, range, verdict, beside].filter((part) => part !== '').join('  ');
}
