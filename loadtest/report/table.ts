import { brief, type Recorded, type Value } from './recorder.ts';

/** The values in groups, as lines of text: percentiles of one thing stand in one line. */
export function table({ values, notes, seconds }: Recorded): string {
  const groups = Map.groupBy(values, ({ name }) => name.slice(0, Math.max(name.indexOf('.'), 0)) || name);
  const width = Math.max(0, ...[...groups.keys()].map((name) => name.length)) + 2;
  const lines = [...groups].map(([name, its]) => `${name.padEnd(width)}${its.map((it) => cell(name, it)).join('   ')}`);
  return [`measured for ${seconds.toFixed(1)} s`, ...lines, ...notes.map((note) => `note: ${note}`)].join('\n');
}

function cell(group: string, { name, value, unit }: Value): string {
  const rest = name.slice(group.length + 1);
  return [rest, brief(value), unit].filter((part) => part !== '').join(' ');
}
