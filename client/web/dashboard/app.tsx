import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';

import { announce } from '../ui/announcements.tsx';
import { forgetKey, keepKey, readKey } from './api-key.ts';
import { createClient } from './client.ts';
import { useRoute } from './navigation.tsx';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { forgetSessions } from './use-session-pages.ts';

/** The dashboard: the question for the key, and behind it the pages. */
export function App(): JSX.Element {
  const [key, setKey] = useState(readKey);
  const [refused, setRefused] = useState(false);
  const route = useRoute();
  const client = useMemo(() => {
    if (key === undefined) return undefined;
    return createClient(key, () => {
      forgetKey();
      setRefused(true);
      setKey(undefined);
    });
  }, [key]);
  if (client === undefined) {
    return (
      <SignIn
        refused={refused}
        onKey={(given) => {
          keepKey(given);
          setRefused(false);
          setKey(given);
        }}
      />
    );
  }
  return (
    <Shell
      client={client}
      route={route}
      onSignOut={() => {
        forgetKey();
        forgetSessions();
        setKey(undefined);
        announce('Signed out');
      }}
    />
  );
}
