import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { announce } from '../ui/announcements.tsx';
import { IconButton } from '../ui/button.tsx';
import { NextIcon, PreviousIcon } from '../ui/icons.tsx';
import { useShortcuts } from './shortcuts.ts';

export type Paging = {
  /** From 0. */
  page: number;
  /** By so many pages; not beyond the first and the last one. */
  turn: (by: 1 | -1) => void;
};

/** Which of `pages` is open. Page keys turn it; what is announced is the page that is there then. */
export function usePage(pages: number): Paging {
  const [chosen, setChosen] = useState(0);
  const page = Math.min(chosen, pages - 1);
  useEffect(() => {
    // Those who come back fill the last pages again: nobody is put there who had been sent away from it.
    if (chosen !== page) setChosen(page);
  }, [chosen, page]);
  const turn = (by: 1 | -1): void => {
    const next = Math.max(0, Math.min(pages - 1, page + by));
    if (next === page) return;
    setChosen(next);
    announce(`Page ${next + 1} of ${pages}`);
  };
  useShortcuts({ PageDown: pages > 1 ? () => turn(1) : undefined, PageUp: pages > 1 ? () => turn(-1) : undefined });
  return { page, turn };
}

/** Turns the pages of the grid. */
export function Pager({ page, pages, onTurn }: { page: number; pages: number; onTurn: Paging['turn'] }): JSX.Element {
  return (
    <nav class="pager" aria-label="Pages of participants" data-testid="pager">
      <IconButton
        icon={PreviousIcon}
        label="Previous page"
        shortcut="PageUp"
        tone="quiet"
        tip="none"
        aria-disabled={page === 0}
        onClick={() => onTurn(-1)}
      />
      <span class="pager-count" data-testid="page">
        <span class="visually-hidden">Page </span>
        {page + 1} <span aria-hidden="true">/</span>
        <span class="visually-hidden"> of </span> {pages}
      </span>
      <IconButton
        icon={NextIcon}
        label="Next page"
        shortcut="PageDown"
        tone="quiet"
        tip="none"
        aria-disabled={page === pages - 1}
        onClick={() => onTurn(1)}
      />
    </nav>
  );
}
