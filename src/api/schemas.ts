/** The JSON of the REST API. Times are RFC 3339, durations are in seconds. */
import { type TSchema, Type } from 'typebox';

import { SOURCES } from '../rooms/grants.ts';
import {
  DeadLetterList,
  EventList,
  EventResource,
  RedeliverBody,
  Redelivered,
  UsageList,
  WebhookList,
} from './event-schemas.ts';
import { IDENTITY_PATTERN, ROOM_NAME_PATTERN } from '../rooms/ids.ts';
import {
  AttributeChangesSchema,
  AttributesSchema,
  DisplayNameSchema,
  GrantChangesSchema,
  MetadataSchema,
  ReasonSchema,
  SourceSchema,
  SourcesSchema,
} from '../rooms/profile-schema.ts';
import { QOE_COMPONENTS } from './qoe-schemas.ts';

const strict = { additionalProperties: false } as const;

const time = (description: string) => Type.String({ format: 'date-time', description });
const seconds = (description: string, minimum: number, maximum: number) =>
  Type.Integer({ minimum, maximum, description });
const roomName = Type.String({ pattern: ROOM_NAME_PATTERN, description: 'Letters, digits and `.`, `_`, `~`, `-`.' });
const identity = Type.String({ pattern: IDENTITY_PATTERN, description: 'Who the application says this is.' });
const WEEK = 7 * 24 * 3600;
const settings = {
  maxParticipants: Type.Integer({ minimum: 1, maximum: 10_000, description: 'How many may be in the room at once.' }),
  maxPublishers: Type.Union([Type.Integer({ minimum: 0, maximum: 10_000 }), Type.Null()], {
    description: 'How many of them may publish at once; null: all.',
  }),
  maxTracks: Type.Integer({
    minimum: 1,
    maximum: SOURCES.length,
    description: 'Tracks that each may publish at once.',
  }),
  lastN: Type.Union([Type.Integer({ minimum: 1, maximum: 10_000 }), Type.Null()], {
    description: 'Cameras that each is sent at most, those that matter most to it; null: all.',
  }),
  maxAudible: Type.Union([Type.Integer({ minimum: 1, maximum: 10_000 }), Type.Null()], {
    description: 'Microphones that are forwarded at most, of those who spoke last; null: all.',
  }),
  duplicateIdentity: Type.Union([Type.Literal('replace'), Type.Literal('reject'), Type.Literal('allow')], {
    description: 'What becomes of somebody who joins as an identity that is in the room already.',
  }),
  moveTo: Type.Array(roomName, {
    maxItems: 64,
    description: 'Rooms to which administrators in this one may move participants.',
  }),
  emptyTimeout: seconds('Seconds that the room waits for its first participant.', 1, WEEK),
  departureTimeout: seconds('Seconds that the room outlives its last participant.', 0, WEEK),
  metadata: MetadataSchema,
};

export const CreateRoomBody = Type.Object(
  {
    name: roomName,
    ...Type.Partial(Type.Object(settings)).properties,
  },
  strict,
);

export const UpdateRoomBody = Type.Partial(Type.Object(settings), { ...strict, minProperties: 1 });

export const RoomResource = Type.Object({
  id: Type.String({ description: 'One life of the room: another one of the same name has another id.' }),
  name: roomName,
  createdAt: time('When it was opened.'),
  participants: Type.Integer({ description: 'How many are in it.' }),
  ...settings,
});

export const RoomList = Type.Object({
  rooms: Type.Array(RoomResource),
  next: Type.Optional(Type.String({ description: 'Pass it as `after` for the next page; absent on the last one.' })),
});

export const CreateTokenBody = Type.Object(
  {
    identity,
    name: Type.Optional(DisplayNameSchema),
    metadata: Type.Optional(MetadataSchema),
    attributes: Type.Optional(AttributesSchema),
    grants: Type.Optional(GrantChangesSchema),
    ttl: Type.Optional(Type.Integer({ minimum: 1, description: 'Seconds that the token is valid.' })),
  },
  strict,
);

export const TokenResource = Type.Object({
  token: Type.String({ description: 'The join token, a JWT.' }),
  joinUrl: Type.String({ description: 'The meeting page with the token in its fragment.' }),
  expiresAt: time('When the token expires.'),
});

