/** What stands before the payload of a message between participants; docs/protocol.md explains the fields. */
import { type Static, Type } from 'typebox';

import type { ErrorCode } from '../kernel/errors.ts';
import { createParser } from '../kernel/schema.ts';
import type { ParticipantId } from './ids.ts';

/** `reliable`: all of it, in order. `lossy`: soon or not at all, in any order. */
export type DataMode = 'reliable' | 'lossy';

/** Recipients that a message may name; one to more goes to all. */
const MAX_RECIPIENTS = 100;

const strict = { additionalProperties: false } as const;
const participant = Type.String({ minLength: 1, maxLength: 64 });
const call = Type.Integer({ minimum: 1, maximum: 0x7f_ff_ff_ff });
const name = Type.String({ minLength: 1, maxLength: 64 });
const text = Type.Optional(Type.Literal(true));

/** What a participant sends: `text` says that the payload is UTF-8. */
export const DataHeaderSchema = Type.Union([
  Type.Object(
    {
      t: Type.Literal('message'),
      /** Ids of participants; absent: everyone else. */
      to: Type.Optional(Type.Array(participant, { minItems: 1, maxItems: MAX_RECIPIENTS })),
      topic: Type.Optional(name),
      text,
    },
    strict,
  ),
  /** Asks one participant for an answer. `id` is the caller's own and free while it waits. */
  Type.Object({ t: Type.Literal('call'), to: participant, id: call, method: name, text }, strict),
  /** Answers the call `id` of `to`; not ok: the payload says why. */
  Type.Object(
    {
      t: Type.Literal('answer'),
      to: participant,
      id: call,
      ok: Type.Boolean(),
      code: Type.Optional(Type.Union([Type.Literal('no-method'), Type.Literal('failed')])),
      text,
    },
    strict,
  ),
]);
export type DataHeader = Static<typeof DataHeaderSchema>;

/** What a participant is sent. */
export type DeliveredHeader =
  | { t: 'message'; from: ParticipantId; topic?: string; text?: true; /** To some only. */ direct?: true }
  | { t: 'call'; from: ParticipantId; id: number; method: string; text?: true }
  | { t: 'answer'; from: ParticipantId; id: number; ok: boolean; code?: CallFailure; text?: true }
  /** Something that came over a data channel, which knows no answers, was refused. */
  | { t: 'refused'; code: ErrorCode; message: string };
/** Why a call failed: as the one who was called says, or the server. */
export type CallFailure = 'no-method' | 'failed' | ErrorCode;

/** Throws `invalid-request`. */
export const parseDataHeader: (header: unknown) => DataHeader = createParser(
  DataHeaderSchema,
  'The header of a data message',
);
