import type { TSchema } from 'typebox';

import { shapeOf } from './shape.ts';
import { type Origin, type Tree, type Unreadable, parseYaml } from './tree.ts';

/**
 * The text of a variable or a flag, read as what the key takes: `a,b` for a list of plain values, `[…]` and `{…}` as
 * YAML (and so JSON), and a number, `true`, `false` or `null` only where the key takes one.
 */
export function treeOfText(schema: TSchema, text: string, at: Origin): { tree: Tree } | { errors: Unreadable[] } {
  const members = membersOf(schema);
  const kinds = new Set(members.map((member) => shapeOf(member).kind));
  if (/^\s*[[{]/u.test(text) && (kinds.has('list') || kinds.has('object'))) return parseYaml(text, at.source, false);

  const list = members.map(shapeOf).find((shape) => shape.kind === 'list');
  const literals = members.map(shapeOf).flatMap((shape) => (shape.kind === 'literal' ? [shape.value] : []));
  if (list === undefined || literals.includes(text)) return { tree: scalar(members, text, at) };

  const parts = text.split(',').map((part) => part.trim());
  const itemMembers = membersOf(list.items);
  const items = parts.filter((part) => part !== '').map((part) => scalar(itemMembers, part, at));
  return { tree: { at, kind: 'list', items } };
}

function membersOf(schema: TSchema): readonly TSchema[] {
  const shape = shapeOf(schema);
  return shape.kind === 'union' ? shape.members : [schema];
}

function scalar(members: readonly TSchema[], text: string, at: Origin): Tree {
  const kinds = new Set(members.map((member) => shapeOf(member).kind));
  if (kinds.has('null') && text === 'null') return { at, kind: 'scalar', value: null };
  if (kinds.has('boolean') && (text === 'true' || text === 'false'))
    return { at, kind: 'scalar', value: text === 'true' };
  const number = kinds.has('number') && /^-?\d+(\.\d+)?$/u.test(text) ? Number(text) : undefined;
  return { at, kind: 'scalar', value: number ?? text };
}
