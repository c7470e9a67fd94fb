/**
 * The signaling protocol, version 1: every message's name and schema. docs/protocol.md explains it; a test holds
 * the two together. The browser SDK takes its types from here.
 *
 * Transport: socket.io over WebSocket at `/socket.io/`, default name space.
 * - The CONNECT packet's `auth` is a `Hello`: join or resume. The server answers it, without a further round trip,
 *   with `joined` or `resumed`, or refuses it with a connect error whose `data` is a `WireError`, and closes.
 * - A client request is `emit(name, requestId, params, ack)`; the ack is called with one `Answer`. Request ids count
 *   up from 1; a request that is repeated after a resume is answered again and not done again.
 * - A server event is `emit(name, seq, payload)`; `seq` counts up from 1 within a session. After a resume, the events
 *   that the client has not received come again, in order.
 * - `tick` frames have no sequence number, are not repeated, and hold only what changed.
 * - `data-lossy` is a `data` event that is neither numbered nor repeated, and left out for a client that reads slowly.
 * - `bye` comes last, before the server closes the socket.
 */
import { type Static, type TSchema, Type } from 'typebox';

import type { WireError } from '../kernel/errors.ts';
import type { ConsumerInfo, IceServer, JoinedRoom, RoomEvent } from '../rooms/events.ts';
import { DataHeaderSchema, type DeliveredHeader } from '../rooms/data-header.ts';
import type { TickFrame } from '../rooms/tick.ts';
import type { IceParameters } from '../rooms/ortc.ts';
import { DtlsParametersSchema, MediaKindSchema, RtpCapabilitiesSchema, RtpParametersSchema } from '../rooms/ortc.ts';
import type { ProducerInfo } from '../rooms/events.ts';
import { IDENTITY_PATTERN, ROOM_NAME_PATTERN } from '../rooms/ids.ts';
import {
  AttributeChangesSchema,
  DisplayNameSchema,
  GrantChangesSchema,
  MetadataSchema,
  ReasonSchema,
  SourceSchema,
  SourcesSchema,
} from '../rooms/profile-schema.ts';

/** Goes up with a change that an old client would not survive. */
export const PROTOCOL_VERSION = 1;

const strict = { additionalProperties: false } as const;
const id = Type.String({ minLength: 1, maxLength: 64 });
const layer = Type.Integer({ minimum: 0, maximum: 7 });
/** Characters; the size in bytes is the room's to judge. */
const MAX_PAYLOAD = 1 << 19;
const ids = Type.Array(id, { minItems: 1, maxItems: 256 });
/** A side of a picture, in pixels. */
const side = Type.Integer({ minimum: 1, maximum: 16_384 });

/** `auto`: the server forwards every track of the room, now and later. `manual`: only what `consume` names. */
const SubscribeModeSchema = Type.Union([Type.Literal('auto'), Type.Literal('manual')]);
export type SubscribeMode = Static<typeof SubscribeModeSchema>;

/** `auth` of the socket.io CONNECT packet: join a room. */
export const JoinHelloSchema = Type.Object(
  {
    protocol: Type.Literal(PROTOCOL_VERSION),
    /** The join token. */
    token: Type.String({ minLength: 1, maxLength: 8192 }),
    /** What the client can receive. Given here, `joined` brings the consumers; else `subscribe` does later. */
    rtpCapabilities: Type.Optional(RtpCapabilitiesSchema),
    subscribe: Type.Optional(SubscribeModeSchema),
    /** Name and version of the client, for the log. */
    client: Type.Optional(Type.String({ maxLength: 64, pattern: '^[\\x20-\\x7e]*$' })),
  },
  strict,
);
/** `auth` of the socket.io CONNECT packet: go on with a session whose socket was lost. */
export const ResumeHelloSchema = Type.Object(
  {
    protocol: Type.Literal(PROTOCOL_VERSION),
    resume: Type.Object(
      {
        sessionId: id,
        secret: Type.String({ minLength: 1, maxLength: 64 }),
        /** `seq` of the last event that the client has handled; 0 for none. */
        received: Type.Integer({ minimum: 0 }),
      },
      strict,
    ),
  },
  strict,
);
export type JoinHello = Static<typeof JoinHelloSchema>;
export type ResumeHello = Static<typeof ResumeHelloSchema>;

