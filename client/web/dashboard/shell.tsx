import type { JSX } from 'preact';

import { IconButton } from '../ui/button.tsx';
import { Logo, SignOutIcon } from '../ui/icons.tsx';
import type { Client } from './client.ts';
import { PageHeading } from './heading.tsx';
import { LivePage } from './live-page.tsx';
import { go, Link } from './navigation.tsx';
import { RoomPage } from './room-page.tsx';
import type { Route } from './route.ts';
import { SessionPage } from './session-page.tsx';
import { SessionsPage } from './sessions-page.tsx';
import { Empty } from './status.tsx';
import { useShortcuts } from '../meeting/shortcuts.ts';
import { TodayPage } from './today-page.tsx';

const PLACES: { to: Route; name: string; key: string; pages: Route['page'][] }[] = [
  { to: { page: 'live' }, name: 'Live', key: 'l', pages: ['live', 'room'] },
  { to: { page: 'today' }, name: 'Today', key: 't', pages: ['today'] },
  { to: { page: 'sessions', search: {} }, name: 'Sessions', key: 's', pages: ['sessions', 'session'] },
];

/** What is around every page: where one is, where one can go, and the way out. */
export function Shell(props: { client: Client; route: Route; onSignOut: () => void }): JSX.Element {
  const { client, route, onSignOut } = props;
  useShortcuts({
    ...Object.fromEntries(PLACES.map(({ key, to }) => [key, () => go(to)])),
    '/': () => (route.page === 'sessions' ? focusSearch() : go({ page: 'sessions', search: {} })),
  });
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <header class="bar">
        <Link class="bar-brand" to={{ page: 'live' }} aria-label="Sluice dashboard">
          <Logo /> <span>Sluice</span>
        </Link>
        <nav class="bar-nav" aria-label="Dashboard">
          {PLACES.map(({ to, name, key, pages }) => (
            <Link
              key={name}
              to={to}
              aria-current={pages.includes(route.page) ? 'page' : undefined}
              aria-keyshortcuts={key}
            >
              {name}
            </Link>
          ))}
        </nav>
        <IconButton icon={SignOutIcon} label="Sign out" tone="quiet" tip="below" onClick={onSignOut} />
      </header>
      <main id="main" tabIndex={-1}>
        <Page client={client} route={route} />
      </main>
    </div>
  );
}

function Page({ client, route }: { client: Client; route: Route }): JSX.Element {
  switch (route.page) {
    case 'live':
      return <LivePage client={client} />;
    case 'room':
      return <RoomPage key={route.room} client={client} room={route.room} range={route.range} />;
    case 'sessions':
      return <SessionsPage client={client} search={route.search} />;
    case 'session':
      return <SessionPage key={route.id} client={client} id={route.id} />;
    case 'today':
      return <TodayPage client={client} />;
    case 'unknown':
      return (
        <Empty>
          <PageHeading title="There is no such page" />
          <p>The address is not one of the dashboard's.</p>
          <Link class="button" to={{ page: 'live' }}>
            Go to the live rooms
          </Link>
        </Empty>
      );
  }
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>('[data-search]')?.focus();
}

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
