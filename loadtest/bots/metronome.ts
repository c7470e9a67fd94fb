import type { SendingStream } from './sender.ts';

/** Lets all streams of a process send what is due, a few hundred times a second. */
export type Metronome = {
  add(stream: SendingStream): void;
  remove(stream: SendingStream): void;
  stop(): void;
};

const EVERY_MS = 4;

export function startMetronome(): Metronome {
  const streams = new Set<SendingStream>();
  const timer = setInterval(() => {
    for (const stream of streams) stream.advance(performance.now());
  }, EVERY_MS);
  return {
    add: (stream) => void streams.add(stream),
    remove: (stream) => void streams.delete(stream),
    stop: () => clearInterval(timer),
  };
}