const empty = Type.Object({}, strict);
const target = { identity: Type.String({ pattern: IDENTITY_PATTERN }), participantId: Type.Optional(id) };
const profile = {
  name: Type.Optional(DisplayNameSchema),
  metadata: Type.Optional(MetadataSchema),
  attributes: Type.Optional(AttributeChangesSchema),
};
/** Those that administrators give and take; who is hidden, and who is an administrator, is the application's to say. */
const { publish, subscribe, data, profile: ownProfile } = GrantChangesSchema.properties;
const grants = { publish, subscribe, data, profile: ownProfile };

/** Every request of a client: its name and the schema of its parameters. */
export const REQUESTS = {
  /** Start DTLS on a transport, once. */
  'transport-connect': Type.Object({ transportId: id, dtlsParameters: DtlsParametersSchema }, strict),
  /** New ICE credentials, after the client's network has changed. */
  'transport-restart-ice': Type.Object({ transportId: id }, strict),
  /** Say what this client can receive, and how it subscribes; answers with the consumers. Once per media setup. */
  subscribe: Type.Object({ rtpCapabilities: RtpCapabilitiesSchema, mode: Type.Optional(SubscribeModeSchema) }, strict),
  /** Publish a track on the send transport. */
  produce: Type.Object(
    {
      kind: MediaKindSchema,
      source: SourceSchema,
      rtpParameters: RtpParametersSchema,
      paused: Type.Optional(Type.Boolean()),
      /** Of the picture, where it is video. */
      size: Type.Optional(Type.Object({ width: side, height: side }, strict)),
    },
    strict,
  ),
  /** Mute a track of one's own. */
  'producer-pause': Type.Object({ producerId: id }, strict),
  'producer-resume': Type.Object({ producerId: id }, strict),
  /** Unpublish a track of one's own. */
  'producer-close': Type.Object({ producerId: id }, strict),
  /** The picture of a video of one's own has another size now. */
  'producer-size': Type.Object({ producerId: id, width: side, height: side }, strict),
  /** Receive these tracks (manual mode, or again after `consumer-close`). */
  consume: Type.Object({ producerIds: ids }, strict),
  /** Forward nothing for these consumers until they are resumed. */
  'consumer-pause': Type.Object({ consumerIds: ids }, strict),
  /** Forward; also says that the client is ready for a consumer that was announced as paused. */
  'consumer-resume': Type.Object({ consumerIds: ids }, strict),
  'consumer-close': Type.Object({ consumerIds: ids }, strict),
  /** The highest layers that this consumer should be sent. */
  'consumer-layers': Type.Object({ consumerId: id, spatialLayer: layer, temporalLayer: Type.Optional(layer) }, strict),
  /**
   * What the page shows of these consumers; of others it is as before. Without a size, and not hidden, they are wanted in
   * full, which is also what holds for those that were never named. Ids of consumers that have just ended are no error.
   */
  view: Type.Object(
    {
      consumers: Type.Array(
        Type.Object(
          {
            consumerId: id,
            /** Forward nothing. */
            hidden: Type.Optional(Type.Literal(true)),
            /** Of the picture as it is drawn, in device pixels. */
            width: Type.Optional(side),
            height: Type.Optional(side),
            /** Keep it before all others. */
            pinned: Type.Optional(Type.Literal(true)),
          },
          { ...strict, dependentRequired: { width: ['height'], height: ['width'] } },
        ),
        { minItems: 1, maxItems: 256 },
      ),
    },
    strict,
  ),
  /** Send and receive over the data channels of the receiving transport, which are open, from now on. */
  'data-open': empty,
  /** A message to other participants, for as long as there are no data channels. Needs the `data` grant. */
  data: Type.Object(
    {
      header: DataHeaderSchema,
      /** Text where the header says so, else base64. */
      payload: Type.String({ maxLength: MAX_PAYLOAD }),
      lossy: Type.Optional(Type.Literal(true)),
    },
    strict,
  ),
  /** Change one's own name, metadata (as a whole) or attributes (null: gone). Needs the `profile` grant. */
  'update-self': Type.Object(profile, { ...strict, minProperties: 1 }),
  // What follows needs the `admin` grant. Without `participantId` every presence of `identity` is meant.
  /** Mute these sources (all, where none are named) until their owner unmutes them. */
  'admin-mute': Type.Object({ ...target, sources: Type.Optional(SourcesSchema) }, strict),
  /** As `admin-mute`, for everyone but oneself. */
  'admin-mute-all': Type.Object({ sources: Type.Optional(SourcesSchema) }, strict),
  /** Ask for a source to be unmuted, or switched on. */
  'admin-ask-unmute': Type.Object({ ...target, source: SourceSchema }, strict),
  /** Change who somebody is and what it may do. Grants that are not named stay. */
  'admin-update': Type.Object(
    { ...target, ...profile, grants: Type.Optional(Type.Object(grants, { ...strict, minProperties: 1 })) },
    strict,
  ),
  /** Put somebody out, and refuse its token from now on. `reason` is for that person to read. */
  'admin-kick': Type.Object({ ...target, reason: Type.Optional(ReasonSchema) }, strict),
  /** Move somebody to another room, one of the room's `moveTo`. */
  'admin-move': Type.Object({ ...target, room: Type.String({ pattern: ROOM_NAME_PATTERN }) }, strict),
  /** Leave for good: the session ends and cannot be resumed. */
  leave: empty,
} as const satisfies Record<string, TSchema>;

