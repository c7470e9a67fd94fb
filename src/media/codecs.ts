/** The codecs that rooms can carry, and how the router offers them to clients. */
import { generateRouterRtpCapabilities } from 'mediasoup/ortc';
import type { RouterRtpCodecCapability } from 'mediasoup/types';

import type { RtpCapabilities } from '../rooms/ortc.ts';

/** In the order in which clients prefer them: VP8 first, since every browser sends it with simulcast. */
export const CODEC_NAMES = ['opus', 'vp8', 'vp9', 'h264', 'av1'] as const;
/** A codec as configuration names it. `h264` is constrained baseline and high, `vp9` is profile 0. */
export type CodecName = (typeof CODEC_NAMES)[number];

/**
 * What the router says of a codec reaches a sender as the answer's `fmtp` line, so it is also where senders are told
 * how to encode: these parameters hold for every client, with no option in the client.
 */
const CODECS: Record<CodecName, RouterRtpCodecCapability[]> = {
  opus: [
    {
      kind: 'audio',
      mimeType: 'audio/opus',
      clockRate: 48_000,
      channels: 2,
      // RFC 7587 §6.1: we can use in-band FEC, and want no packets for silence. Stereo is for the sender to choose.
      parameters: { minptime: 10, useinbandfec: 1, usedtx: 1 },
    },
  ],
  vp8: [video('VP8', {})],
  vp9: [video('VP9', { 'profile-id': 0 })],
  // RFC 6184 §8.1. The level says what may be sent to us: 3.1 is what browsers offer, asymmetry lets them send more.
  h264: [video('H264', h264Profile('42e01f')), video('H264', h264Profile('640032'))],
  av1: [video('AV1', {})],
};

/** The router's codecs for a list of names, each with what mediasoup adds (RTX, NACK, PLI, FIR, transport-cc, REMB). */
export function routerCodecs(names: readonly CodecName[]): RouterRtpCodecCapability[] {
  return [...new Set(names)].flatMap((name) => structuredClone(CODECS[name]));
}

/** What every router with these codecs can receive: the same for all rooms and workers. */
export function routerCapabilities(codecs: RouterRtpCodecCapability[]): RtpCapabilities {
  const { codecs: offered = [], headerExtensions = [] } = generateRouterRtpCapabilities(structuredClone(codecs));
  return { codecs: offered, headerExtensions } as RtpCapabilities;
}

function video(name: string, parameters: Record<string, string | number>): RouterRtpCodecCapability {
  return {
    kind: 'video',
    mimeType: `video/${name}`,
    clockRate: 90_000,
    // Chromium starts a sender at this many kbit/s in place of 300, and so shows a sharp picture seconds earlier.
    parameters: { ...parameters, 'x-google-start-bitrate': 1000 },
  };
}

function h264Profile(profileLevelId: string): Record<string, string | number> {
  return { 'packetization-mode': 1, 'profile-level-id': profileLevelId, 'level-asymmetry-allowed': 1 };
}
