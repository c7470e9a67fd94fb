import type { Consumer } from 'mediasoup-client/types';

import type { ConsumerInfo, LeaveReason, ParticipantInfo, RoomEvent } from '../../src/rooms/events.ts';
import type { RoomContext } from './context.ts';
import type { Levels } from './levels.ts';
import type { ReceivedTrack } from './qoe/collector.ts';
import { RemoteParticipantView } from './remote-participant.ts';
import { RemoteTrackView } from './remote-track.ts';
import { createRoster, type RosterChange } from './roster.ts';

/** The others in the room as the application sees them, and which consumer brings which of their tracks. */
export type Others = {
  readonly participants: ReadonlyMap<string, RemoteParticipantView>;
  byIndex(index: number): RemoteParticipantView | undefined;
  byId(participantId: string): RemoteParticipantView | undefined;
  /** The track that this producer brings. */
  track(producerId: string): RemoteTrackView | undefined;
  /** All that there is now; see `Roster.reset`. */
  reset(participants: readonly ParticipantInfo[], graceUntil?: number, reason?: LeaveReason): void;
  /** Whether one may receive has changed. */
  permit(granted: boolean): void;
  apply(event: RoomEvent): void;
  /** Receivers for these are being set up. */
  expect(consumers: readonly ConsumerInfo[]): void;
  /** Whether the server should not forward it for now: the application has paused it. */
  isHeld(info: ConsumerInfo): boolean;
  /** These are about to flow: what is told of their tracks is told of these from now on. */
  coming(infos: readonly ConsumerInfo[]): void;
  received(info: ConsumerInfo, consumer: Consumer): void;
  /** Every consumer is gone with the media under it. */
  mediaLost(): void;
  /** The tracks that flow, to be measured. */
  measured(): ReceivedTrack[];
};

/** `subscribe`: `auto` where the server forwards everything by itself. `granted`: whether one may receive at all. */
export function createOthers(
  context: RoomContext,
  levels: Levels,
  { subscribe, granted: grantedAtFirst, self }: { subscribe: 'auto' | 'manual'; granted: boolean; self: string },
): Others {
  let granted = grantedAtFirst;
  const roster = createRoster(self);
  const participants = new Map<string, RemoteParticipantView>();
  const receiving = new Map<string, RemoteTrackView>();
  /** Receivers that are being set up, and whether the server withholds their tracks. */
  const expected = new Map<string, boolean>();
  let stopTimer = () => undefined as void;

  const trackBy = (producerId: string) => {
    const found = roster.find(producerId);
    return found && participants.get(found.person.key)?.tracks.get(found.track.source);
  };
  const trackOf = (info: ConsumerInfo) => trackBy(info.producerId);

  function announce(changes: readonly RosterChange[]): void {
    for (const change of changes) announceOne(change);
    stopTimer();
    const deadline = roster.nextDeadline();
    if (deadline === undefined) return;
    stopTimer = context.scope.after(Math.max(0, deadline - Date.now()), () => announce(roster.expire(Date.now())));
  }

  function announceOne(change: RosterChange): void {
    const { person } = change;
    if (change.type === 'joined') {
      const participant = new RemoteParticipantView(person, levels);
      participants.set(person.key, participant);
      context.emit('participantJoined', participant);
      return;
    }
    const participant = participants.get(person.key);
    if (participant === undefined) return;
    if (change.type === 'replaced') return levels.forget(change.index);
    if (change.type === 'updated') return context.emit('participantUpdated', participant);
    if (change.type === 'left') {
      participants.delete(person.key);
      levels.forget(person.index);
      context.emit('participantLeft', { participant, reason: change.reason });
      return;
    }
    announceTrack(change, participant);
  }

  function announceTrack(
    { type, track: published }: Extract<RosterChange, { track: unknown }>,
    participant: RemoteParticipantView,
  ): void {
    if (type === 'track-added') {
      const added = new RemoteTrackView(context, participant, published, subscribe === 'auto' && granted);
      participant.tracks.set(published.source, added);
      context.emit('trackAdded', added);
      return;
    }
    const track = participant.tracks.get(published.source);
    if (track === undefined) return;
    switch (type) {
      case 'track-removed':
        participant.tracks.delete(published.source);
        forget(track);
        track.removed();
        return context.emit('trackRemoved', track);
      case 'track-muted':
        track.interrupted();
        return context.emit('trackMuted', track);
      case 'track-unmuted':
        return context.emit('trackUnmuted', track);
    }
  }

  function forget(track: RemoteTrackView): void {
    if (track.consumerId !== undefined) receiving.delete(track.consumerId);
  }

  function withhold(consumerIds: readonly string[], withheld: boolean): void {
    for (const id of consumerIds) {
      const track = receiving.get(id);
      if (track !== undefined) track.setWithheld(withheld);
      // It is being set up, and was announced the other way.
      else if (expected.has(id)) expected.set(id, withheld);
    }
  }

  /** Asks again for what the application receives by its own choice; everything else the server does by itself. */
  function subscribeAgain(): void {
    if (subscribe !== 'manual' || !granted) return;
    for (const { tracks } of participants.values()) {
      for (const track of tracks.values()) {
        if (track.subscribed && track.consumerId === undefined) track.subscribeAgain();
      }
    }
  }

  return {
    participants,
    byIndex: (index) => [...participants.values()].find((participant) => participant.index === index),
    track: trackBy,
    byId: (id) => [...participants.values()].find(({ participantId }) => participantId === id),
    reset(infos, graceUntil, reason) {
      announce(roster.reset(infos, graceUntil, reason));
      subscribeAgain();
    },
    permit(now) {
      if (now === granted) return;
      granted = now;
      for (const { tracks } of participants.values()) for (const track of tracks.values()) track.permit(now, subscribe);
      subscribeAgain();
    },
    apply(event) {
      if (event.type === 'consumer-removed') {
        expected.delete(event.consumerId);
        receiving.get(event.consumerId)?.lost();
        receiving.delete(event.consumerId);
      } else if (event.type === 'consumer-layers') {
        receiving.get(event.consumerId)?.forwarded(event.layers ?? undefined);
      } else if (event.type === 'consumers-withheld' || event.type === 'consumers-forwarded') {
        withhold(event.consumerIds, event.type === 'consumers-withheld');
      } else {
        announce(roster.apply(event, Date.now()));
        if (event.type === 'producer-added') subscribeAgain();
      }
    },
    expect(consumers) {
      for (const { id, withheld } of consumers) expected.set(id, withheld !== null);
    },
    isHeld: (info) => trackOf(info)?.paused ?? true,
    coming(infos) {
      for (const info of infos) {
        const track = trackOf(info);
        if (expected.has(info.id) && track?.subscribed === true) track.coming(info);
      }
    },
    received(info, consumer) {
      const track = trackOf(info);
      const withheld = expected.get(info.id);
      expected.delete(info.id);
      if (withheld !== undefined && track?.subscribed === true) {
        forget(track);
        receiving.set(info.id, track);
        track.received(info, consumer);
        track.setWithheld(withheld);
        return;
      }
      // Removed, or no longer wanted, while it was set up.
      consumer.close();
      context.request('consumer-close', { consumerIds: [info.id] }).catch(() => undefined);
    },
    mediaLost() {
      expected.clear();
      for (const track of receiving.values()) track.lost();
      receiving.clear();
    },
    measured: () => [...receiving.values()].map((track) => track.measured).filter((track) => track !== undefined),
  };
}