export type RequestName = keyof typeof REQUESTS;
export type RequestParams<Name extends RequestName> = Static<(typeof REQUESTS)[Name]>;

/** What each request answers on success. */
export type RequestResults = {
  'transport-connect': Record<string, never>;
  'transport-restart-ice': { iceParameters: IceParameters; iceServers: IceServer[] };
  subscribe: { consumers: ConsumerInfo[] };
  produce: { producer: ProducerInfo };
  'producer-pause': Record<string, never>;
  'producer-resume': Record<string, never>;
  'producer-close': Record<string, never>;
  'producer-size': Record<string, never>;
  consume: { consumers: ConsumerInfo[] };
  'consumer-pause': Record<string, never>;
  'consumer-resume': Record<string, never>;
  'consumer-close': Record<string, never>;
  'consumer-layers': Record<string, never>;
  view: Record<string, never>;
  'data-open': Record<string, never>;
  data: Record<string, never>;
  'update-self': Record<string, never>;
  /** How many tracks are muted now. */
  'admin-mute': { muted: number };
  'admin-mute-all': { muted: number };
  'admin-ask-unmute': Record<string, never>;
  'admin-update': Record<string, never>;
  'admin-kick': Record<string, never>;
  'admin-move': Record<string, never>;
  leave: Record<string, never>;
};
export type RequestResult<Name extends RequestName> = RequestResults[Name];

/** What a request is acknowledged with. */
export type Answer<Result = unknown> = { ok: true; result: Result } | { ok: false; error: WireError };

/** First message after a join. */
export type Joined = JoinedRoom & {
  protocol: typeof PROTOCOL_VERSION;
  /** What a resume needs. The secret is the session's own and worthless elsewhere. */
  session: { id: string; secret: string; /** Seconds for which a lost socket can be resumed. */ resumeWithin: number };
  /** Whether there is anybody to send QoE beacons to. */
  beacons: boolean;
};
/** First message after a resume; the missed events follow. */
export type Resumed = { sessionId: string; tick: TickFrame };
/** Last message before the server closes the socket. `left` answers the client's own leave. */
export type Bye = WireError | { code: 'left'; message: string };

export type { TickFrame } from '../rooms/tick.ts';

/** Every sequenced event of the server, by name; the payload is the event without its `type`. */
export const EVENTS = [
  'participant-joined',
  'participant-replaced',
  'participant-left',
  'producer-added',
  'producer-paused',
  'producer-resumed',
  'producer-removed',
  'participant-updated',
  'grants-changed',
  'unmute-requested',
  'moved',
  'consumer-added',
  'consumer-removed',
  'consumer-layers',
  'consumers-withheld',
  'consumers-forwarded',
  'encodings-wanted',
  'data',
  'room-updated',
  'quality',
  'media-reset',
  'draining',
] as const satisfies readonly RoomEvent['type'][];
export type EventName = RoomEvent['type'];
export type EventPayload<Name extends EventName> = Name extends 'data'
  ? DataPayload
  : Omit<Extract<RoomEvent, { type: Name }>, 'type'>;
/** A sequenced event as clients have it. */
export type WireEvent = Exclude<RoomEvent, { type: 'data' }> | ({ type: 'data' } & DataPayload);
/** `payload`: text where the header says so, else base64. */
export type DataPayload = { header: DeliveredHeader; payload: string };
