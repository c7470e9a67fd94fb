import { useEffect, useRef, useState } from 'preact/hooks';

import type { DeviceKind, LocalParticipant, LocalTrack, Room, Source } from '../../sdk/api.ts';
import { announce } from '../ui/announcements.tsx';
import { codeOf, type Handover } from './capture.ts';
import { deviceTrouble, type Device, sentenceFor } from './failures.ts';
import { readPreferences, savePreferences } from './preferences.ts';

/** What one sends, and the switches for it. */
export type OwnMedia = {
  microphoneOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
  /** Which sources one's link allows. */
  may: (source: Source) => boolean;
  toggleMicrophone: () => void;
  toggleCamera: () => void;
  toggleScreen: () => void;
  choose: (kind: DeviceKind, deviceId: string) => void;
  chosen: Record<DeviceKind, string>;
};

/** Publishes what the preview had open, then follows the buttons. Whatever fails is said and leaves the call alone. */
export function useOwnMedia(room: Room, handover: Handover): OwnMedia {
  const { self } = room;
  const busy = useRef(new Set<Source>());
  const [chosen, setChosen] = useState<Record<DeviceKind, string>>(readPreferences);
  useEffect(() => start(room, handover, busy.current), []);
  const microphone = self.tracks.get('microphone');
  const camera = self.tracks.get('camera');
  const sharing = self.tracks.has('screen');
  return {
    microphoneOn: isOn(microphone),
    cameraOn: isOn(camera),
    sharing,
    chosen: {
      ...chosen,
      microphone: microphone?.deviceId ?? chosen.microphone,
      camera: camera?.deviceId ?? chosen.camera,
    },
    may: (source) => self.grants.publish.includes(source),
    toggleMicrophone: () =>
      void attempt('microphone', busy.current, async () => {
        await turnMicrophone(self, !isOn(microphone), chosen.microphone);
        announce(isOn(microphone) ? 'Microphone off' : 'Microphone on');
      }),
    toggleCamera: () =>
      void attempt('camera', busy.current, async () => {
        // Off closes the device, so that its light goes out.
        await self.setCamera(!isOn(camera) && device(chosen.camera));
        announce(isOn(camera) ? 'Camera off' : 'Camera on');
      }),
    toggleScreen: () =>
      void attempt('screen', busy.current, async () => {
        await self.setScreen(sharing ? false : { audio: self.grants.publish.includes('screen-audio') });
        announce(sharing ? 'You stopped sharing your screen' : 'You are sharing your screen');
      }),
    choose: (kind, deviceId) => {
      setChosen((before) => ({ ...before, [kind]: deviceId }));
      savePreferences({ [kind]: deviceId });
      void switchTo(room, kind, deviceId, busy.current);
    },
  };
}

function start(room: Room, { tracks, opening }: Handover, busy: Set<Source>): void {
  const { self } = room;
  const preferences = readPreferences();
  for (const source of ['microphone', 'camera'] as const) {
    const track = tracks[source];
    if (track) void attempt(source, busy, () => publish(self, source, track));
  }
  // Devices that the person still has to allow: the call does not wait for them.
  if (opening.includes('microphone')) {
    void attempt('microphone', busy, () => self.setMicrophone(device(preferences.microphone)));
  }
  if (opening.includes('camera')) void attempt('camera', busy, () => self.setCamera(device(preferences.camera)));
  // The speaker of last time may be gone: then the default plays, which is what a person expects.
  if (preferences.speaker !== '') room.setAudioOutput(preferences.speaker).catch(() => undefined);
}

async function publish(self: LocalParticipant, source: Device, track: MediaStreamTrack): Promise<void> {
  try {
    await self.publish(track, { source });
  } catch (error) {
    // Nobody else closes the device of a track that was refused.
    track.stop();
    throw error;
  }
}

async function turnMicrophone(self: LocalParticipant, on: boolean, deviceId: string): Promise<void> {
  if (!on) await self.mute('microphone');
  else if (self.tracks.has('microphone')) await self.unmute('microphone');
  else await self.setMicrophone(device(deviceId));
}

function device(deviceId: string): { deviceId: string } | true {
  return deviceId === '' ? true : { deviceId };
}

function isOn(track: LocalTrack | undefined): boolean {
  return track !== undefined && !track.muted;
}

/** Whether there is a way to share the screen: phones have none, and nor have insecure pages. */
export function canShare(media: OwnMedia): boolean {
  const mediaDevices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  return media.may('screen') && mediaDevices !== undefined && 'getDisplayMedia' in mediaDevices;
}

async function switchTo(room: Room, kind: DeviceKind, deviceId: string, busy: Set<Source>): Promise<void> {
  if (kind === 'speaker') {
    await room.setAudioOutput(deviceId).catch(() => announce('This speaker cannot be used.', { show: true }));
  } else if (room.self.tracks.has(kind)) {
    await attempt(kind, busy, () => room.self.switchDevice(kind, deviceId));
  }
}

/** Runs `act` unless something is being done to this source already, and tells what went wrong. */
async function attempt(source: Source, busy: Set<Source>, act: () => Promise<unknown>): Promise<void> {
  if (busy.has(source)) return;
  busy.add(source);
  try {
    await act();
  } catch (error) {
    const code = codeOf(error);
    // To close the browser's choice of screens is no error.
    if (source !== 'screen' || code !== 'permission-denied') announce(explain(source, code, error), { show: true });
  } finally {
    busy.delete(source);
  }
}

const CAPTURE_CODES = new Set([
  'permission-denied',
  'no-device',
  'device-in-use',
  'insecure-page',
  'device-failed',
  'constraints-not-met',
]);

function explain(source: Source, code: string, error: unknown): string {
  if ((source === 'camera' || source === 'microphone') && CAPTURE_CODES.has(code)) {
    const { title, text } = deviceTrouble(source, code);
    return `${title}. ${text.split('. ', 1)[0] ?? ''}.`.replace('..', '.');
  }
  return sentenceFor(code, error instanceof Error ? error.message : '');
}
