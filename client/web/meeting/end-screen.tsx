import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { Button } from '../ui/button.tsx';
import { LeaveIcon, Logo, WarningIcon } from '../ui/icons.tsx';
import { type FailureAction, failureOf } from './failures.ts';

const ACTIONS: Record<FailureAction, string> = { rejoin: 'Rejoin', retry: 'Try again', reload: 'Load again', none: '' };

type EndScreenProps = {
  code: string;
  /** The words of whoever ended it, if any. */
  reason: string | undefined;
  room: string;
  onBack: () => void;
};

/** What is left when there is no call (any more): why, and what to do. */
export function EndScreen({ code, reason, room, onBack }: EndScreenProps): JSX.Element {
  const { title, text, action } = failureOf(code);
  const heading = useRef<HTMLHeadingElement>(null);
  // The focus was on something that is gone: from here a screen reader reads on.
  useEffect(() => heading.current?.focus(), []);
  return (
    <main class="end" data-testid="end-screen" data-code={code}>
      <div class="end-card">
        <span class={code === 'left' ? 'end-mark' : 'end-mark end-mark-alert'}>
          {code === 'left' ? <LeaveIcon /> : <WarningIcon />}
        </span>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p class="end-text">{text}</p>
        {reason !== undefined && (
          <blockquote class="end-reason" data-testid="end-reason">
            {reason}
          </blockquote>
        )}
        {action !== 'none' && (
          <Button
            tone="primary"
            data-testid="end-action"
            onClick={() => (action === 'reload' ? location.reload() : onBack())}
          >
            {ACTIONS[action]}
          </Button>
        )}
      </div>
      <footer class="brand">
        <Logo /> {room === '' ? 'Sluice' : room}
      </footer>
    </main>
  );
}
