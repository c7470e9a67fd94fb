/** What a sender encodes, by source. Pure: sizes in, encodings out. */
import type { Source } from '../../src/rooms/grants.ts';

/** One layer, as mediasoup-client takes it. */
export type Encoding = {
  maxBitrate: number;
  maxFramerate?: number;
  scaleResolutionDownBy?: number;
  scalabilityMode?: string;
};

/** Bits per second of the top layer where the application does not say. */
export const DEFAULT_BITRATES = {
  camera: 1_500_000,
  screen: 2_500_000,
  microphone: 40_000,
  'screen-audio': 96_000,
} as const satisfies Record<Source, number>;

/** In pixels. */
export type Size = { width?: number | undefined; height?: number | undefined };
/** Of a track; `motion` where fluency matters more than sharpness (W3C mst-content-hint). */
export type Picture = Size & { contentHint?: string };

/**
 * Pixels from which libwebrtc, the WebRTC of every browser, sends this many layers. Asked for more, it leaves out the
 * top one, and the picture never gets to its full size.
 */
const LAYERS_FROM = [
  { layers: 3, pixels: 960 * 540 },
  { layers: 2, pixels: 480 * 270 },
] as const;

/**
 * The layers of a camera, lowest first: full, half and quarter size, or fewer where the picture is small.
 * At 1.5 Mb/s for the top layer the lower ones get 400 and 120 kb/s; other rates scale them alike. Two temporal
 * layers, so that a receiver short of bandwidth can drop to half the frames before it drops to a smaller picture.
 */
export function cameraEncodings(size: Size, maxBitrate: number = DEFAULT_BITRATES.camera): Encoding[] {
  const { width = 1280, height = 720 } = size;
  const count = LAYERS_FROM.find(({ pixels }) => width * height >= pixels)?.layers ?? 1;
  if (count === 1) return singleEncoding(maxBitrate);
  const layers = [
    { scale: 4, share: 0.08 },
    { scale: 2, share: 0.267 },
    { scale: 1, share: 1 },
  ];
  return layers.slice(-count).map(({ scale, share }) => ({
    scaleResolutionDownBy: scale,
    maxBitrate: Math.round(maxBitrate * share),
    scalabilityMode: 'L1T2',
  }));
}

/**
 * One layer in full size. Without temporal layers on purpose: mediasoup forwards one stream that has them as if it
 * were simulcast, and then a receiver's first picture takes more than a second.
 */
export function singleEncoding(maxBitrate: number): Encoding[] {
  return [{ maxBitrate }];
}

/**
 * What sound leaves of 350 kbit/s as congestion control sees them: after a way has overflowed it thinks less than half
 * of what there is, and comes back slowly. In bits per second.
 */
const SLOW_SCREEN = { maxBitrate: 150_000, maxFramerate: 5 };
/** As many as there are. libwebrtc gives a layer without a number the highest of the others'. */
const ALL_FRAMES = 60;

/**
 * A screen twice in its full size, first with few frames a second: where the way is narrow its text stays as sharp as it
 * is, and scrolls in steps. One of moving pictures is sent like a camera.
 */
export function screenEncodings(picture: Picture, maxBitrate: number = DEFAULT_BITRATES.screen): Encoding[] {
  if (picture.contentHint === 'motion') return cameraEncodings(picture, maxBitrate);
  const { width = 1280, height = 720 } = picture;
  if (width * height < LAYERS_FROM.at(-1)!.pixels) return singleEncoding(maxBitrate);
  const slow = { ...SLOW_SCREEN, maxBitrate: Math.min(SLOW_SCREEN.maxBitrate, Math.round(maxBitrate / 2)) };
  return [slow, { maxBitrate, maxFramerate: ALL_FRAMES }].map((layer) => ({
    ...layer,
    scaleResolutionDownBy: 1,
    scalabilityMode: 'L1T2',
  }));
}

export type SendOptions = {
  simulcast?: boolean | undefined;
  /** Bits per second of the top layer. */
  maxBitrate?: number | undefined;
};

/** With how many layers a picture like this is sent. */
export function layerCount(source: Source, picture: Picture, options: SendOptions): number {
  return source === 'camera' || source === 'screen' ? pictureEncodings(source, picture, options).length : 1;
}

function pictureEncodings(
  source: 'camera' | 'screen',
  picture: Picture,
  { simulcast = true, maxBitrate = DEFAULT_BITRATES[source] }: SendOptions,
): Encoding[] {
  if (!simulcast) return singleEncoding(maxBitrate);
  return source === 'camera' ? cameraEncodings(picture, maxBitrate) : screenEncodings(picture, maxBitrate);
}

/** How a track is sent, as mediasoup-client's `produce` takes it. `codecs`: those that both sides have. */
export function senderOptions<Codec extends { mimeType: string }>(
  source: Source,
  picture: Picture,
  options: SendOptions,
  codecs: readonly Codec[],
): { encodings: Encoding[]; codec?: Codec; codecOptions?: Record<string, number | boolean> } {
  if (source === 'camera' || source === 'screen') {
    const encodings = pictureEncodings(source, picture, options);
    // VP8 is what every browser can decode and simulcast.
    const codec = codecs.find(({ mimeType }) => mimeType.toLowerCase() === 'video/vp8');
    return { encodings, ...(codec === undefined ? {} : { codec }), codecOptions: { videoGoogleStartBitrate: 1000 } };
  }
  const { maxBitrate = DEFAULT_BITRATES[source] } = options;
  return {
    encodings: singleEncoding(maxBitrate),
    codecOptions: {
      // RFC 7587 §6.1: in-band FEC against losses, DTX for silence. A shared screen's sound may be music: no DTX.
      opusFec: true,
      opusDtx: source === 'microphone',
      opusStereo: source === 'screen-audio',
      opusMaxAverageBitrate: maxBitrate,
    },
  };
}
