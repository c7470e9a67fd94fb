/** Which spatial layer of a picture is enough for the size at which somebody sees it. */
import type { RtpParameters } from './ortc.ts';

/** In pixels. */
export type Size = { readonly width: number; readonly height: number };

/** What a sender is taken to send where it does not say. */
const USUAL_SIZE: Size = { width: 1280, height: 720 };

/** A layer is enough where it has this share of the pixels that are shown, in each direction: less would be seen. */
const ENOUGH = 0.8;
/** Drawn in this share of its own size or less, in each direction, a picture is looked at and not read. */
const THUMBNAIL = 0.4;

/** The spatial layers of a picture that is sent, the lowest first. */
export type Picture = {
  /** Of what is sent as a whole: another one when a phone is turned, or another window is shown. */
  size: Size | undefined;
  /** By how much each layer is smaller in width and in height; 1 and more. */
  readonly scales: readonly number[];
};

/** The layers that `parameters` announce, `spatial` of them. */
export function pictureOf({ encodings = [] }: RtpParameters, spatial: number, size: Size | undefined): Picture {
  const places = Array.from({ length: spatial }, (_, at) => spatial - 1 - at);
  const [first] = encodings;
  if (encodings.length < 2) {
    // W3C webrtc-svc §5.1: from layer to layer 2:1, or 1.5:1 in modes that end in `h`.
    const ratio = first?.scalabilityMode?.endsWith('h') === true ? 1.5 : 2;
    const whole = first?.scaleResolutionDownBy ?? 1;
    return { size, scales: places.map((above) => whole * ratio ** above) };
  }
  // W3C webrtc-pc §5.2, addTransceiver: powers of 2 where no encoding says anything, else 1 for those that do not.
  const said = encodings.some(({ scaleResolutionDownBy }) => scaleResolutionDownBy !== undefined);
  return {
    size,
    scales: places.map((above, at) => encodings[at]?.scaleResolutionDownBy ?? (said ? 1 : 2 ** above)),
  };
}

/**
 * The lowest layer of `picture` that is enough where it is drawn in `drawn` device pixels; the highest where none is. Of
 * several in one size it is the best, which bandwidth may reduce to the others, and the least for a thumbnail.
 */
export function layerFor({ size = USUAL_SIZE, scales }: Picture, drawn: Size): number {
  // A phone's picture is turned by its receiver (video-orientation): sides are compared by length.
  const share = Math.max(long(drawn) / long(size), short(drawn) / short(size));
  const enough = scales.find((scale) => 1 / scale >= ENOUGH * share) ?? scales.at(-1) ?? 1;
  // Layers of one size differ in frames and bits, as those of a screen do; nobody reads one that is so small.
  return share * enough <= THUMBNAIL ? scales.indexOf(enough) : scales.lastIndexOf(enough);
}

/** Share of the pixels of all of `picture` that `layer` has; 0 where no layer is wanted. */
export function shareOf({ scales }: Picture, layer: number | null): number {
  const scale = layer === null ? Infinity : (scales[layer] ?? 1);
  return ((scales.at(-1) ?? 1) / scale) ** 2;
}

function long({ width, height }: Size): number {
  return Math.max(width, height);
}

function short({ width, height }: Size): number {
  return Math.min(width, height);
}
