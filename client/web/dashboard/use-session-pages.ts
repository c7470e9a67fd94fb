import { useEffect, useState } from 'preact/hooks';

import type { SessionList, SessionSummary } from './answers.ts';
import { AskError, type Client } from './client.ts';
import type { SessionSearch } from './route.ts';

const PAGE = 50;

type Pages = {
  key: string;
  rows: SessionSummary[];
  next: string | undefined;
  loading: boolean;
  error: AskError | undefined;
};

/** What was found last: who comes back from a report finds the list as it was left. */
let last: Pages | undefined;

/** Sessions, page after page, the newest first. */
export function useSessionPages(client: Client, search: SessionSearch) {
  const key = JSON.stringify(search);
  const [pages, setPages] = useState<Pages>(() => (last?.key === key ? last : begin(key)));
  const [round, setRound] = useState<{ key: string; cursor: string | undefined } | undefined>(() =>
    last?.key === key ? undefined : { key, cursor: undefined },
  );
  useEffect(() => {
    if (pages.key === key) return;
    setPages(begin(key));
    setRound({ key, cursor: undefined });
  }, [key]);
  useEffect(() => {
    if (round === undefined || round.key !== key) return undefined;
    const ended = new AbortController();
    const set = (change: (before: Pages) => Pages): void => {
      setPages((before) => {
        if (before.key !== key) return before;
        const after = change(before);
        last = after.loading || after.error ? undefined : after;
        return after;
      });
    };
    set((before) => ({ ...before, loading: true, error: undefined }));
    client.get<SessionList>('/v1/qoe/sessions', { ...search, limit: PAGE, cursor: round.cursor }, ended.signal).then(
      ({ sessions, next }) => {
        set(({ rows }) => ({ key, rows: [...rows, ...sessions], next, loading: false, error: undefined }));
      },
      (error: unknown) => {
        if (ended.signal.aborted) return;
        const why = error instanceof AskError ? error : new AskError('unreadable', 'The answer could not be read.');
        set((before) => ({ ...before, loading: false, error: why }));
      },
    );
    return () => ended.abort();
  }, [round]);
  const shown = pages.key === key ? pages : begin(key);
  return {
    ...shown,
    more: () => setRound({ key, cursor: shown.next }),
    again: () => setRound({ key, cursor: shown.next }),
  };
}

/** Forgets what was found: it is the next user's who signs in. */
export function forgetSessions(): void {
  last = undefined;
}

function begin(key: string): Pages {
  return { key, rows: [], next: undefined, loading: true, error: undefined };
}
