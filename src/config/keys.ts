import type { TSchema } from 'typebox';

import { ConfigSchema } from './schema.ts';
import { shapeOf } from './shape.ts';

/** One key of the configuration: what stands in the innermost section, and is replaced as a whole. */
export type Key = {
  /** `rooms.maxParticipants` */
  readonly path: string;
  /** `SLUICE_ROOMS_MAX_PARTICIPANTS` */
  readonly variable: string;
  /** `--rooms.maxParticipants` */
  readonly flag: string;
  readonly schema: TSchema;
};

function keysOf(schema: TSchema, path: readonly string[]): Key[] {
  const shape = shapeOf(schema);
  if (shape.kind === 'section') {
    return Object.entries(shape.properties).flatMap(([name, child]) => keysOf(child, [...path, name]));
  }
  const words = path.map((name) => name.replaceAll(/[A-Z]/gu, '_$&').toUpperCase());
  return [{ path: path.join('.'), variable: `SLUICE_${words.join('_')}`, flag: `--${path.join('.')}`, schema }];
}

/** Every key, in the order of the schema. */
export const KEYS: readonly Key[] = keysOf(ConfigSchema, []);

/** The keys by their variable and by their flag. */
export const KEY_OF_VARIABLE: ReadonlyMap<string, Key> = new Map(KEYS.map((key) => [key.variable, key]));
export const KEY_OF_FLAG: ReadonlyMap<string, Key> = new Map(KEYS.map((key) => [key.flag, key]));
