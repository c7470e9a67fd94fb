import { useEffect, useReducer, useState } from 'preact/hooks';

import type { Participant, Room, RoomEventName, RoomEvents } from '../../sdk/api.ts';
import { announce } from '../ui/announcements.tsx';
import type { Size } from './layout.ts';

/** Everything after which the page looks different; levels come too often and go straight to their tiles. */
const REDRAW = [
  'stateChanged',
  'mediaStateChanged',
  'participantJoined',
  'participantLeft',
  'participantUpdated',
  'grantsChanged',
  'moved',
  'trackAdded',
  'trackRemoved',
  'trackMuted',
  'trackUnmuted',
  'trackWithheldChanged',
  'localTracksChanged',
  'activeSpeakerChanged',
  'qualityChanged',
  'chat',
  'roomUpdated',
  'playbackBlocked',
] as const satisfies readonly RoomEventName[];

/** Draws the component again whenever the room has changed. */
export function useRoomUpdates(room: Room): void {
  const [, redraw] = useReducer((version: number) => version + 1, 0);
  useEffect(() => {
    const offs = REDRAW.map((event) => room.on(event, () => redraw(undefined)));
    // Something may have happened between the first drawing and this subscription.
    redraw(undefined);
    return () => offs.forEach((off) => off());
  }, [room]);
}

/** Calls `listener` at each `event` while the component is there. */
export function useRoomEvent<Name extends RoomEventName>(
  room: Room,
  event: Name,
  listener: (value: RoomEvents[Name]) => void,
): void {
  useEffect(() => room.on(event, listener), [room]);
}

/** Calls `show` with each new level of `participant`, in dBov. */
export function useParticipantLevel(room: Room, participant: Participant, show: (dBov: number) => void): void {
  useEffect(
    () =>
      room.on('levels', (changed) => {
        if (changed.includes(participant)) show(participant.level);
      }),
    [room, participant],
  );
}

/** In rooms larger than this, others' mutes are not announced: there would be no end of it. */
const QUIET_ABOVE = 6;

/** Says who comes and goes, mutes and shares. */
export function useAnnouncements(room: Room): void {
  useEffect(() => {
    const offs = [
      room.on('participantJoined', ({ name }) => announce(`${name} joined`, { show: true })),
      room.on('participantLeft', ({ participant, reason }) =>
        announce(departure(participant.name, reason), { show: true }),
      ),
      room.on('trackMuted', ({ source, participant }) => announceMute(room, participant.name, source, 'off')),
      room.on('trackUnmuted', ({ source, participant }) => announceMute(room, participant.name, source, 'on')),
      room.on('trackAdded', ({ source, participant }) => {
        if (source === 'screen') announce(`${participant.name} shares a screen`, { show: true });
      }),
      room.on('trackRemoved', ({ source, participant }) => {
        if (source === 'screen') announce(`${participant.name} stopped sharing`);
      }),
      room.on('localTrackEnded', ({ source }) => announce(LOCAL_END[source], { show: true })),
      room.on('draining', () =>
        announce('The server is about to restart. The call comes back by itself.', { show: true }),
      ),
      room.on('problem', ({ message }) => announce(message, { show: true })),
      room.on('stateChanged', (state) => {
        if (state === 'connected') announce('The connection is back');
      }),
    ];
    return () => offs.forEach((off) => off());
  }, [room]);
}

const LOCAL_END = {
  microphone: 'Your microphone was disconnected',
  camera: 'Your camera was disconnected',
  screen: 'Your screen is not shared any more',
  'screen-audio': 'The sound of your screen is not shared any more',
} as const;

function departure(name: string, reason: RoomEvents['participantLeft']['reason']): string {
  if (reason === 'moved') return `${name} is in another room now`;
  if (reason === 'kicked') return `${name} was removed`;
  return reason === 'disconnected' ? `${name} lost the connection` : `${name} left`;
}

function announceMute(room: Room, name: string, source: string, state: 'on' | 'off'): void {
  if (room.participants.size > QUIET_ABOVE) return;
  if (source === 'microphone' || source === 'camera') announce(`${name}: ${source} ${state}`);
}

/** Size of an element's content, in CSS pixels; undefined before the first layout. */
export function useSizeOf(element: { current: HTMLElement | null }): Size | undefined {
  const [size, setSize] = useState<Size>();
  useEffect(() => {
    if (!element.current) return undefined;
    const observer = new ResizeObserver((entries) => {
      const box = entries.at(-1)?.contentRect;
      if (box) setSize({ width: box.width, height: box.height });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return size;
}
