/**
 * What rooms announce to the rest of the server: the event log, and through it webhooks and usage; quality of experience. In a
 * life of a room (`roomId`) `room-started` comes first and `room-closed` last; of a participant either `participant-aborted`,
 * or `participant-joined`, then its tracks, each ended, then `participant-left`.
 */
import type { Millis } from '../kernel/clock.ts';
import type { Doer, LeaveReason } from './events.ts';
import type { Grants, MediaKind, Source } from './grants.ts';
import type { Identity, ParticipantId, ProducerId, RoomId, RoomName } from './ids.ts';
import type { QualityLevel } from './media-view.ts';
import type { ProfileDelta } from './profile.ts';

/** Whose doing it was: the participant's own, the application's over REST, or that of another one with the `admin` grant. */
export type Actor =
  | { readonly by: 'self' }
  | { readonly by: 'application' }
  | { readonly by: 'admin'; readonly admin: Identity };

/** An actor as a fact names it. */
type Doing = { by: Actor['by']; admin?: Identity };

type InRoom = { at: Millis; room: RoomName; roomId: RoomId };
type OfParticipant = InRoom & { identity: Identity; participantId: ParticipantId };

export type RoomFact =
  | (InRoom & { type: 'room-started' })
  | (InRoom & { type: 'room-closed'; reason: RoomCloseReason })
  | (InRoom & { type: 'room-media-lost' })
  | (InRoom & { type: 'room-media-rebuilt'; milliseconds: number })
  /** `keyId`: the API key, or the foreign issuer, that signed its token. */
  | (OfParticipant & { type: 'participant-joined'; name: string; hidden: boolean; keyId: string; from?: RoomName })
  /** It had a seat, and lost it before it was in the room. It is not said to leave. */
  | (OfParticipant & { type: 'participant-aborted'; reason: LeaveReason })
  /** `text`: what a kick gave as its reason. `to`: where it was moved. */
  | (OfParticipant & { type: 'participant-left'; reason: LeaveReason; text?: string; to?: RoomName } & Partial<Doing>)
  | (OfParticipant & { type: 'participant-updated'; changes: ProfileDelta } & Doing)
  | (OfParticipant & { type: 'grants-changed'; grants: Grants } & Doing)
  | (OfParticipant & { type: 'unmute-requested'; source: Source } & Doing)
  | (OfParticipant & { type: 'track-published'; producerId: ProducerId; kind: MediaKind; source: Source })
  | (OfParticipant & { type: 'track-unpublished'; producerId: ProducerId; source: Source } & Partial<Doing>)
  | (OfParticipant & { type: 'track-muted' | 'track-unmuted'; producerId: ProducerId; source: Source } & Doing)
  | (OfParticipant & QualityThreshold);

/** A participant's connection was bad for as long as a threshold of the configuration says, or is so no more. */
export type QualityThreshold = {
  type: 'quality-threshold';
  state: 'raised' | 'ended';
  direction: 'up' | 'down';
  /** The threshold's. */
  threshold: QualityLevel;
  /** As it is now. */
  level: QualityLevel;
  /** What costs most, as docs/qoe.md names causes; null where nothing does. */
  cause: string | null;
  /** Since when it is, or was, as bad as that. */
  since: Millis;
};

/** `actor` as participants are told of it: who cannot be seen is not named. */
export function doerOf(actor: Actor, room: { isVisible(identity: Identity): boolean }): Doer {
  if (actor.by === 'self') return {};
  if (actor.by === 'application') return { by: 'application' };
  return room.isVisible(actor.admin) ? actor : { by: 'admin' };
}

export type RoomCloseReason = 'closed' | 'empty' | 'departed' | 'media-unavailable' | 'draining';
