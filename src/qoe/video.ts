/**
 * How good a video is, as a product of what is left by each impairment: 1 + 3.5 · Π q. The shape is that of ITU-T G.1070
 * (§8: coding quality times the effect of transmission) and of the degradations of ITU-T P.1203; neither was made for
 * conferences with simulcast, where resolution and frame rate follow the tile, so the factors are ours but where a
 * source stands beside them. Each function gives −ln q: 0 for no harm, and costs of causes can be added and compared.
 */

/** The best opinion that a video gets, over 1: on the scale of the E-model, so that audio and video compare. */
const BEST = 3.5;

/** The score of a video whose impairments cost `cost` together. 1 to 4.5; falls with `cost`. */
export function videoOpinion(cost: number): number {
  return 1 + BEST * Math.exp(-cost);
}

/** G.1070 has 1.43 to 1.45 (v6) for the spread of the frame rate's logarithm. */
const FRAME_RATE_SPREAD = 1.44;
/** Frames per second above which more is not missed in a conversation. */
const ENOUGH_FPS = 30;

/** Frames that are missing: `fps` of the `expected` ones. Above 0.5 frames/s the form of G.1070 eq. 11-7. */
export function frameRateCost(fps: number, expected: number): number {
  const enough = Math.min(expected, ENOUGH_FPS);
  if (!(enough > 0) || fps >= enough) return 0;
  const ratio = Math.log(enough / Math.max(fps, 0.5));
  return Math.max(0, ratio) ** 2 / (2 * FRAME_RATE_SPREAD ** 2);
}

/** Time in which the picture stood still, as a share of all time, and how often that happened in a second. */
export function freezeCost(frozenShare: number, freezesPerSecond: number): number {
  return Math.min(1, frozenShare) / 0.12 + 0.3 * Math.min(freezesPerSecond, 5);
}

/** Fewer pixels than would be seen: a quarter of them (half the width) costs 15 % of the quality. */
export function resolutionCost(pixels: number, expected: number): number {
  if (!(expected > 0) || pixels >= expected) return 0;
  return Math.max(0, 0.12 * Math.log(expected / Math.max(pixels, 1)));
}

/**
 * Quantisers at which libwebrtc's quality scaler finds a picture good enough for more pixels, and too coarse for those that
 * it has: where the scales of codecs meet.
 */
const QP_SEEN: Readonly<Record<string, readonly [good: number, coarse: number]>> = {
  ...{ h264: [24, 37], h265: [24, 37], vp8: [29, 95], vp9: [149, 205], av1: [145, 205] },
};
const [GOOD, COARSE] = [24, 37];
const H264_MOST = 51;

/** `qp` on H.264's scale. */
function asH264(qp: number, [good, coarse]: readonly [number, number]): number {
  if (qp <= good) return (qp / good) * GOOD;
  return Math.min(H264_MOST, GOOD + ((qp - good) / (coarse - good)) * (COARSE - GOOD));
}

/** P.1203.1's opinion of H.264 by its quantiser (q1, q2, q3), over 1; where it ends there is still something to see. */
function codingOpinion(quant: number): number {
  return Math.max(0.4, 3.66 - 0.07 * Math.exp(4.06 * quant));
}

/** Coarse quantisation; 0 where the codec is not known. */
export function quantiserCost(qp: number, codec: string): number {
  const seen = QP_SEEN[codec];
  if (seen === undefined || !(qp >= 0)) return 0;
  return Math.log(codingOpinion(0) / codingOpinion(asH264(qp, seen) / H264_MOST));
}

/** Bits per pixel at which H.264 and VP8 show a talking head well; the newer codecs need less (ITU-T P.1204 orders them so). */
const ENOUGH_BITS: Readonly<Record<string, number>> = { vp8: 0.04, h264: 0.04, vp9: 0.028, av1: 0.024, h265: 0.028 };

/**
 * Too few bits for the pixels, where the quantiser is not known. A picture that stands still needs few, so this is a
 * guess, and costs a quarter of the quality at most.
 */
export function bitrateCost(bitrate: number, pixelsPerSecond: number, codec: string): number {
  if (!(pixelsPerSecond > 0) || !(bitrate >= 0)) return 0;
  const enough = ENOUGH_BITS[codec] ?? 0.04;
  const ratio = bitrate / pixelsPerSecond / enough;
  return ratio >= 1 ? 0 : Math.min(0.29, 0.12 * Math.log(1 / Math.max(ratio, 0.01)));
}

/** Loss that was seen by RTCP: repaired loss costs time and bits; where no one tells of freezes, it stands for them. */
export function videoLossCost(loss: number, freezesKnown: boolean): number {
  return loss / (freezesKnown ? 0.5 : 0.1);
}