const producer = Type.Object({
  id: Type.String(),
  kind: Type.Union([Type.Literal('audio'), Type.Literal('video')]),
  source: SourceSchema,
  paused: Type.Boolean({ description: 'Muted by its sender.' }),
  layers: Type.Object({ spatial: Type.Integer(), temporal: Type.Integer() }),
});

export const ParticipantResource = Type.Object({
  id: Type.String({ description: 'One presence of the identity.' }),
  identity,
  name: DisplayNameSchema,
  metadata: MetadataSchema,
  attributes: AttributesSchema,
  joinedAt: time('When it came in.'),
  connected: Type.Boolean({ description: 'False while its signaling is lost and it may still come back.' }),
  hidden: Type.Boolean(),
  grants: Type.Required(GrantChangesSchema),
  producers: Type.Array(producer),
});

/** One presence where the identity has several; all of them without it. */
const participant = Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'The id of one presence.' }));
export const ParticipantQuery = Type.Object({ participant }, strict);
export const KickQuery = Type.Object({ participant, reason: Type.Optional(ReasonSchema) }, strict);

export const UpdateParticipantBody = Type.Object(
  {
    name: Type.Optional(DisplayNameSchema),
    metadata: Type.Optional(MetadataSchema),
    attributes: Type.Optional(AttributeChangesSchema),
    grants: Type.Optional(GrantChangesSchema),
  },
  { ...strict, minProperties: 1 },
);

export const LeaveBody = Type.Object(
  { secret: Type.String({ maxLength: 64, description: '`session.secret` of `joined`.' }) },
  strict,
);

export const MuteBody = Type.Object({ sources: Type.Optional(SourcesSchema) }, strict);
export const MutedResource = Type.Object({ muted: Type.Integer({ description: 'Tracks that are muted now.' }) });
export const UnmuteRequestBody = Type.Object({ source: SourceSchema }, strict);
export const MoveBody = Type.Object({ room: roomName }, strict);

export const ParticipantList = Type.Object({ participants: Type.Array(ParticipantResource) });

export const ListQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Rooms on a page; 100 by default.' })),
    after: Type.Optional(roomName),
  },
  strict,
);

export const CreateTurnCredentialsBody = Type.Object(
  {
    identity: Type.Optional(identity),
    ttl: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Seconds that they are good for; `turn.credentialTtl` at most.' }),
    ),
  },
  strict,
);

export const TurnCredentialsResource = Type.Object(
  {
    username: Type.String(),
    password: Type.String(),
    ttl: Type.Integer({ description: 'Seconds.' }),
    uris: Type.Array(Type.String(), { description: 'TURN URIs (RFC 7065), the preferred first.' }),
  },
  { description: 'The JSON of draft-uberti-behave-turn-rest.' },
);

export const HealthResource = Type.Object({
  status: Type.String(),
  version: Type.String(),
  uptime: Type.Integer({ description: 'Seconds since the start.' }),
});

export const ReadinessResource = Type.Object({
  ready: Type.Boolean(),
  checks: Type.Record(
    Type.String(),
    Type.Object({
      ok: Type.Boolean(),
      reason: Type.Optional(Type.String({ description: 'Why it is not.' })),
      state: Type.Optional(
        Type.String({ description: '`off`: switched off. `degraded`: it does less than it should, and calls go on.' }),
      ),
    }),
  ),
});

export const ProblemResource = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable and for programs; the list is in docs/api.md.' }),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  },
  { description: 'RFC 9457 problem details.' },
);

/** Schemas that the OpenAPI document names. */
export const COMPONENTS = {
  CreateRoom: CreateRoomBody,
  UpdateRoom: UpdateRoomBody,
  Room: RoomResource,
  RoomList,
  CreateToken: CreateTokenBody,
  Token: TokenResource,
  Participant: ParticipantResource,
  ParticipantList,
  UpdateParticipant: UpdateParticipantBody,
  Leave: LeaveBody,
  Mute: MuteBody,
  Muted: MutedResource,
  UnmuteRequest: UnmuteRequestBody,
  Move: MoveBody,
  CreateTurnCredentials: CreateTurnCredentialsBody,
  TurnCredentials: TurnCredentialsResource,
  Event: EventResource,
  EventList,
  UsageList,
  WebhookList,
  DeadLetterList,
  Redeliver: RedeliverBody,
  Redelivered,
  Health: HealthResource,
  Readiness: ReadinessResource,
  Problem: ProblemResource,
  ...QOE_COMPONENTS,
} as const satisfies Record<string, TSchema>;
