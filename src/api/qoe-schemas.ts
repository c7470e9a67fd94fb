/**
 * The JSON of quality of experience. Unlike the rest of the API it is made for charts: times are ms since the epoch, scores
 * are numbers from 1.0 to 5.0 with two decimals, rates are bit/s, loss is a share from 0 to 1. null: not known.
 */
import { type Static, type TSchema, Type } from 'typebox';

import { BeaconSchema, MAX_SAMPLES, SampleSchema } from '../qoe/beacon.ts';
import { CAUSES, PLACES } from '../qoe/causes.ts';
import { LEVELS } from '../qoe/level.ts';
import { LIVE_EVENT_NAMES } from '../qoe/live-events.ts';
import { REJECTIONS } from '../qoe/sample.ts';
import { LEAVE_REASONS } from '../rooms/events.ts';
import { IDENTITY_PATTERN, ROOM_NAME_PATTERN } from '../rooms/ids.ts';

const strict = { additionalProperties: false } as const;

const oneOf = <Word extends string>(words: readonly Word[], description: string) =>
  Type.Unsafe<Word>({ type: 'string', enum: [...words], description });
const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const optionalInteger = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

/** The last millisecond of the year 9999. */
const LAST_MOMENT = 253_402_300_799_999;
const moment = (description: string) => Type.Integer({ minimum: 0, maximum: LAST_MOMENT, description });
const from = Type.Optional(moment('From this time on, ms since the epoch.'));
const to = Type.Optional(moment('Up to this time, ms since the epoch; now, where it is left out.'));
const roomName = Type.String({ pattern: ROOM_NAME_PATTERN });
const identity = Type.String({ pattern: IDENTITY_PATTERN });
const sessionId = Type.String({ description: "The participant's id: one presence of an identity in a room." });
const level = oneOf(LEVELS, 'From 4.0 excellent, from 3.1 good, from 1.3 poor; below, or without a connection, lost.');
const score = nullable(Type.Number({ minimum: 1, maximum: 5, description: '1.0 to 5.0.' }));
const share = nullable(Type.Number({ minimum: 0, maximum: 1, description: 'Share of the packets.' }));
const bitrate = nullable(Type.Number({ minimum: 0, description: 'bit/s.' }));
const milliseconds = nullable(Type.Number({ minimum: 0, description: 'ms.' }));

const CAUSE_CODES = CAUSES.map(({ id }) => id);
const causeParts = {
  code: oneOf(CAUSE_CODES, 'Stable and for programs.'),
  text: Type.String({ description: 'For people: `loss 8 % up`.' }),
  place: oneOf(PLACES, 'Whose it is: the network up or down, what is sent, or the machine that receives.'),
  direction: oneOf(['up', 'down'], 'As the participant sees it.'),
};

/** What cost most, as of now. */
const Cause = Type.Object({
  ...causeParts,
  since: moment('Since when it is the one that costs most.'),
  amount: nullable(
    Type.Number({
      description:
        'Loss as a share, jitter and delay (with what buffers wait because of it) in ms; null where no number says why.',
    }),
  ),
});

const Quality = Type.Object({ score, level, since: moment('Since when it has this level.'), cause: nullable(Cause) });

const measured = {
  bitrateUp: bitrate,
  bitrateDown: bitrate,
  lossUp: share,
  lossDown: share,
  rtt: milliseconds,
};

/** A participant that is there, as of the last second. */
export const QoeParticipant = Type.Object({
  session: sessionId,
  room: roomName,
  roomId: Type.String(),
  identity,
  name: Type.String({ description: 'For people to read.' }),
  joined: moment('When it came in.'),
  at: moment('When it was scored.'),
  up: Quality,
  down: Quality,
  both: Type.Object(Quality.properties, { description: 'The worse of both: what the others see beside its name.' }),
  experience: Type.Union(score.anyOf, { description: 'All that it hears and sees, whoever is to blame.' }),
  ...measured,
});

const levelCounts = Type.Object(
  { lost: Type.Integer(), poor: Type.Integer(), good: Type.Integer(), excellent: Type.Integer() },
  { description: 'Participants of each level.' },
);

