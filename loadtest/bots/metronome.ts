import type { SendingStream } from './sender.ts';

/** Lets all streams of a process send what is due, a few hundred times a second. */
export type Metronome = {
  add(stream: SendingStream): void;
  remove(stream: SendingStream): void;
  /** From now on, where it was made to wait. */
  start(): void;
  stop(): void;
};

const EVERY_MS = 4;

/** @param waits nothing is sent before `start()` */
export function startMetronome({ waits = false } = {}): Metronome {
  const streams = new Set<SendingStream>();
  let started = !waits;
  const timer = setInterval(() => {
    if (!started) return;
    for (const stream of streams) stream.advance(performance.now());
  }, EVERY_MS);
  return {
    add: (stream) => void streams.add(stream),
    remove: (stream) => void streams.delete(stream),
    start: () => void (started = true),
    stop: () => clearInterval(timer),
  };
}
