/** Facts as rooms announce them. */
import type { Millis } from '../../src/kernel/clock.ts';
import type { RoomFact } from '../../src/rooms/facts.ts';
import type { Identity, ParticipantId, ProducerId, RoomId, RoomName } from '../../src/rooms/ids.ts';

/** 2026-11-20, noon. */
export const NOON = Date.UTC(2026, 10, 20, 12) as Millis;

type Muted = Extract<RoomFact, { type: 'track-muted' | 'track-unmuted' }>;

export function muted(room: number, track: number): Muted {
  return {
    ...{ type: 'track-muted', at: NOON, room: `room-${room}` as RoomName, roomId: `life-${room}` as RoomId },
    ...{ identity: 'ann' as Identity, participantId: 'p' as ParticipantId },
    ...{ producerId: `track-${track}` as ProducerId, source: 'microphone', by: 'self' },
  };
}

/** The life of one participant in a room. */
export function factsOf(room: number, person: number, { joined = NOON, left = NOON, keyId = 'key' } = {}) {
  const inRoom = { room: `room-${room}` as RoomName, roomId: `life-${room}` as RoomId };
  const who = { identity: `user-${person}` as Identity, participantId: `p-${room}-${person}` as ParticipantId };
  const track = { producerId: `t-${room}-${person}` as ProducerId, source: 'camera' } as const;
  const started: RoomFact = { type: 'room-started', at: joined, ...inRoom };
  const closed: RoomFact = { type: 'room-closed', at: left, ...inRoom, reason: 'departed' };
  const came: RoomFact = {
    ...{ type: 'participant-joined', at: joined, ...inRoom, ...who },
    ...{ name: who.identity, hidden: false, keyId },
  };
  const published: RoomFact = { type: 'track-published', at: joined, ...inRoom, ...who, ...track, kind: 'video' };
  const unpublished: RoomFact = { type: 'track-unpublished', at: left, ...inRoom, ...who, ...track };
  const went: RoomFact = { type: 'participant-left', at: left, ...inRoom, ...who, reason: 'left' };
  return { started, joined: came, published, unpublished, left: went, closed };
}
