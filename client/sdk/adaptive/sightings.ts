/**
 * How large elements show their picture, and whether anybody can see them: watched with the browser's observers, one of
 * each for all elements of a room.
 */
import { fitted } from '../qoe/shown-size.ts';
import type { Scope } from '../scope.ts';
import type { PictureSize, View } from './views.ts';

/** Without a size: the element is as large as its picture, and says nothing of what it should be. */
export type Sight = Omit<View, 'pinned'>;

export type Sightings = {
  /** Calls `changed` whenever `element` may be seen otherwise than before; the returned function stops it. */
  watch(element: HTMLVideoElement, changed: () => void): () => void;
  /** How a watched element is seen now. */
  sight(element: HTMLVideoElement): Sight;
};

type Watched = {
  readonly changed: () => void;
  readonly scope: Scope;
  /** As the observer last told; undefined before. */
  onScreen: boolean | undefined;
  /** Its box as of the last look, in CSS pixels. */
  box: PictureSize;
  /** Nothing gives the element a size, so that it takes on that of each picture. */
  followsPicture: boolean;
  pictureInPicture: PictureInPictureWindow | undefined;
};

const HIDDEN: Sight = { hidden: true, size: undefined };

export function createSightings(scope: Scope): Sightings {
  const watched = new Map<Element, Watched>();
  const tell = (target: Element) => watched.get(target)?.changed();
  const tellAll = () => {
    for (const { changed } of watched.values()) changed();
  };
  let observers: { readonly sizes: ResizeObserver; readonly places: IntersectionObserver } | undefined;

  /** When the first element comes: asking for the pixel ratio may lay the page out, for which a join has no time. */
  function observe() {
    const sizes = new ResizeObserver((entries) => {
      for (const { target } of entries) tell(target);
    });
    const places = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const found = watched.get(target);
        if (found === undefined) continue;
        found.onScreen = isIntersecting;
        found.changed();
      }
    });
    scope.listen(document, 'visibilitychange', tellAll);
    watchPixelRatio(scope, tellAll);
    scope.onClose(() => {
      sizes.disconnect();
      places.disconnect();
    });
    return { sizes, places };
  }

  return {
    watch(element, changed) {
      const { sizes, places } = (observers ??= observe());
      const its = scope.child();
      const entry: Watched = {
        ...{ changed, scope: its, onScreen: undefined, box: boxOf(element), followsPicture: false },
        pictureInPicture: undefined,
      };
      watched.set(element, entry);
      sizes.observe(element);
      places.observe(element);
      its.listen(element, 'resize', () => {
        follow(entry, element);
        changed();
      });
      watchPictureInPicture(entry, element);
      changed();
      return () => {
        // Another one may watch it by now.
        if (watched.get(element) === entry) {
          watched.delete(element);
          sizes.unobserve(element);
          places.unobserve(element);
        }
        its.close();
      };
    },
    sight(element) {
      const entry = watched.get(element);
      if (entry === undefined) return HIDDEN;
      const view = element.ownerDocument.defaultView;
      const ratio = view?.devicePixelRatio ?? 1;
      const { pictureInPicture: apart } = entry;
      if (apart !== undefined) return seen(element, apart, ratio);
      entry.box = boxOf(element);
      const { width, height } = entry.box;
      const isSeen = view !== null && !element.ownerDocument.hidden && element.isConnected && entry.onScreen !== false;
      if (!isSeen || width === 0 || height === 0) return HIDDEN;
      return followsPicture(entry, element) ? { hidden: false, size: undefined } : seen(element, entry.box, ratio);
    },
  };
}

/** The picture of `element` in a box of CSS pixels. */
function seen(element: HTMLVideoElement, { width, height }: PictureSize, ratio: number): Sight {
  const box = { width: width * ratio, height: height * ratio };
  const { videoWidth, videoHeight } = element;
  if (videoWidth === 0 || videoHeight === 0) return { hidden: false, size: whole(box) };
  const picture = { width: videoWidth, height: videoHeight };
  const { objectFit } = getComputedStyle(element);
  // `none` draws each layer in its own size, and `scale-down` the lower ones: the box is what could be filled.
  const fit = objectFit === 'none' || objectFit === 'scale-down' ? 'contain' : objectFit;
  return { hidden: false, size: whole(fitted(fit, box, picture)) };
}

/** The largest size that can be told. */
const LARGEST = 16_384;

function whole({ width, height }: PictureSize): PictureSize {
  const bounded = (pixels: number) => Math.max(1, Math.min(LARGEST, Math.round(pixels)));
  return { width: bounded(width), height: bounded(height) };
}

function boxOf(element: Element): PictureSize {
  const { width, height } = element.getBoundingClientRect();
  return { width, height };
}

/** CSS 2 §10.3.2: as large is a video that nothing gives a size, as long as it has no picture. */
const DEFAULT_BOX: PictureSize = { width: 300, height: 150 };

function followsPicture(entry: Watched, { videoWidth, videoHeight }: HTMLVideoElement): boolean {
  if (videoWidth === 0) return entry.followsPicture || isSame(entry.box, DEFAULT_BOX);
  // One that was given a size together with a picture as large looked as if it followed that.
  entry.followsPicture &&= isSame(entry.box, { width: videoWidth, height: videoHeight });
  return entry.followsPicture;
}

/** At the first frame of another size: whether the box has become as large as that. */
function follow(entry: Watched, element: HTMLVideoElement): void {
  const { box: before } = entry;
  const now = boxOf(element);
  const picture = { width: element.videoWidth, height: element.videoHeight };
  if (isSame(now, before)) entry.followsPicture &&= isSame(now, picture);
  else entry.followsPicture = isSame(now, picture);
  entry.box = now;
}

function isSame(one: PictureSize, other: PictureSize): boolean {
  return Math.abs(one.width - other.width) < 1 && Math.abs(one.height - other.height) < 1;
}

/** A picture in a window of its own is seen whatever becomes of the page. */
function watchPictureInPicture(entry: Watched, element: HTMLVideoElement): void {
  const { scope, changed } = entry;
  scope.listen(element, 'enterpictureinpicture', (event) => {
    entry.pictureInPicture = (event as PictureInPictureEvent).pictureInPictureWindow;
    scope.listen(entry.pictureInPicture, 'resize', changed);
    changed();
  });
  scope.listen(element, 'leavepictureinpicture', () => {
    entry.pictureInPicture = undefined;
    changed();
  });
}

/** The page was zoomed, or is on another screen. */
function watchPixelRatio(scope: Scope, changed: () => void): void {
  const watch = () => {
    const media = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    const stop = scope.listen(media, 'change', () => {
      stop();
      changed();
      watch();
    });
  };
  watch();
}
