import { clientError } from './errors.ts';

/** Plays the room's elements, and knows what the browser's autoplay rule keeps back. */
export type Playback = {
  readonly blocked: boolean;
  play(element: HTMLMediaElement): void;
  forget(element: HTMLMediaElement): void;
  /** Plays what was kept back; rejects with `playback-blocked` where some of it still is. */
  start(): Promise<void>;
  /** The output device of every element from now on; rejects with `not-supported`, `no-device`, `permission-denied`. */
  setOutput(deviceId: string): Promise<void>;
};

/** `onBlocked` is called when something is kept back that was not before. */
export function createPlayback(onBlocked: () => void): Playback {
  const playing = new Set<HTMLMediaElement>();
  const blocked = new Set<HTMLMediaElement>();
  let output = '';

  async function attempt(element: HTMLMediaElement): Promise<void> {
    try {
      await element.play();
      blocked.delete(element);
    } catch (error) {
      // Anything else (AbortError) only says that the element was given something else to play, or removed.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || !playing.has(element)) return;
      const first = blocked.size === 0;
      blocked.add(element);
      if (first) onBlocked();
    }
  }

  return {
    get blocked() {
      return blocked.size > 0;
    },
    play(element) {
      playing.add(element);
      if (output !== '' && 'setSinkId' in element) element.setSinkId(output).catch(() => undefined);
      void attempt(element);
    },
    forget(element) {
      playing.delete(element);
      blocked.delete(element);
    },
    async start() {
      await Promise.all([...blocked].map(attempt));
      if (blocked.size > 0) throw clientError('playback-blocked');
    },
    async setOutput(deviceId) {
      if (!('setSinkId' in HTMLMediaElement.prototype)) throw clientError('not-supported');
      try {
        await Promise.all([...playing].map((element) => element.setSinkId(deviceId)));
      } catch (error) {
        const name = error instanceof Error ? error.name : '';
        throw clientError(name === 'NotFoundError' ? 'no-device' : 'permission-denied', error);
      }
      output = deviceId;
    },
  };
}
