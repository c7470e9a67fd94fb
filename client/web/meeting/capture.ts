import { useEffect, useRef, useState } from 'preact/hooks';

import type { DeviceInfo, DeviceKind } from '../../sdk/api.ts';
import { SluiceClientError } from '../../sdk/errors.ts';
import { devices } from '../../sdk/sluice.ts';
import type { Device } from './failures.ts';
import { readPreferences, savePreferences } from './preferences.ts';

/** One device before the call: off, being opened, open, or why it cannot be. */
export type Captured =
  | { state: 'off' }
  | { state: 'opening' }
  | { state: 'on'; track: MediaStreamTrack }
  | { state: 'failed'; code: string };

export type Capture = {
  camera: Captured;
  microphone: Captured;
  /** Switches a device on or off; remembered for the next time. */
  turn(device: Device, on: boolean): void;
  /** Takes another camera or microphone. */
  choose(device: Device, deviceId: string): void;
  /** What is open belongs to the caller from now on. */
  handOver(): Handover;
};

/** What the call takes over from the preview: open tracks, and the devices that were about to open. */
export type Handover = { tracks: Partial<Record<Device, MediaStreamTrack>>; opening: Device[] };

/**
 * Camera and microphone for the preview: opened as they were left the last time, closed when the preview goes.
 * A device that the link does not `allow` stays off.
 */
export function useCapture(allow: Record<Device, boolean>): Capture {
  const camera = useDevice('camera', allow.camera);
  const microphone = useDevice('microphone', allow.microphone);
  const of = { camera, microphone };
  return {
    camera: camera.captured,
    microphone: microphone.captured,
    turn(device, on) {
      savePreferences(device === 'camera' ? { cameraOn: on } : { microphoneOn: on });
      if (on) of[device].open();
      else of[device].close();
    },
    choose(device, deviceId) {
      savePreferences({ [device]: deviceId });
      if (of[device].captured.state !== 'off') of[device].open();
    },
    handOver() {
      const handover: Handover = { tracks: {}, opening: [] };
      for (const device of ['camera', 'microphone'] as const) {
        if (of[device].captured.state === 'opening') handover.opening.push(device);
        const track = of[device].release();
        if (track) handover.tracks[device] = track;
      }
      return handover;
    },
  };
}

type DeviceHandle = { captured: Captured; open(): void; close(): void; release(): MediaStreamTrack | undefined };

function useDevice(device: Device, allowed: boolean): DeviceHandle {
  const [captured, setCaptured] = useState<Captured>({ state: 'off' });
  const held = useRef<MediaStreamTrack | undefined>(undefined);
  // Only the newest attempt may say what is open: a slow one that was overtaken stops its own track.
  const attempt = useRef(0);

  const drop = (): void => {
    attempt.current++;
    held.current?.stop();
    held.current = undefined;
  };
  const open = (): void => {
    drop();
    const mine = attempt.current;
    setCaptured({ state: 'opening' });
    openPreferred(device).then(
      (track) => {
        if (mine !== attempt.current) return track.stop();
        held.current = track;
        track.addEventListener('ended', () => {
          if (held.current === track) setCaptured({ state: 'failed', code: 'no-device' });
        });
        return setCaptured({ state: 'on', track });
      },
      (error: unknown) => {
        if (mine === attempt.current) setCaptured({ state: 'failed', code: codeOf(error) });
      },
    );
  };
  useEffect(() => {
    const { cameraOn, microphoneOn } = readPreferences();
    if (!allowed) setCaptured({ state: 'failed', code: 'forbidden' });
    else if (device === 'camera' ? cameraOn : microphoneOn) open();
    return drop;
  }, []);

  return {
    captured,
    open: () => {
      if (allowed) open();
    },
    close() {
      drop();
      setCaptured({ state: 'off' });
    },
    release() {
      if (captured.state !== 'on') {
        drop();
        return undefined;
      }
      const track = held.current;
      held.current = undefined;
      return track;
    },
  };
}

/** Opens the device that was chosen last; where that one is gone, any. */
async function openPreferred(device: Device): Promise<MediaStreamTrack> {
  const open = (options?: { deviceId: string }): Promise<MediaStreamTrack> =>
    device === 'camera' ? devices.openCamera(options) : devices.openMicrophone(options);
  const deviceId = readPreferences()[device];
  if (deviceId === '') return open();
  try {
    return await open({ deviceId });
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'no-device' && code !== 'constraints-not-met') throw error;
    savePreferences({ [device]: '' });
    return open();
  }
}

/** The code of anything that the SDK rejects with. */
export function codeOf(error: unknown): string {
  return error instanceof SluiceClientError ? error.code : 'internal';
}

export type DeviceLists = Record<DeviceKind, DeviceInfo[]>;
const NONE: DeviceLists = { camera: [], microphone: [], speaker: [] };

/** All devices, kept up to date. `refreshOn`: list again when this changes, as names come with permission. */
export function useDeviceLists(refreshOn: string): DeviceLists {
  const [lists, setLists] = useState(NONE);
  useEffect(() => {
    let current = true;
    const refresh = async (): Promise<void> => {
      const all = await devices.list().catch(() => []);
      if (!current) return;
      const of = (kind: DeviceKind): DeviceInfo[] => all.filter((info) => info.kind === kind && info.deviceId !== '');
      setLists({ camera: of('camera'), microphone: of('microphone'), speaker: of('speaker') });
    };
    void refresh();
    const stop = devices.onChange(() => void refresh());
    return () => {
      current = false;
      stop();
    };
  }, [refreshOn]);
  return lists;
}

/** Whether this browser can send sound to a chosen output (not Safari, and Firefox of late). */
export function canChooseSpeaker(): boolean {
  return 'setSinkId' in HTMLMediaElement.prototype;
}
