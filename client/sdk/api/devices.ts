/** Cameras, microphones and speakers. */
import type { CameraOptions, MicrophoneOptions } from './tracks.ts';

export type DeviceKind = 'camera' | 'microphone' | 'speaker';

export type DeviceInfo = {
  readonly deviceId: string;
  readonly groupId: string;
  readonly kind: DeviceKind;
  /** Its name, or 'Camera 2' and the like while the browser does not tell before permission is given. */
  readonly label: string;
};

/** The devices of this machine, and leave to use them. Usable before any room is joined. */
export type Devices = {
  /** The devices of this kind, or all. Empty where the browser gives none. */
  list(kind?: DeviceKind): Promise<DeviceInfo[]>;
  /** Calls `listener` when a device was plugged in or out; the returned function takes it off again. */
  onChange(listener: () => void): () => void;
  /** What the browser would say if it were asked; `unknown` where it does not tell. Asks the person nothing. */
  permission(kind: 'camera' | 'microphone'): Promise<'granted' | 'denied' | 'prompt' | 'unknown'>;
  /**
   * Opens a device, for a preview or for `publish`. The caller stops the track, unless it hands it to `publish`.
   * Fails with `permission-denied`, `no-device`, `device-in-use`, `constraints-not-met`, `insecure-page`.
   */
  openCamera(options?: CameraOptions): Promise<MediaStreamTrack>;
  openMicrophone(options?: MicrophoneOptions): Promise<MediaStreamTrack>;
};
