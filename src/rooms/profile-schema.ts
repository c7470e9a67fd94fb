/** What REST and signaling take when somebody is described or changed. */
import { Type } from 'typebox';

import { SOURCES } from './grants.ts';
import { ATTRIBUTE_PATTERN } from './ids.ts';

const strict = { additionalProperties: false } as const;
const attribute = Type.String({ pattern: ATTRIBUTE_PATTERN });

export const SourceSchema = Type.Union([
  Type.Literal('microphone'),
  Type.Literal('camera'),
  Type.Literal('screen'),
  Type.Literal('screen-audio'),
]);
export const SourcesSchema = Type.Array(SourceSchema, { minItems: 1, maxItems: SOURCES.length });

export const DisplayNameSchema = Type.String({
  pattern: '^[^\\u0000-\\u001f\\u007f]{1,128}$',
  description: 'For people to read.',
});
export const MetadataSchema = Type.Record(Type.String(), Type.Unknown(), {
  description: 'Whatever the application wants to attach; bounded in bytes by `rooms.metadataLimit`.',
});
export const AttributesSchema = Type.Record(attribute, Type.String(), {
  ...strict,
  description: 'Short facts by name; bounded in bytes, all together, by `rooms.metadataLimit`.',
});
export const AttributeChangesSchema = Type.Record(attribute, Type.Union([Type.String(), Type.Null()]), {
  ...strict,
  description: 'Attributes that are to be another; null takes one away.',
});
export const GrantChangesSchema = Type.Object(
  {
    publish: Type.Optional(Type.Array(SourceSchema, { maxItems: SOURCES.length, description: 'Sources to publish.' })),
    subscribe: Type.Optional(Type.Boolean({ description: "Receive the others' tracks." })),
    data: Type.Optional(Type.Boolean({ description: 'Send data, and with it chat.' })),
    hidden: Type.Optional(Type.Boolean({ description: 'Be there unseen; publishes and writes nothing.' })),
    admin: Type.Optional(Type.Boolean({ description: 'Control other participants.' })),
    profile: Type.Optional(Type.Boolean({ description: 'Change its own name, metadata and attributes.' })),
  },
  strict,
);
/** Why somebody is put out. */
export const ReasonSchema = Type.String({
  pattern: '^[^\\u0000-\\u001f\\u007f]{1,256}$',
  description: 'For the person who is put out to read.',
});
