/** What stands between a participant and its room. */
import type { Millis } from '../kernel/clock.ts';
import type { DataExchange } from './data-exchange.ts';
import type { IceServer, RoomEvent, RoomInfo } from './events.ts';
import type { RoomFact } from './facts.ts';
import type { Identity, ParticipantId } from './ids.ts';
import type { DataSettings } from './messaging.ts';
import type { UsedBytes } from './media-engine.ts';
import type { RtpCapabilities } from './ortc.ts';
import type { Moderation } from './moderation.ts';
import type { MediaObserver } from './media-view.ts';
import type { Participant } from './participant.ts';
import type { Publication } from './publication.ts';
import type { Profile } from './profile.ts';
import type { RoomAttention } from './room-attention.ts';
import type { Due } from './room-context.ts';
import type { Pump } from './steering.ts';
import type { TickFrame } from './tick.ts';

/** `auto`: everyone's tracks are forwarded, those that come later too. `manual`: those that the client asks for. */
export type SubscribeMode = 'auto' | 'manual';

/** What a participant wants to receive. Without `rtpCapabilities` nothing yet. */
export type SubscribeWish = { readonly mode: SubscribeMode; readonly rtpCapabilities?: RtpCapabilities | undefined };

/** What a participant needs of the room that it is in. */
export type RoomOfParticipant = {
  readonly info: RoomInfo;
  readonly tick: TickFrame;
  /** Who is told what the server sees of its media. */
  readonly observer: MediaObserver | undefined;
  /** Whom to tell how much media the participant sends and receives. */
  usedBy(participant: Participant): ((bytes: UsedBytes) => void) | undefined;
  now(): Millis;
  iceServers(participant: Participant): IceServer[];
  /** To everyone who has joined, but not to `except`. */
  broadcast(event: RoomEvent, except?: Participant): void;
  /** The others who have joined and may be seen. */
  visibleTo(participant: Participant): Iterable<Participant>;
  /** Whether it may publish one more track; throws `limit-reached`. */
  requirePublishable(participant: Participant): void;
  /** Offers a new publication to everyone who subscribes by itself. */
  published(publication: Publication): void;
  /** The producer is gone: nobody receives it any more. */
  unpublished(publication: Publication): void;
  /** The picture of a track is another one: who sees it may need another layer. */
  resized(publication: Publication): void;
  /** Who has the floor, and how much is forwarded to each. */
  readonly attention: RoomAttention;
  /** Through which whatever the worker is told of consumers goes. */
  readonly pump: Pump;
  /** Calls `due` at that time, in place of any before; undefined: not at all. */
  wake(whom: Due, at: Millis | undefined): void;
  /** The participant is not heard any more, by its own choice. */
  muted(participant: Participant): void;
  /** What may be sent over data channels. */
  readonly data: DataSettings;
  readonly exchange: DataExchange;
  /** From here on the others see it, or do not: nobody is told here. */
  disappeared(participant: Participant): void;
  /** Its profile is another than its token's, for as long as the token is used in this room. */
  remember(profile: Profile): void;
  /** Bytes of metadata, and of attributes, as JSON. */
  readonly profileLimit: number;
  /** Whether the others see somebody of this identity. */
  isVisible(identity: Identity): boolean;
  moderation(self: Participant): Moderation;
  announce(fact: FactOfParticipant, participant: Participant): void;
  departed(participant: Participant): void;
};

type OmitEach<Fact, Key extends PropertyKey> = Fact extends unknown ? Omit<Fact, Key> : never;
/** A fact without what the room adds to it: who, where and when. */
export type FactOfParticipant = OmitEach<
  Extract<RoomFact, { participantId: ParticipantId }>,
  'at' | 'room' | 'roomId' | 'identity' | 'participantId'
>;
