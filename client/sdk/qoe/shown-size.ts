/** In device pixels. */
export type ShownSize = { width: number; height: number };

/**
 * The size at which the whole picture of a track is shown, in the largest of `elements`: 0 × 0 where none of them takes
 * up any room, undefined where there is none and the application shows the track, if it does, by other means.
 */
export function shownSize(elements: Iterable<HTMLMediaElement>): ShownSize | undefined {
  let largest: ShownSize | undefined;
  for (const element of elements) {
    if (!(element instanceof HTMLVideoElement)) continue;
    const size = pictureSize(element);
    if (largest === undefined || size.width * size.height > largest.width * largest.height) largest = size;
  }
  return largest;
}

function pictureSize(element: HTMLVideoElement): ShownSize {
  const box = element.getBoundingClientRect();
  const { videoWidth, videoHeight } = element;
  const boxed = { width: box.width * devicePixelRatio, height: box.height * devicePixelRatio };
  if (videoWidth === 0 || videoHeight === 0 || boxed.width === 0 || boxed.height === 0) return boxed;
  return fitted(getComputedStyle(element).objectFit, boxed, { width: videoWidth, height: videoHeight });
}

/** CSS Images §4.5: what `object-fit` makes of a picture in a box. Of one that is cropped, the parts unseen count too. */
export function fitted(fit: string, box: ShownSize, picture: ShownSize): ShownSize {
  const [across, down] = [box.width / picture.width, box.height / picture.height];
  switch (fit) {
    case 'fill':
      return box;
    case 'cover':
      return scaled(picture, Math.max(across, down));
    case 'none':
      return picture;
    case 'scale-down':
      return scaled(picture, Math.min(1, across, down));
    default:
      return scaled(picture, Math.min(across, down));
  }
}

function scaled({ width, height }: ShownSize, by: number): ShownSize {
  return { width: width * by, height: height * by };
}
