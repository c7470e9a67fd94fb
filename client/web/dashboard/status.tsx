import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { announce } from '../ui/announcements.tsx';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import type { AskError } from './client.ts';
import type { LiveLink } from './use-live.ts';

/** Ticks once a second, for what says how long ago something was. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(ticking);
  }, []);
  return now;
}

/** Whether what is shown is of now; and where it is not, why, and that it is being tried. */
export function LinkState({ link }: { link: LiveLink }): JSX.Element {
  const [wasLost, setWasLost] = useState(false);
  useEffect(() => {
    if (link.state === 'lost' && !wasLost) {
      setWasLost(true);
    } else if (link.state === 'open' && wasLost) {
      setWasLost(false);
      announce('Live again');
    }
  }, [link.state]);
  return (
    <span class="link-state" data-state={link.state} data-testid="link-state">
      <span class="link-dot" aria-hidden="true" />
      {LINK_WORDS[link.state]}
    </span>
  );
}

const LINK_WORDS: Record<LiveLink['state'], string> = {
  connecting: 'Connecting…',
  open: 'Live',
  lost: 'Reconnecting…',
};

/** Says that what is shown is not of now any more. */
export function LostNotice({ link }: { link: LiveLink }): JSX.Element | null {
  if (link.state !== 'lost') return null;
  return (
    <Notice tone="warning" title="This is not live any more" testId="offline">
      {link.why.message} What you see is how it was last. It is tried again by itself.
    </Notice>
  );
}

/** What could not be had, why, and the button that tries again. */
export function Failure({ error, again }: { error: AskError; again: () => void }): JSX.Element {
  return (
    <Notice
      tone="warning"
      role="alert"
      title="That could not be loaded"
      testId="failure"
      actions={<Button onClick={again}>Try again</Button>}
    >
      {error.message}
    </Notice>
  );
}

/** Something is on its way. Shown only after a moment: what comes at once needs no notice. */
export function Loading({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> {children}
    </p>
  );
}

/** A page, or part of one, on which there is nothing (yet), and what to do about it. */
export function Empty({ children }: { children: ComponentChildren }): JSX.Element {
  return <div class="empty">{children}</div>;
}
