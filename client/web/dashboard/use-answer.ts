import { useEffect, useState } from 'preact/hooks';

import { AskError } from './client.ts';

/** What was asked for: on its way, here, or not to be had. What was here before stays while it is asked for again. */
export type Answer<Value> = {
  value: Value | undefined;
  error: AskError | undefined;
  loading: boolean;
  /** Asks again. */
  again: () => void;
};

type State<Value> = { key: string; value?: Value; error?: AskError; loading: boolean };

/**
 * Asks when it is first drawn and whenever `key` changes, and drops what comes too late.
 *
 * @param key What is asked for: with another key, what was answered before is forgotten.
 */
export function useAnswer<Value>(key: string, ask: (signal: AbortSignal) => Promise<Value>): Answer<Value> {
  const [round, setRound] = useState(0);
  const [state, setState] = useState<State<Value>>({ key, loading: true });
  useEffect(() => {
    const ended = new AbortController();
    setState((before) => (before.key === key ? { ...before, loading: true } : { key, loading: true }));
    ask(ended.signal).then(
      (value) => setState({ key, value, loading: false }),
      (error: unknown) => {
        if (ended.signal.aborted) return;
        const why = error instanceof AskError ? error : new AskError('unreadable', 'The answer could not be read.');
        setState((before) => ({ ...before, error: why, loading: false }));
      },
    );
    return () => ended.abort();
  }, [key, round]);
  const current: State<Value> = state.key === key ? state : { key, loading: true };
  return {
    value: current.value,
    error: current.error,
    loading: current.loading,
    again: () => setRound((count) => count + 1),
  };
}
