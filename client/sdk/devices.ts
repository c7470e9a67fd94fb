import type { DeviceInfo, DeviceKind, Devices } from './api.ts';
import { openCamera, openMicrophone } from './capture.ts';

const KINDS: Record<MediaDeviceKind, DeviceKind> = {
  videoinput: 'camera',
  audioinput: 'microphone',
  audiooutput: 'speaker',
};
const NAMES: Record<DeviceKind, string> = { camera: 'Camera', microphone: 'Microphone', speaker: 'Speaker' };

const available = () => (navigator as { mediaDevices?: MediaDevices }).mediaDevices;

/** See `Devices` in `api.ts`. */
export const devices: Devices = {
  async list(wanted) {
    const found = await available()
      ?.enumerateDevices()
      .catch(() => []);
    const counts: Record<DeviceKind, number> = { camera: 0, microphone: 0, speaker: 0 };
    return (found ?? [])
      .map((info): DeviceInfo => {
        const kind = KINDS[info.kind];
        const number = (counts[kind] += 1);
        return {
          deviceId: info.deviceId,
          groupId: info.groupId,
          kind,
          label: info.label || `${NAMES[kind]} ${number}`,
        };
      })
      .filter(({ kind }) => wanted === undefined || kind === wanted);
  },
  onChange(listener) {
    const target = available();
    // Wrapped, so that one listener added twice is called twice.
    const changed = () => listener();
    target?.addEventListener('devicechange', changed);
    return () => target?.removeEventListener('devicechange', changed);
  },
  async permission(kind) {
    try {
      return (await navigator.permissions.query({ name: kind })).state;
    } catch {
      return 'unknown';
    }
  },
  openCamera,
  openMicrophone,
};
