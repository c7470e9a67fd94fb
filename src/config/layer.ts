import type { TSchema } from 'typebox';

import { type Report, UNFIT, check } from './check.ts';
import { KEYS } from './keys.ts';
import { didYouMean } from './problems.ts';
import { ConfigSchema } from './schema.ts';
import { describe, shapeOf } from './shape.ts';
import { type Origin, type Tree, parseYaml } from './tree.ts';

/** Values that one source sets, by key path. */
export type Layer = Map<string, { readonly value: unknown; readonly at: Origin }>;

/** The keys that a YAML file sets. Every problem in it is reported; what does not fit is left out. */
export function readFileLayer(text: string, source: string, report: Report): Layer {
  const layer: Layer = new Map();
  const parsed = parseYaml(text, source);
  if ('errors' in parsed) {
    for (const { at, why } of parsed.errors) report({ at, path: '', message: `this cannot be read as YAML: ${why}` });
  } else {
    readSection(ConfigSchema, parsed.tree, '', layer, report);
  }
  return layer;
}

function readSection(schema: TSchema, tree: Tree, path: string, layer: Layer, report: Report): void {
  const shape = shapeOf(schema);
  if (shape.kind !== 'section') {
    const value = check(schema, tree, path, report);
    if (value !== UNFIT) layer.set(path, { value, at: tree.at });
    return;
  }
  // A section whose keys are all commented out.
  if (tree.kind === 'scalar' && tree.value === null) return;
  if (tree.kind !== 'map') {
    const found = tree.kind === 'list' ? 'a list' : 'a single value';
    report({ at: tree.at, path, message: `expected ${describe(schema)}, found ${found}` });
    return;
  }
  for (const { key, at, value } of tree.entries) {
    const childPath = path === '' ? key : `${path}.${key}`;
    const child = Object.hasOwn(shape.properties, key) ? shape.properties[key] : undefined;
    if (child !== undefined) readSection(child, value, childPath, layer, report);
    else report({ at, path: childPath, message: `unknown key${suggestion(key, path, Object.keys(shape.properties))}` });
  }
}

/** A key of the same section that is spelled nearly so, else one of that name in another section. */
function suggestion(key: string, path: string, siblings: readonly string[]): string {
  const prefix = path === '' ? '' : `${path}.`;
  const near = didYouMean(
    `${prefix}${key}`,
    siblings.map((name) => `${prefix}${name}`),
  );
  const elsewhere = KEYS.find((candidate) => candidate.path.endsWith(`.${key}`));
  return near === '' && elsewhere !== undefined ? `; did you mean ${elsewhere.path}?` : near;
}
