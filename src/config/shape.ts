/** What the schema says, in the few forms that this configuration uses. The one place that looks into TypeBox's objects. */
import type { TSchema } from 'typebox';

import { FORMATS, type FormatName } from './formats.ts';

/** One schema, taken apart. */
export type Shape =
  | {
      readonly kind: 'section' | 'object';
      readonly properties: Record<string, TSchema>;
      readonly required: readonly string[];
    }
  | { readonly kind: 'free' }
  | {
      readonly kind: 'list';
      readonly items: TSchema;
      readonly min: number;
      readonly max: number;
      readonly unique: boolean;
    }
  | { readonly kind: 'union'; readonly members: readonly TSchema[] }
  | { readonly kind: 'text'; readonly format: FormatName; readonly min?: number; readonly max?: number }
  | { readonly kind: 'number'; readonly whole: boolean; readonly min: number; readonly max: number }
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'boolean' | 'null' };

type Fields = {
  type?: string;
  const?: string;
  anyOf?: TSchema[];
  items?: TSchema;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  properties?: Record<string, TSchema>;
  required?: string[];
  additionalProperties?: boolean;
  section?: boolean;
  text?: FormatName;
  secret?: boolean;
  minimum?: number;
  maximum?: number;
};

export function shapeOf(schema: TSchema): Shape {
  const fields = schema as Fields;
  if (fields.anyOf !== undefined) return { kind: 'union', members: fields.anyOf.flatMap(membersOf) };
  if (fields.const !== undefined) return { kind: 'literal', value: fields.const };
  if (fields.text !== undefined) return { kind: 'text', format: fields.text, ...bounds(fields) };
  switch (fields.type) {
    case 'array':
      return {
        kind: 'list',
        items: fields.items!,
        min: fields.minItems ?? 0,
        max: fields.maxItems ?? 1024,
        unique: fields.uniqueItems ?? false,
      };
    case 'object': {
      // Only a key set is open: it is its own standard (RFC 7517), and is checked where it is used.
      if (fields.additionalProperties !== false) return { kind: 'free' };
      const kind = fields.section === true ? 'section' : 'object';
      return { kind, properties: fields.properties ?? {}, required: fields.required ?? [] };
    }
    case 'integer':
    case 'number':
      return {
        kind: 'number',
        whole: fields.type === 'integer',
        min: fields.minimum ?? -Infinity,
        max: fields.maximum ?? Infinity,
      };
    case 'boolean':
    case 'null':
      return { kind: fields.type };
    case undefined:
    default:
      throw new TypeError(`the configuration's schema uses a form that is not known here: ${JSON.stringify(schema)}`);
  }
}

/** Whether the schema, or a part of it, holds a secret: then nothing of a value is ever shown. */
export function isSecret(schema: TSchema): boolean {
  if ((schema as Fields).secret === true) return true;
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case 'union':
      return shape.members.some(isSecret);
    case 'list':
      return isSecret(shape.items);
    case 'section':
    case 'object':
      return Object.values(shape.properties).some(isSecret);
    case 'free':
    case 'text':
    case 'number':
    case 'literal':
    case 'boolean':
    case 'null':
      return false;
  }
}

/** What the schema takes, as it completes "expected …". */
export function describe(schema: TSchema): string {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case 'section':
    case 'object':
      return `a mapping with ${join(Object.keys(shape.properties), 'and')}`;
    case 'free':
      return 'a mapping';
    case 'list': {
      const items = describe(shape.items);
      return `a list${shape.unique ? ' without repetition' : ''}, each item ${items}`;
    }
    case 'union':
      return join(shape.members.map(describe), 'or');
    case 'text':
      return describeText(shape);
    case 'number':
      return `${shape.whole ? 'a whole number' : 'a number'} from ${shape.min} to ${shape.max}`;
    case 'literal':
      return shape.value;
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
  }
}

function describeText({ format, min, max }: Extract<Shape, { kind: 'text' }>): string {
  const { expected } = FORMATS[format];
  if (min === undefined || max === undefined) return expected;
  const write = unitWriter(format);
  return `${expected} from ${write(min)} to ${write(max)}`;
}

function unitWriter(format: FormatName): (value: number) => string {
  const entry = FORMATS[format];
  return 'write' in entry ? entry.write : String;
}

function membersOf(schema: TSchema): readonly TSchema[] {
  const shape = shapeOf(schema);
  return shape.kind === 'union' ? shape.members : [schema];
}

function bounds({ minimum, maximum }: Fields): { min?: number; max?: number } {
  return minimum === undefined || maximum === undefined ? {} : { min: minimum, max: maximum };
}

/** `a, b or c`. */
function join(words: readonly string[], last: 'and' | 'or'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
