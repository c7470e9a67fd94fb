import { render } from 'preact';

import { Announcements } from '../ui/announcements.tsx';
import { App } from './app.tsx';

const root = document.getElementById('app');
if (root) {
  // Where a page was scrolled to is put back when it has been drawn again, and the browser does not know when that is.
  history.scrollRestoration = 'manual';
  render(
    <>
      <App />
      <Announcements />
    </>,
    root,
  );
}
