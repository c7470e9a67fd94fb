import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { Logo } from '../ui/icons.tsx';
import { AskError, couldBeKey, createClient } from './client.ts';
import { useTitle } from './heading.tsx';

const SENTENCES: Record<string, string> = {
  unauthorized: 'This server does not know that key.',
  'not-found': 'This server does not measure quality: `qoe.enabled` is false in its configuration.',
  unreachable: 'The server cannot be reached. Check the connection and try again.',
};

/** Asks for the API key, tries it, and hands it on. */
export function SignIn({ refused, onKey }: { refused: boolean; onKey: (key: string) => void }): JSX.Element {
  const [trying, setTrying] = useState(false);
  const [failure, setFailure] = useState(refused ? 'The server does not take the key any more. Sign in again.' : '');
  const field = useRef<HTMLInputElement>(null);
  const attempt = useRef<AbortController | undefined>(undefined);
  const [fieldId, hintId, failureId] = [useId(), useId(), useId()];
  useTitle('Sign in');
  useEffect(() => {
    field.current?.focus();
    return () => attempt.current?.abort();
  }, []);

  const signIn = async (): Promise<void> => {
    const key = field.current?.value.trim() ?? '';
    const problem = shapeProblem(key);
    setFailure(problem);
    if (problem !== '') return field.current?.focus();
    const abort = new AbortController();
    attempt.current = abort;
    setTrying(true);
    try {
      await createClient(key).get('/v1/qoe/rooms', { limit: 1 }, abort.signal);
      onKey(key);
    } catch (error) {
      if (abort.signal.aborted) return;
      setTrying(false);
      setFailure(sentenceOf(error));
      field.current?.select();
    }
  };

  return (
    <main class="sign-in">
      <form
        class="sign-in-card"
        onSubmit={(event) => {
          event.preventDefault();
          if (!trying) void signIn();
        }}
      >
        <p class="brand">
          <Logo /> Sluice
        </p>
        <h1>How are the calls?</h1>
        <div class="field">
          <label class="field-label" for={fieldId}>
            API key
          </label>
          <input
            ref={field}
            id={fieldId}
            class="input"
            type="password"
            name="api-key"
            autocomplete="off"
            spellcheck={false}
            aria-invalid={failure !== ''}
            aria-describedby={failure === '' ? hintId : `${failureId} ${hintId}`}
          />
          <p id={failureId} class="field-failure" role="alert">
            {failure}
          </p>
        </div>
        <button type="submit" class="button button-primary" aria-disabled={trying}>
          {trying ? (
            <>
              <span class="spinner" aria-hidden="true" /> Signing in…
            </>
          ) : (
            'Sign in'
          )}
        </button>
        <p id={hintId} class="sign-in-hint">
          It is the one of <code>auth.keys</code>, or the one that the server printed when it started. This tab keeps it
          until it is closed.
        </p>
      </form>
    </main>
  );
}

function shapeProblem(key: string): string {
  if (key === '') return 'Enter the API key.';
  return couldBeKey(key) ? '' : 'That is no API key: it has spaces or letters in it that no key has.';
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof AskError)) return 'Something went wrong. Try again.';
  if (error.code === 'rate-limited') {
    return `Too many attempts.${error.retryAfter > 0 ? ` Try again in ${error.retryAfter} s.` : ' Try again later.'}`;
  }
  return SENTENCES[error.code] ?? error.message;
}
