/**
 * The E-model for conversations: ITU-T G.107 in its fullband form, G.107.2. R falls from 148 by what delay and loss
 * cost, and is told as a mean opinion score on the scale of ITU-T P.800: 1 bad to 4.5, the most that listeners give.
 *
 *     R = Ro − Id − Ie,eff
 *
 * Echo, noise and loudness (the rest of G.107) are the terminals' and stand at their defaults, in which they cost nothing.
 */

/** G.107.2 §7.2: the rating of a fullband connection without any impairment. */
export const RATING_BEST = 148;
/** The fullband scale over the narrowband one. */
const SCALE = RATING_BEST / 100;
/** The most that loss takes: what G.107 eq. 7-29 has as 95 on the narrowband scale. */
const LOSS_MOST = 132;

/** The least that Opus costs: its Ie,FB at 40 kbit/s and more. */
export const CODEC_BEST = 10.67;

/**
 * How a codec sounds and how it bears loss: Ie and Bpl of ITU-T G.113, and Bpl under bursts of loss.
 *
 * G.113 has no Opus. These values were fitted to Opus in super-wideband VBR by listening models after ITU-T P.834 (Alahmadi,
 * Pocta, Melvin; MIT licence), and are taken for values of the fullband scale: an assumption, which docs/qoe.md weighs. For EVS
 * in super-wideband G.113 Appendix V has 7.2 and 11.4 at 24.4 kbit/s, 10.2 and 9.6 at 48 kbit/s.
 */
const OPUS: readonly { readonly bitrate: number; readonly ie: number }[] = [
  { bitrate: 14_000, ie: 38.06 },
  { bitrate: 16_000, ie: 30.16 },
  { bitrate: 19_000, ie: 23.81 },
  { bitrate: 22_000, ie: 20.22 },
  { bitrate: 28_000, ie: 18.48 },
  { bitrate: 34_000, ie: 14.76 },
  { bitrate: 40_000, ie: CODEC_BEST },
];
/** Bpl of the same source is 9.8 to 11.8 from 16 to 40 kbit/s without any order: its middle. */
const OPUS_BPL = 10.5;
/** Browsers encode one voice at 32 kbit/s and more (WebRTC's default for mono Opus). */
const USUAL_BITRATE = 32_000;

/** Ie,FB of Opus at the rate that its encoder aims at, bit/s; NaN where that is not known. 10 to 45. */
export function codecImpairment(targetBitrate: number): number {
  const bitrate = targetBitrate > 0 ? targetBitrate : USUAL_BITRATE;
  let above = OPUS[0]!;
  // Below the measured rates the slope of the lowest two is drawn on, a little.
  if (bitrate <= above.bitrate) return Math.min(45, above.ie + (above.bitrate - bitrate) * 0.004);
  for (const point of OPUS) {
    if (bitrate <= point.bitrate) {
      const part = (bitrate - above.bitrate) / (point.bitrate - above.bitrate);
      return above.ie + part * (point.ie - above.ie);
    }
    above = point;
  }
  return above.ie;
}

/**
 * What lost speech costs beyond the codec: Ie,eff − Ie (G.107 eq. 7-29, G.107.2 §7.5).
 *
 * @param loss Share of the speech that is not there, after repair: 0 to 1.
 * @param burst BurstR: mean length of a run of losses over that of random loss at the same rate; 1 or more.
 */
export function lossImpairment(ie: number, loss: number, burst: number): number {
  const percent = 100 * loss;
  return ((LOSS_MOST - ie) * percent) / (percent / burst + OPUS_BPL);
}

/**
 * What delay costs in a conversation: Idd (G.107 eq. 7-27 with sT 1 and mT 100 ms) on the fullband scale.
 *
 * @param delay From mouth to ear, ms.
 */
export function delayImpairment(delay: number): number {
  if (delay <= 100) return 0;
  const x = Math.log2(delay / 100);
  return SCALE * 25 * (sixthRoot(1 + x ** 6) - 3 * sixthRoot(1 + (x / 3) ** 6) + 2);
}

function sixthRoot(value: number): number {
  return Math.sqrt(Math.cbrt(value));
}

/** The mean opinion score of a rating: G.107 Annex B over R / 1.48. 1 to 4.5; rises with `rating`. */
export function opinion(rating: number): number {
  const r = rating / SCALE;
  // Below 6.5, and a little above it, the polynomial goes under 1 and comes back.
  if (r <= 6.5) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}
