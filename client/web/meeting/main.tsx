import { render } from 'preact';

import { Announcements } from '../ui/announcements.tsx';
import { App } from './app.tsx';
import { readLink } from './link.ts';

const root = document.getElementById('app');
if (root) {
  render(
    <>
      <App link={readLink(location)} />
      <Announcements />
    </>,
    root,
  );
  // Another link opened in this window changes only the fragment, and would otherwise change nothing.
  addEventListener('hashchange', () => location.reload());
}
