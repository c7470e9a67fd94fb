/** What rooms announce to the rest of the server: the log, metrics, and later webhooks and usage. */
import type { Millis } from '../kernel/clock.ts';
import type { LeaveReason } from './events.ts';
import type { MediaKind, Source } from './grants.ts';
import type { Identity, ParticipantId, ProducerId, RoomId, RoomName } from './ids.ts';

type InRoom = { at: Millis; room: RoomName; roomId: RoomId };
type OfParticipant = InRoom & { identity: Identity; participantId: ParticipantId };

export type RoomFact =
  | (InRoom & { type: 'room-started' })
  | (InRoom & { type: 'room-closed'; reason: RoomCloseReason })
  | (InRoom & { type: 'room-media-lost' })
  | (InRoom & { type: 'room-media-rebuilt'; milliseconds: number })
  | (OfParticipant & { type: 'participant-joined' })
  | (OfParticipant & { type: 'participant-left'; reason: LeaveReason })
  | (OfParticipant & { type: 'track-published'; producerId: ProducerId; kind: MediaKind; source: Source })
  | (OfParticipant & { type: 'track-unpublished'; producerId: ProducerId; source: Source })
  | (OfParticipant & { type: 'track-muted' | 'track-unmuted'; producerId: ProducerId; source: Source });

export type RoomCloseReason = 'closed' | 'empty' | 'departed' | 'media-unavailable' | 'draining';
