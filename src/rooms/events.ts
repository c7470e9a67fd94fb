/** What participants are told. Plain data: signaling puts it on the wire as it is. */
import type { ErrorCode } from '../kernel/errors.ts';
import type { Millis } from '../kernel/clock.ts';
import type { DeliveredHeader } from './data-header.ts';
import type { Grants, MediaKind, Source } from './grants.ts';
import type { ConsumerId, Identity, ParticipantId, ProducerId, RoomId, RoomName } from './ids.ts';
import type { Layers, PayloadTypes, TransportParameters, TransportState } from './media-engine.ts';
import type { Participant } from './participant.ts';
import type { ProfileDelta } from './profile.ts';
import type { QualityLevel } from './media-view.ts';
import type { RtpCapabilities, RtpParameters } from './ortc.ts';
import type { TickFrame } from './tick.ts';

/** Free-form facts that the application attaches; bounded where they enter. */
export type Metadata = Record<string, unknown>;
/** Short facts by name, each of which can be changed without the others. */
export type Attributes = Readonly<Record<string, string>>;

export type RoomInfo = {
  id: RoomId;
  name: RoomName;
  createdAt: Millis;
  maxParticipants: number;
  metadata: Metadata;
};

export type ProducerInfo = {
  id: ProducerId;
  kind: MediaKind;
  source: Source;
  /** Muted by its sender. */
  paused: boolean;
  /** Layers that a receiver can ask for; 1 and 1 where there is nothing to choose. */
  layers: { spatial: number; temporal: number };
};

export type ParticipantInfo = {
  id: ParticipantId;
  /** Small number by which the tick names the participant; reused only after it has left. */
  index: number;
  identity: Identity;
  name: string;
  metadata: Metadata;
  attributes: Attributes;
  joinedAt: Millis;
  producers: ProducerInfo[];
};

/** `last-n`: others are more relevant, and the room forwards no more cameras than so many. */
export type WithheldReason = 'last-n';

/** A track that the server forwards to this participant. */
export type ConsumerInfo = {
  id: ConsumerId;
  producerId: ProducerId;
  participantId: ParticipantId;
  kind: MediaKind;
  source: Source;
  rtpParameters: RtpParameters;
  /** The server waits for `consumer-resume` before it forwards. */
  paused: boolean;
  /** The producer is muted at its source. */
  producerPaused: boolean;
  /** Why the server holds it back although the client is ready; null: it does not. */
  withheld: WithheldReason | null;
};

/** As `RTCPeerConnection` takes it; `ttl`: seconds that the credential is good for from now on, where it ends at all. */
export type IceServer = { urls: string[]; username?: string; credential?: string; ttl?: number };

/** All that a client needs to set its media up. */
export type MediaOffer = {
  rtpCapabilities: RtpCapabilities;
  send: TransportParameters;
  recv: TransportParameters;
  iceServers: IceServer[];
};

/** Why a participant left. */
export const LEAVE_REASONS = [
  'left',
  'disconnected',
  'kicked',
  'replaced',
  'room-closed',
  'too-slow',
  'media-unavailable',
  'draining',
  'flooding',
  'moved',
] as const;
export type LeaveReason = (typeof LEAVE_REASONS)[number];

