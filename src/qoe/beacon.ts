/**
 * What a client posts: a batch of samples of one session. Version 1.
 *
 * The envelope has a schema, and a beacon that does not fit it is refused as a whole. Its samples are judged one by one
 * (`sample.ts`), so that one bad measurement does not cost the others.
 */
import Type, { type Static, type TSchema } from 'typebox';

import { createParser } from '../kernel/schema.ts';
import { IDENTITY_PATTERN, ROOM_NAME_PATTERN } from '../rooms/ids.ts';
import { FIELD_NAMES, type FieldRule, FIELDS, SAMPLE_KINDS, type SampleKind } from './fields.ts';

export const BEACON_VERSION = 1;
/** Samples in a beacon. */
export const MAX_SAMPLES = 100;
/** The largest sequence number: those of a session that lasts for years, and exact as a double. */
export const MAX_SEQUENCE = 2 ** 40;
/** An interval that is measured, in ms. */
export const INTERVAL = { min: 100, max: 60_000 } as const;

/** Moments of a client's clock, in ms since the epoch: from 2001 to 2286, so that seconds are not taken for ms. */
export const CLIENT_TIME = { min: 1e12, max: 1e13 } as const;

const clientTime = Type.Number({ minimum: CLIENT_TIME.min, maximum: CLIENT_TIME.max });

export const BeaconSchema = Type.Object(
  {
    /** Version of this schema. */
    v: Type.Literal(BEACON_VERSION),
    /** The participant's id, as `joined` told it. */
    session: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_-]+$' }),
    /** The client's clock when it sends this, ms. Sent again, a beacon keeps the time at which it was sent first. */
    sentAt: clientTime,
    /** The join token, where no header can carry it (`navigator.sendBeacon`). */
    token: Type.Optional(Type.String({ minLength: 1, maxLength: 8192 })),
    /** The room that the client believes to be in. Refused where the token has another one. */
    room: Type.Optional(Type.String({ pattern: ROOM_NAME_PATTERN })),
    /** Who the client believes to be. Refused where the token has another one. */
    identity: Type.Optional(Type.String({ pattern: IDENTITY_PATTERN })),
    samples: Type.Array(Type.Unknown(), { minItems: 1, maxItems: MAX_SAMPLES }),
  },
  { additionalProperties: false },
);
export type Beacon = Static<typeof BeaconSchema>;

/** `value` as a beacon. Throws `invalid-request`. The samples in it are not looked at. */
export const parseBeacon = createParser(BeaconSchema, 'The beacon');

/**
 * What a sample has to look like, as the API's description tells it: for each kind its fields. The server itself reads
 * samples by the same table, which is faster and says what is wrong with one (`sample.ts`).
 */
export const SampleSchema = Type.Union(SAMPLE_KINDS.map(sampleSchema));

function sampleSchema(kind: SampleKind) {
  const fields: Record<string, TSchema> = {};
  for (const name of FIELD_NAMES) {
    const rule: FieldRule = FIELDS[name];
    if (rule.of.includes(kind)) fields[name] = Type.Optional(fieldSchema(rule));
  }
  return Type.Object(
    {
      kind: Type.Literal(kind),
      seq: Type.Integer({ minimum: 0, maximum: MAX_SEQUENCE, description: 'Counts the samples of the session.' }),
      at: Type.Number({ ...clientTime, description: "End of the interval by the client's clock, ms." }),
      ms: Type.Number({ minimum: INTERVAL.min, maximum: INTERVAL.max, description: 'Length of the interval.' }),
      ...(kind === 'session'
        ? {}
        : { track: Type.String({ minLength: 1, maxLength: 64, description: 'Id of the producer or consumer.' }) }),
      ...fields,
    },
    { additionalProperties: false },
  );
}

function fieldSchema({ words, integer, min, max, unit, from }: FieldRule): TSchema {
  const description = `${unit}: ${from}`;
  if (words !== undefined)
    return Type.Union(
      words.map((each) => Type.Literal(each)),
      { description },
    );
  const range = { minimum: min, maximum: max, description };
  return integer ? Type.Integer(range) : Type.Number(range);
}
