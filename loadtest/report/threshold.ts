import type { Value } from './recorder.ts';

/** Of `--fail-if 'join.p99>20'`: what must not come true of the result. */
export type Threshold = {
  readonly text: string;
  readonly name: string;
  readonly relation: keyof typeof RELATIONS;
  readonly bound: number;
};

const RELATIONS = {
  '>=': (value: number, bound: number) => value >= bound,
  '<=': (value: number, bound: number) => value <= bound,
  '>': (value: number, bound: number) => value > bound,
  '<': (value: number, bound: number) => value < bound,
};

/** Throws with what was expected where it is none. */
export function parseThreshold(text: string): Threshold {
  const { name, relation, bound } =
    /^(?<name>[\w.-]+)\s*(?<relation>[<>]=?)\s*(?<bound>-?[\d.]+)$/.exec(text.trim())?.groups ?? {};
  if (name === undefined || !Number.isFinite(Number(bound))) {
    throw new Error(`--fail-if takes NAME>NUMBER (or >=, <, <=), such as 'join.p99>20', not '${text}'`);
  }
  return { text, name, relation: relation as Threshold['relation'], bound: Number(bound) };
}

/**
 * What has come true. A value that was not measured has: whoever asks for a bound wants it held.
 */
export function failedThresholds(thresholds: readonly Threshold[], values: readonly Value[]): readonly string[] {
  return thresholds.flatMap(({ text, name, relation, bound }) => {
    const found = values.find((value) => value.name === name);
    if (found === undefined)
      return [`${text}: there is no ${name}; there are ${values.map((it) => it.name).join(', ')}`];
    const { value, unit } = found;
    if (!Number.isFinite(value)) return [`${text}: ${name} was not measured`];
    return RELATIONS[relation](value, bound) ? [`${text}: ${name} is ${value} ${unit}`.trim()] : [];
  });
}