/** Everything a participant is told after it has joined, in the order in which it happened. */
export type RoomEvent =
  | { type: 'participant-joined'; participant: ParticipantInfo }
  /** The same identity has joined from elsewhere, and goes on as `participant`; what the older presence published is gone. */
  | { type: 'participant-replaced'; participantId: ParticipantId; participant: ParticipantInfo }
  | { type: 'participant-left'; participantId: ParticipantId; identity: Identity; reason: LeaveReason }
  | { type: 'producer-added'; participantId: ParticipantId; producer: ProducerInfo }
  | ({ type: 'producer-paused'; participantId: ParticipantId; producerId: ProducerId } & Doer)
  | { type: 'producer-resumed'; participantId: ParticipantId; producerId: ProducerId }
  | ({ type: 'producer-removed'; participantId: ParticipantId; producerId: ProducerId } & Doer)
  /** Attributes that are null are gone; what is not named is as before. One's own changes come, too. */
  | ({ type: 'participant-updated'; participantId: ParticipantId } & ProfileDelta)
  /** What oneself may do from now on; tracks and consumers that it does not allow have ended. */
  | ({ type: 'grants-changed'; grants: Grants } & Doer)
  /** Somebody asks oneself to unmute, or to switch on. */
  | ({ type: 'unmute-requested'; source: Source } & Doer)
  /** One is in another room, which is all that there is now; `token` is what to join it with again. */
  | ({ type: 'moved'; token: string } & JoinedRoom)
  | { type: 'consumer-added'; consumer: ConsumerInfo }
  | { type: 'consumer-removed'; consumerId: ConsumerId }
  | { type: 'consumer-layers'; consumerId: ConsumerId; layers: Layers | null }
  /** The server holds these back, and forwards these again. */
  | { type: 'consumers-withheld'; consumerIds: ConsumerId[]; reason: WithheldReason }
  | { type: 'consumers-forwarded'; consumerIds: ConsumerId[] }
  /** What anybody wants of a video of one's own: spatial layers up to this one; null: nothing, so that nothing need be sent. */
  | { type: 'encodings-wanted'; producerId: ProducerId; maxSpatialLayer: number | null }
  /** From another participant; over signaling for as long as there is no data channel. */
  | { type: 'data'; header: DeliveredHeader; payload: Uint8Array }
  | { type: 'room-updated'; room: RoomInfo }
  /** One's own connection: how good it is, all in all and in each direction, and what costs most, as docs/qoe.md names causes. */
  | { type: 'quality'; level: QualityLevel; up: QualityLevel; down: QualityLevel; cause: string | null }
  /**
   * The media of the room was lost and built anew: transports, producers and consumers from before are gone, one's
   * own included. `participants` and `consumers` are all that there is now.
   */
  | { type: 'media-reset'; media: MediaOffer; participants: ParticipantInfo[]; consumers: ConsumerInfo[] }
  /** The server goes away within `seconds`; finish, or join again then. */
  | { type: 'draining'; seconds: number };

/** Whose doing it was, where it was not the owner's own. `admin` is left out where that participant is hidden. */
export type Doer = { readonly by?: 'application' | 'admin'; readonly admin?: Identity };

/** The state that a participant joins into. */
export type JoinedRoom = {
  room: RoomInfo;
  self: ParticipantInfo;
  grants: Grants;
  participants: ParticipantInfo[];
  media: MediaOffer;
  consumers: ConsumerInfo[];
  /** Levels, active speaker and connection quality as everyone knows them now; ticks tell what changes. */
  tick: TickFrame;
};

/** How a participant is reached. Signaling implements it over a socket; WHIP and WHEP need none. */
export type ParticipantLink = {
  /** Never throws and never blocks: what cannot be delivered is the link's problem. */
  send(event: RoomEvent): void;
  /** As `send`, but rather not at all than late. */
  sendLossy(event: Extract<RoomEvent, { type: 'data' }>): void;
  /** The participant is out, for this reason; nothing is sent after it. `reason`: words of who put it out. */
  end(code: ErrorCode | 'left', reason?: string): void;
  /**
   * The participant goes on as `participant` in another room: what is sent comes from there, `moved` first. Absent where
   * that cannot be: the participant is not moved then.
   */
  readonly moved?: (participant: Participant, moved: Extract<RoomEvent, { type: 'moved' }>) => void;
  /** Where the client has one transport for all that it sends and receives, not one for each direction. */
  readonly transport?: SingleTransport;
};

/** The transport of a client that cannot say how its media is, and has chosen its payload types itself. */
export type SingleTransport = {
  readonly payloadTypes?: PayloadTypes;
  state(state: TransportState): void;
};