export const QoeRoomSummary = Type.Object({
  room: roomName,
  roomId: Type.String(),
  participants: Type.Integer(),
  level: nullable(level),
  levels: levelCounts,
  since: nullable(moment('Since when the worst participant has its level.')),
});

export const QoeRoomList = Type.Object({
  rooms: Type.Array(QoeRoomSummary),
  next: Type.Optional(Type.String({ description: 'Pass it as `after` for the next page; absent on the last one.' })),
});

export const QoeRoomsQuery = Type.Object(
  {
    limit: optionalInteger(1, 1000, 'Rooms on a page; 100 by default.'),
    after: Type.Optional(roomName),
  },
  strict,
);

const column = <Item extends TSchema>(item: Item, description: string) => Type.Array(item, { description });

/** Columns of the same length: row i of each is of the time t[i]. Seconds in which the session was not there have no row. */
export const QoeSeries = Type.Object({
  t: column(moment('ms since the epoch.'), 'Where each row begins.'),
  up: column(score, 'Mean score of what it sends.'),
  down: column(score, 'Mean score of what it is sent.'),
  experience: column(score, 'Mean score of all that it hears and sees.'),
  lowest: column(score, 'The lowest of `up` and `down` in any second of the row.'),
  bitrateUp: column(bitrate, 'Mean.'),
  bitrateDown: column(bitrate, 'Mean.'),
  lossUp: column(share, 'Mean.'),
  lossDown: column(share, 'Mean.'),
  rtt: column(milliseconds, 'Mean.'),
  level: column(level, 'The worst in any second of the row.'),
  cause: column(nullable(causeParts.code), 'What cost most in the dearest second of the row.'),
});

const endReason = nullable(
  oneOf([...LEAVE_REASONS, 'server-ended'], 'Why it ended; `server-ended`: the server went away under it.'),
);

const sessionParts = {
  session: sessionId,
  room: roomName,
  roomId: Type.String(),
  identity,
  joined: moment('When it came in.'),
  left: nullable(moment('When it went; null while it is there.')),
  endReason,
  level: Type.Union([level], { description: 'The worst in which it was for a while: 5 s lost, 10 s poor, 30 s good.' }),
  seconds: Type.Object(levelCounts.properties, { description: 'Seconds of each level.' }),
  experience: Type.Object({ mean: score, lowest: score }),
};

const joinSteps = Type.Object(
  { socket: milliseconds, answered: milliseconds, connected: milliseconds, firstFrame: milliseconds },
  { description: 'ms from the call to join until each step was done.' },
);

const costParts = {
  ...causeParts,
  seconds: Type.Integer({ description: 'Seconds in which it cost most.' }),
  cost: Type.Number({ description: 'Points of the score that it took, summed over these seconds.' }),
};
const CauseCost = Type.Object(costParts);

export const QoeRoom = Type.Object({
  room: roomName,
  live: Type.Boolean({ description: 'Whether the room is open.' }),
  participants: Type.Array(QoeParticipant, { description: 'Who is there now.' }),
  from: moment('The range of the series.'),
  to: moment('Its end.'),
  step: Type.Integer({ description: 'Seconds of a row: 1, 10 or 60.' }),
  sessions: Type.Array(Type.Object({ ...sessionParts, series: QoeSeries }), {
    description: 'Who was there in the range, the last to come first.',
  }),
  complete: Type.Boolean({ description: 'False where there was more in the range than an answer holds.' }),
});

const STEP = { enum: [1, 10, 60], description: 'Seconds of a row: 1, 10 or 60; by the range, where it is left out.' };

export const QoeRoomQuery = Type.Object(
  { from, to, step: Type.Optional(Type.Unsafe<1 | 10 | 60>({ type: 'integer', ...STEP })) },
  strict,
);

export const QoeSession = Type.Object({
  ...sessionParts,
  live: Type.Boolean(),
  joinSteps,
  reconnects: Type.Integer({ description: 'Times that signaling or ICE was set up again.' }),
  causes: Type.Array(CauseCost, { description: 'What cost it quality, the dearest first.' }),
  step: Type.Integer({ description: 'Seconds of a row: 1, 10 or 60.' }),
  series: QoeSeries,
});

