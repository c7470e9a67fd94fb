import type { MediaKind } from './api.ts';
import type { Playback } from './playback.ts';
import { type ShownSize, shownSize } from './qoe/shown-size.ts';

/** The elements that show one track. */
export type Attachments = {
  attach(element?: HTMLMediaElement): HTMLMediaElement;
  detach(element?: HTMLMediaElement): HTMLMediaElement[];
  /** Shows `track` in every element from now on; undefined: nothing. */
  show(track: MediaStreamTrack | undefined): void;
  /** How large the picture is shown; undefined where that is not known. */
  shownSize(): ShownSize | undefined;
};

/** Who hears of elements that come and go. */
export type ElementWatch = { attached(element: HTMLMediaElement): void; detached(element: HTMLMediaElement): void };

type AttachmentOptions = {
  /** One's own track, which must not be heard. */
  silent?: boolean;
  /** Called once, with the first frame of a video: when that was handed over by its decoder, as `performance.now()` counts. */
  onFrame?: (at: number) => void;
  watch?: ElementWatch | undefined;
};

export function createAttachments(
  kind: MediaKind,
  playback: Playback,
  { silent = false, onFrame, watch }: AttachmentOptions = {},
): Attachments {
  const elements = new Set<HTMLMediaElement>();
  let shown: MediaStreamTrack | undefined;
  let awaitsFrame = kind === 'video' && onFrame !== undefined;

  function watchForFrame(element: HTMLMediaElement): void {
    if (!awaitsFrame || !(element instanceof HTMLVideoElement)) return;
    const seen = (at: number) => {
      if (awaitsFrame) onFrame?.(at);
      awaitsFrame = false;
    };
    if ('requestVideoFrameCallback' in element) {
      // It is called when the page is drawn next, up to a picture later than that.
      element.requestVideoFrameCallback((now, { presentationTime }) => seen(Math.min(now, presentationTime)));
      return;
    }
    (element as HTMLVideoElement).addEventListener('loadeddata', () => seen(performance.now()), { once: true });
  }

  function apply(element: HTMLMediaElement): void {
    if (shown === undefined) {
      element.srcObject = null;
      playback.forget(element);
      return;
    }
    element.srcObject = new MediaStream([shown]);
    watchForFrame(element);
    playback.play(element);
  }

  return {
    attach(element = document.createElement(kind)) {
      element.autoplay = true;
      if (element instanceof HTMLVideoElement) element.playsInline = true;
      if (silent) element.muted = true;
      elements.add(element);
      if (shown !== undefined) apply(element);
      watch?.attached(element);
      return element;
    },
    detach(element) {
      const leaving = element === undefined ? [...elements] : elements.has(element) ? [element] : [];
      for (const one of leaving) {
        elements.delete(one);
        playback.forget(one);
        one.srcObject = null;
        watch?.detached(one);
      }
      return leaving;
    },
    show(track) {
      if (track === shown) return;
      shown = track;
      for (const element of elements) apply(element);
    },
    shownSize: () => (kind === 'video' ? shownSize(elements) : undefined),
  };
}
