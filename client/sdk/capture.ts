/** Opens devices and screens, with an error that says what was wrong. */
import type { CameraOptions, MicrophoneOptions, ScreenOptions } from './api.ts';
import { clientError, fromCapture } from './errors.ts';

function mediaDevices(): MediaDevices {
  // Browsers hide it from pages that were not loaded over https (Secure Contexts).
  const { mediaDevices: found } = navigator as { mediaDevices?: MediaDevices };
  if (found === undefined) throw clientError(isSecureContext ? 'not-supported' : 'insecure-page');
  return found;
}

const exactly = (deviceId: string | undefined) => (deviceId === undefined ? {} : { deviceId: { exact: deviceId } });

export async function openCamera(options: CameraOptions = {}): Promise<MediaStreamTrack> {
  const { deviceId, facingMode, width = 1280, height = 720, frameRate = 30 } = options;
  const video = {
    ...exactly(deviceId),
    ...(facingMode === undefined ? {} : { facingMode }),
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: frameRate },
  };
  return first(await capture(() => mediaDevices().getUserMedia({ video })), 'video');
}

export async function openMicrophone(options: MicrophoneOptions = {}): Promise<MediaStreamTrack> {
  const { deviceId, echoCancellation = true, noiseSuppression = true, autoGainControl = true } = options;
  const audio = { ...exactly(deviceId), echoCancellation, noiseSuppression, autoGainControl };
  return first(await capture(() => mediaDevices().getUserMedia({ audio })), 'audio');
}

/** The screen's picture and, where it was asked for and given, its sound. */
export async function openScreen(
  options: ScreenOptions = {},
): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | undefined }> {
  const { audio = false, contentHint = 'detail', frameRate = contentHint === 'motion' ? 30 : 15 } = options;
  const stream = await capture(() => {
    const from = mediaDevices() as Partial<MediaDevices>;
    if (from.getDisplayMedia === undefined) throw clientError('not-supported');
    return from.getDisplayMedia({ video: { frameRate: { ideal: frameRate } }, audio });
  });
  const video = first(stream, 'video');
  video.contentHint = contentHint;
  return { video, audio: stream.getAudioTracks()[0] };
}

async function capture(open: () => Promise<MediaStream>): Promise<MediaStream> {
  try {
    return await open();
  } catch (error) {
    throw fromCapture(error);
  }
}

function first(stream: MediaStream, kind: 'audio' | 'video'): MediaStreamTrack {
  const track = stream.getTracks().find((candidate) => candidate.kind === kind);
  if (track === undefined) throw clientError('device-failed');
  return track;
}