export const QoeSessionList = Type.Object({
  sessions: Type.Array(Type.Object(sessionParts)),
  next: Type.Optional(Type.String({ description: 'Pass it as `cursor` for the next page; absent on the last one.' })),
});

export const QoeSessionsQuery = Type.Object(
  {
    from: Type.Optional(moment('Sessions that began at this time or later, ms since the epoch.')),
    to: Type.Optional(moment('Sessions that began before this time.')),
    level: Type.Optional(level),
    identity: Type.Optional(identity),
    room: Type.Optional(roomName),
    limit: optionalInteger(1, 200, 'Sessions on a page; 50 by default.'),
    cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}\\.[0-9]{1,16}$', description: '`next` of a page.' })),
  },
  strict,
);

export const QoeCauses = Type.Object({
  from: moment('The range, widened to whole days of UTC.'),
  to: moment('Its end.'),
  causes: Type.Array(CauseCost, { description: 'The dearest first.' }),
  sessions: Type.Object(levelCounts.properties, {
    description: 'Sessions that began in the range, by the worst level in which each was for a while.',
  }),
});

export const QoeCausesQuery = Type.Object({ from, to, room: Type.Optional(roomName) }, strict);

export const QoeLiveQuery = Type.Object(
  {
    room: Type.Optional(roomName),
    events: Type.Optional(
      Type.String({
        pattern: `^(${LIVE_EVENT_NAMES.join('|')})(,(${LIVE_EVENT_NAMES.join('|')}))*$`,
        description: 'Names of the events that are wanted, with commas; all, where it is left out.',
      }),
    ),
  },
  strict,
);

const inSession = { session: sessionId, room: roomName, roomId: Type.String(), identity };

/**
 * `score` and `session-started` are a `QoeParticipant` each: those that are there when the stream opens, then each once a
 * second, and at once when a level has changed. `sample`: those samples of a beacon that were accepted, as they came.
 */
export const QoeSampleEvent = Type.Object({
  ...inSession,
  at: moment('When the beacon came.'),
  samples: Type.Array(Type.Record(Type.String(), Type.Unknown())),
});
export const QoeEndedEvent = Type.Object({ ...inSession, at: moment('When it went.'), endReason });
/** `lost`: how many events a reader did not get since it fell behind. */
export const QoeLostEvent = Type.Object({
  scores: Type.Integer(),
  samples: Type.Integer(),
  sessions: Type.Integer({ description: 'Beginnings and ends: ask for the rooms again.' }),
});

/** The beacon as it is posted. Its samples are judged one by one: a bad one does not cost the others. */
export const BeaconRequest = Type.Object(
  { ...BeaconSchema.properties, samples: Type.Array(SampleSchema, { minItems: 1, maxItems: MAX_SAMPLES }) },
  strict,
);

/** What became of a beacon. */
export const BeaconReport = Type.Object({
  accepted: Type.Integer(),
  duplicate: Type.Integer({ description: 'Samples whose `seq` was seen before.' }),
  rejected: Type.Integer(),
  reasons: Type.Array(
    Type.Object({
      index: Type.Integer({ description: "The sample's place in the beacon." }),
      why: oneOf(REJECTIONS, 'Why it was not taken.'),
      field: Type.Optional(Type.String({ description: 'The field that it is about.' })),
    }),
    { description: 'Each rejected sample.' },
  ),
});

/** Schemas that the OpenAPI document names. */
export const QOE_COMPONENTS = {
  Beacon: BeaconRequest,
  BeaconReport,
  QoeParticipant,
  QoeRoomList,
  QoeRoom,
  QoeSession,
  QoeSessionList,
  QoeCauses,
  QoeSampleEvent,
  QoeEndedEvent,
  QoeLostEvent,
} as const satisfies Record<string, TSchema>;

export type QoeParticipantJson = Static<typeof QoeParticipant>;
export type QoeQualityJson = Static<typeof Quality>;
export type QoeSeriesJson = Static<typeof QoeSeries>;
