/**
 * Lines of the highest layer, as the SDK publishes cameras: small ones in two layers at most. Each layer below has half
 * of them.
 */
const FULL_HEIGHT = { small: 360, large: 720 };
/** A picture may be drawn so much larger than it is before that is seen. */
const STRETCH = 1.25;

/** The lowest of `layers` spatial layers, 0 the smallest, whose picture fills `height` device pixels. */
export function wantedLayer(height: number, layers: number): number {
  const full = layers <= 2 ? FULL_HEIGHT.small : FULL_HEIGHT.large;
  for (let layer = 0; layer < layers - 1; layer++) {
    if (height <= (full / 2 ** (layers - 1 - layer)) * STRETCH) return layer;
  }
  return Math.max(0, layers - 1);
}
