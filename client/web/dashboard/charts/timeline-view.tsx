import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { Loading } from '../status.tsx';
import type { Timeline, TimelineView as View } from './timeline.ts';

export type TimelineProps = {
  view: View;
  /** Where the cursor is on the grid, and whether a key put it there. */
  cursor: number | undefined;
  onCursor: (index: number | undefined) => void;
  onZoom: (from: number, to: number) => void;
  /** Back to what was shown before the zoom. */
  onReset: () => void;
  /** What the charts show at the cursor, for those who move it by keys. */
  describe: (index: number) => string;
};

/** The charts, with keys: arrows move the cursor (with Shift by ten), plus and minus zoom, Escape ends both. */
export function TimelineCharts({ view, cursor, onCursor, onZoom, onReset, describe }: TimelineProps): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const timeline = useRef<Timeline | undefined>(undefined);
  const [state, setState] = useState<'loading' | 'ready' | 'failed'>('loading');
  const [spoken, setSpoken] = useState('');
  const hintId = useId();
  const latest = useRef({ view, onCursor, onZoom });
  latest.current = { view, onCursor, onZoom };

  useEffect(() => {
    let gone = false;
    const draw = async (): Promise<void> => {
      const { createTimeline } = await import('./timeline.ts');
      if (gone || root.current === null) return;
      timeline.current = createTimeline(root.current, latest.current.view, {
        onCursor: (index) => latest.current.onCursor(index),
        onZoom: (from, to) => latest.current.onZoom(from, to),
      });
      setState('ready');
    };
    draw().catch(() => gone || setState('failed'));
    return () => {
      gone = true;
      timeline.current?.destroy();
      timeline.current = undefined;
    };
  }, []);
  const seen = usePageSeen();
  useEffect(() => {
    if (seen) timeline.current?.update(view);
  }, [view, seen]);

  const move = (index: number): void => {
    const at = Math.max(0, Math.min(view.x.length - 1, index));
    onCursor(at);
    timeline.current?.moveCursor(at);
    setSpoken(describe(at));
  };
  const zoom = (factor: number): void => {
    const middle = cursor === undefined ? (view.from + view.to) / 2 : (view.x[cursor] ?? view.to);
    const half = Math.max(5 * view.step, ((view.to - view.from) / 2) * factor);
    onZoom(middle - half, middle + half);
  };
  const keys: Record<string, (event: KeyboardEvent) => void> = {
    ArrowLeft: ({ shiftKey }) => move((cursor ?? view.x.length) - (shiftKey ? 10 : 1)),
    ArrowRight: ({ shiftKey }) => move((cursor ?? view.x.length - 2) + (shiftKey ? 10 : 1)),
    Home: () => move(0),
    End: () => move(view.x.length - 1),
    '+': () => zoom(0.5),
    '-': () => zoom(2),
    Escape() {
      if (cursor === undefined) return onReset();
      onCursor(undefined);
      timeline.current?.moveCursor(undefined);
      setSpoken('');
    },
  };

  return (
    <div
      class="timeline"
      role="group"
      aria-label="Charts"
      aria-describedby={hintId}
      tabIndex={0}
      data-testid="charts"
      data-state={state}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        const act = keys[event.key];
        if (act === undefined) return;
        event.preventDefault();
        act(event);
      }}
    >
      <p id={hintId} class="visually-hidden">
        Arrow keys move through time, plus and minus zoom, Escape goes back. The same is there as a table.
      </p>
      {state === 'loading' && <Loading>Loading the charts…</Loading>}
      {state === 'failed' && <p class="loading">The charts could not be loaded. The table shows the same.</p>}
      <div ref={root} class="timeline-panels" aria-hidden="true" />
      <p class="visually-hidden" aria-live="polite">
        {spoken}
      </p>
    </div>
  );
}

/** Whether the tab is in sight: what nobody sees is not drawn. */
function usePageSeen(): boolean {
  const [seen, setSeen] = useState(!document.hidden);
  useEffect(() => {
    const changed = (): void => setSeen(!document.hidden);
    document.addEventListener('visibilitychange', changed);
    return () => document.removeEventListener('visibilitychange', changed);
  }, []);
  return seen;
}
