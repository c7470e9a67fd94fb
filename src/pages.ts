import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { HttpServer } from './http/server.ts';
import { staticFiles } from './http/static-files.ts';

/**
 * What a page of ours may do: its own scripts and styles, its own server, and media that it makes. Pages of others
 * may not put it in a frame.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "media-src 'self' blob: mediastream:",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  // The page's address carries a join token in its fragment; no other site needs to know even the room.
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self)',
};

/**
 * Serves the built pages, at /meet/{room} and /dashboard, their assets, and the browser SDK at /sdk/sluice.js. Returns
 * what compresses them, for when there is time.
 */
export function servePages(http: HttpServer, folder: string): () => Promise<void> {
  if (!existsSync(join(folder, 'web'))) {
    throw new Error(
      `The pages are not built: ${folder} is missing. Run npm start, which builds them, or set pages.enabled to false.`,
    );
  }
  const sdk = staticFiles(join(folder, 'sdk'), { mount: '/sdk' });
  http.route('GET', '/sdk/*', sdk.handler, { headers: { 'access-control-allow-origin': '*' } });
  const web = staticFiles(join(folder, 'web'), {
    fallbacks: { '/meet/': 'meet.html', '/dashboard': 'dashboard.html', '/dashboard/': 'dashboard.html' },
    pageHeaders: PAGE_HEADERS,
  });
  // Browsers ask for it beside documents that name no icon, such as the answers of the API.
  const icon = web.paths.find((path) => path.startsWith('/assets/favicon-'));
  if (icon !== undefined) http.route('GET', '/favicon.ico', () => ({ status: 302, headers: { location: icon } }));
  http.route('GET', '/*', web.handler);
  return async () => {
    await sdk.compress();
    await web.compress();
  };
}
