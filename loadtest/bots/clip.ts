/**
 * What bots send: seconds of sound and picture that ffmpeg has encoded, cut into the payloads of RTP packets, over and over.
 * loadtest/media/README.md says how the files were made.
 */
import { readFileSync } from 'node:fs';

import { h264Pictures, ivfFrames, oggPackets } from './clip-files.ts';

export type VideoCodec = 'vp8' | 'h264';

/** One after the other; the first one of video is a key frame. */
export type Clip = {
  readonly kind: 'audio' | 'video';
  readonly clockRate: number;
  /** Ticks of the RTP clock from one frame to the next. */
  readonly ticks: number;
  readonly frames: readonly Frame[];
  /** Payloads of all frames. */
  readonly packets: number;
};
/** The payloads of a frame's packets, and the number of its first one in the clip. */
export type Frame = { readonly first: number; readonly payloads: readonly Buffer[] };

/** So that a packet fits everywhere, with SRTP, TURN and IPv6 around it. */
const MOST_PAYLOAD = 1100;
const VIDEO_TICKS = 3000;
const AUDIO_TICKS = 960;

let voice: Clip | undefined;
const cameras = new Map<VideoCodec, Clip>();

/** 48 kHz Opus in frames of 20 ms. */
export function voiceClip(): Clip {
  voice ??= clipOf(
    'audio',
    oggPackets(mediaFile('voice.ogg')).map((packet) => [packet]),
  );
  return voice;
}

/** 1280 × 720, 30 frames a second, 1.2 Mbit/s. */
export function cameraClip(codec: VideoCodec): Clip {
  const made =
    cameras.get(codec) ??
    clipOf(
      'video',
      codec === 'vp8'
        ? ivfFrames(mediaFile('camera.ivf')).map(vp8Payloads)
        : h264Pictures(mediaFile('camera.h264')).map((units) => units.flatMap(h264Payloads)),
    );
  cameras.set(codec, made);
  return made;
}

function mediaFile(name: string): Buffer {
  return readFileSync(new URL(`../media/${name}`, import.meta.url));
}

function clipOf(kind: Clip['kind'], payloads: readonly (readonly Buffer[])[]): Clip {
  let packets = 0;
  const frames = payloads.map((its): Frame => {
    const first = packets;
    packets += its.length;
    return { first, payloads: its };
  });
  const [clockRate, ticks] = kind === 'audio' ? [48_000, AUDIO_TICKS] : [90_000, VIDEO_TICKS];
  return { kind, clockRate, ticks, frames, packets };
}

/** RFC 7741 §4.2: a descriptor of one byte, whose S bit marks the first packet of the frame. */
function vp8Payloads(frame: Buffer): Buffer[] {
  return pieces(frame, MOST_PAYLOAD - 1).map((piece, index) =>
    Buffer.concat([Buffer.of(index === 0 ? 0x10 : 0), piece]),
  );
}

/** RFC 6184 §5.6 and §5.8: a unit as it is, or in fragments (FU-A, 28). */
function h264Payloads(unit: Buffer): Buffer[] {
  if (unit.length <= MOST_PAYLOAD) return [unit];
  const [header, rest] = [unit[0]!, pieces(unit.subarray(1), MOST_PAYLOAD - 2)];
  return rest.map((piece, index) => {
    const mark = index === 0 ? 0x80 : index === rest.length - 1 ? 0x40 : 0;
    return Buffer.concat([Buffer.of((header & 0x60) | 28, mark | (header & 0x1f)), piece]);
  });
}

/** Of about one length, as encoders make them. */
function pieces(bytes: Buffer, most: number): Buffer[] {
  const count = Math.ceil(bytes.length / most);
  const length = Math.ceil(bytes.length / count);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * length, (index + 1) * length));
}
