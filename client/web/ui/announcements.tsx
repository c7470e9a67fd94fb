import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

type Line = { id: number; text: string; show: boolean };
type Listener = (text: string, show: boolean) => void;
const listeners = new Set<Listener>();

/** Says `text` to screen readers once they have finished what they are saying; `show` makes it a short note as well. */
export function announce(text: string, { show = false }: { show?: boolean } = {}): void {
  for (const listener of listeners) listener(text, show);
}

const LINES = 4;
const KEEP_MS = 5_000;

/** Where announcements go; each page has one. Lines are added and expire, so that the same text twice is said twice. */
export function Announcements(): JSX.Element {
  const [lines, setLines] = useState<Line[]>([]);
  useEffect(() => {
    let next = 0;
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const listener: Listener = (text, show) => {
      const id = next++;
      setLines((before) => [...before.slice(1 - LINES), { id, text, show }]);
      const timer = setTimeout(() => {
        timers.delete(timer);
        setLines((before) => before.filter((line) => line.id !== id));
      }, KEEP_MS);
      timers.add(timer);
    };
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      for (const timer of timers) clearTimeout(timer);
    };
  }, []);
  return (
    <div
      class="announcements"
      role="log"
      aria-live="polite"
      aria-relevant="additions"
      aria-label="Announcements"
      data-testid="announcements"
    >
      {lines.map((line) => (
        <p key={line.id} class={line.show ? 'toast' : 'visually-hidden'}>
          {line.text}
        </p>
      ))}
    </div>
  );
}
