/** The JSON of events and usage. */
import { Type } from 'typebox';

import { EVENT_TYPES } from '../events/event.ts';
import { ROOM_NAME_PATTERN } from '../rooms/ids.ts';

const strict = { additionalProperties: false } as const;
const roomName = Type.String({ pattern: ROOM_NAME_PATTERN });
const sequence = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
const day = (description: string) => Type.String({ format: 'date', description });

export const EventsQuery = Type.Object(
  {
    after: Type.Optional(sequence('Only events with higher numbers.')),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Events on a page; 100 by default.' })),
    room: Type.Optional(roomName),
  },
  strict,
);

export const EventResource = Type.Object(
  {
    seq: Type.Integer({ description: 'Its number on this server: each event has a higher one than the one before.' }),
    roomSeq: Type.Optional(Type.Integer({ description: 'Its number in this life of its room: 1, 2, 3 and on.' })),
    type: Type.Unsafe<string>({ type: 'string', enum: [...EVENT_TYPES] }),
    at: Type.String({ format: 'date-time' }),
    room: Type.Optional(roomName),
    roomId: Type.Optional(Type.String({ description: 'One life of the room.' })),
  },
  { description: 'What a type adds to these fields is in docs/events.md.', additionalProperties: true },
);

export const EventList = Type.Object({
  events: Type.Array(EventResource),
  next: Type.Integer({ description: 'Pass it as `after` for what comes next, now or later.' }),
  last: Type.Integer({ description: 'The number of the last event of the log: at `next`, nothing is left to read.' }),
});

export const UsageQuery = Type.Object(
  {
    from: Type.Optional(day('The first day, UTC; today by default.')),
    to: Type.Optional(day('The last day, UTC; today by default.')),
    room: Type.Optional(roomName),
    key: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'The id of an API key, or an issuer.' }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Rows on a page; 100 by default.' })),
    cursor: Type.Optional(Type.String({ maxLength: 1024, description: '`next` of the page before.' })),
  },
  strict,
);

export const UsageList = Type.Object({
  usage: Type.Array(
    Type.Object({
      day: day('UTC.'),
      room: Type.Optional(roomName),
      key: Type.String({ description: 'The API key, or the foreign issuer, that signed the tokens.' }),
      joins: Type.Integer({ description: 'Participants that joined on this day.' }),
      participantSeconds: Type.Number({ description: 'Seconds that participants were in the room, on this day.' }),
      publishedBytes: Type.Integer({ description: 'RTP that participants sent, as `bytes-counted` events said.' }),
      forwardedBytes: Type.Integer({ description: 'RTP that they were sent.' }),
      relayedBytes: Type.Integer({ description: 'Data that TURN relayed, both ways; without `room`: for no room.' }),
    }),
  ),
  asOf: Type.String({ format: 'date-time', description: 'Who is in a room counts up to this moment.' }),
  next: Type.Optional(Type.String({ description: 'Pass it as `cursor` for the next page; absent on the last one.' })),
});

export const WebhookList = Type.Object({
  webhooks: Type.Array(
    Type.Object({
      name: Type.String(),
      url: Type.String({ description: 'Without user, query and fragment.' }),
      state: Type.Unsafe<string>({
        type: 'string',
        enum: ['ok', 'failing', 'disabled'],
        description: '`disabled`: it has answered 410.',
      }),
      failingSince: Type.Optional(Type.String({ format: 'date-time' })),
      lastError: Type.Optional(
        Type.String({ description: '`HTTP 500`, `timeout`, `target-refused`, `ECONNREFUSED`, …' }),
      ),
      behind: Type.Integer({ description: 'Events of the log that it has not got to yet.' }),
      rooms: Type.Integer({ description: 'Rooms whose next event is to be tried again.' }),
      deadLetters: Type.Integer(),
    }),
  ),
});

export const DeadLettersQuery = Type.Object(
  {
    after: Type.Optional(sequence('Only events with higher numbers.')),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, description: 'Letters on a page; 100 by default.' }),
    ),
  },
  strict,
);

export const DeadLetterList = Type.Object({
  deadLetters: Type.Array(
    Type.Object({
      seq: Type.Integer(),
      attempts: Type.Integer({ description: '0: given up while nothing could be delivered at all.' }),
      reason: Type.String({ description: 'What went wrong last.' }),
      diedAt: Type.String({ format: 'date-time' }),
      event: EventResource,
    }),
  ),
  next: Type.Optional(Type.Integer({ description: 'Pass it as `after` for the next page; absent on the last one.' })),
});

export const RedeliverBody = Type.Object(
  {
    events: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
      minItems: 1,
      maxItems: 1000,
      description: 'Numbers of events.',
    }),
  },
  strict,
);

export const Redelivered = Type.Object({
  accepted: Type.Integer({ description: 'How many are there to be delivered; the others are kept nowhere.' }),
});
