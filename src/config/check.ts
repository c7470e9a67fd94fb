import type { TSchema } from 'typebox';

import { FORMATS } from './formats.ts';
import { type ConfigProblem, didYouMean } from './problems.ts';
import { type Shape, describe, isSecret, shapeOf } from './shape.ts';
import type { Tree } from './tree.ts';

/** Takes problems as they are found. */
export type Report = (problem: ConfigProblem) => void;

/** What a value that does not fit has become; its problem is reported. */
export const UNFIT = Symbol('unfit');

/** The value of `tree` as `schema` has it, units decoded; `UNFIT` where it does not fit, after every problem is reported. */
export function check(schema: TSchema, tree: Tree, path: string, report: Report): unknown {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case 'union':
      return checkUnion(shape.members, schema, tree, path, report);
    case 'section':
    case 'object':
      return tree.kind === 'map' ? checkObject(shape, tree, path, report) : unfit(schema, tree, path, report);
    case 'list':
      return tree.kind === 'list' ? checkList(shape, schema, tree, path, report) : unfit(schema, tree, path, report);
    case 'free':
      return tree.kind === 'map' ? plainOf(tree) : unfit(schema, tree, path, report);
    case 'text':
    case 'number':
    case 'literal':
    case 'boolean':
    case 'null': {
      const value = tree.kind === 'scalar' ? scalarOf(shape, tree.value) : undefined;
      return value === undefined ? unfit(schema, tree, path, report) : value;
    }
  }
}

type Scalar = string | number | boolean | null;
type ScalarShape = Extract<Shape, { kind: 'text' | 'number' | 'literal' | 'boolean' | 'null' }>;

/** `value` as `shape` has it, or undefined where it does not fit. */
function scalarOf(shape: ScalarShape, value: Scalar): Scalar | undefined {
  switch (shape.kind) {
    case 'text': {
      const parsed = typeof value === 'string' ? FORMATS[shape.format].parse(value) : undefined;
      const fits = typeof parsed !== 'number' || (parsed >= (shape.min ?? 0) && parsed <= (shape.max ?? Infinity));
      return fits ? parsed : undefined;
    }
    case 'number': {
      const fits = typeof value === 'number' && value >= shape.min && value <= shape.max;
      return fits && (!shape.whole || Number.isInteger(value)) ? value : undefined;
    }
    case 'literal':
      return value === shape.value ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'null':
      return value === null ? value : undefined;
  }
}

function checkUnion(members: readonly TSchema[], schema: TSchema, tree: Tree, path: string, report: Report): unknown {
  // No union here has two members of a kind that has parts: the problem can be told where it is.
  const inner = members.find((member) => {
    const { kind } = shapeOf(member);
    return tree.kind === 'list' ? kind === 'list' : tree.kind === 'map' && (kind === 'object' || kind === 'free');
  });
  if (inner !== undefined) return check(inner, tree, path, report);
  for (const member of members) {
    const value = check(member, tree, path, () => undefined);
    if (value !== UNFIT) return value;
  }
  return unfit(schema, tree, path, report);
}

function checkObject(
  shape: Extract<Shape, { kind: 'section' | 'object' }>,
  tree: Extract<Tree, { kind: 'map' }>,
  path: string,
  report: Report,
): unknown {
  const values: Record<string, unknown> = {};
  let fits = true;
  for (const { key, at, value } of tree.entries) {
    const child = Object.hasOwn(shape.properties, key) ? shape.properties[key] : undefined;
    const childPath = `${path}.${key}`;
    if (child === undefined) {
      report({ at, path: childPath, message: `unknown key${didYouMean(key, Object.keys(shape.properties))}` });
    }
    const checked = child === undefined ? UNFIT : check(child, value, childPath, report);
    if (checked === UNFIT) fits = false;
    else values[key] = checked;
  }
  for (const name of shape.required) {
    if (tree.entries.some(({ key }) => key === name)) continue;
    report({
      at: tree.at,
      path: `${path}.${name}`,
      message: `expected ${describe(shape.properties[name]!)}, found nothing`,
    });
    fits = false;
  }
  return fits ? values : UNFIT;
}

function checkList(
  shape: Extract<Shape, { kind: 'list' }>,
  schema: TSchema,
  tree: Extract<Tree, { kind: 'list' }>,
  path: string,
  report: Report,
): unknown {
  if (tree.items.length < shape.min || tree.items.length > shape.max) {
    const message = `expected ${shape.min} to ${shape.max} items, found ${tree.items.length}`;
    report({ at: tree.at, path, message });
    return UNFIT;
  }
  const values = tree.items.map((item, index) => check(shape.items, item, `${path}[${index}]`, report));
  if (values.includes(UNFIT)) return UNFIT;
  if (shape.unique && new Set(values).size < values.length) return unfit(schema, tree, path, report, 'a repetition');
  return values;
}

/** Plain data; a key named `__proto__` stays a key. */
function plainOf(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainOf);
  return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plainOf(value)]));
}

function unfit(
  schema: TSchema,
  tree: Tree,
  path: string,
  report: Report,
  found = findingOf(schema, tree),
): typeof UNFIT {
  report({ at: tree.at, path, message: `expected ${describe(schema)}, found ${found}` });
  return UNFIT;
}

function findingOf(schema: TSchema, tree: Tree): string {
  if (tree.kind === 'map') return 'a mapping';
  if (tree.kind === 'list') return 'a list';
  if (tree.value === null) return 'nothing';
  if (isSecret(schema)) return 'something else (not shown, it may be a secret)';
  const shown = typeof tree.value === 'string' ? JSON.stringify(tree.value) : String(tree.value);
  // A URL may carry a user's password.
  const text = shown.replaceAll(/\/\/[^/@]*@/gu, '//…@');
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
