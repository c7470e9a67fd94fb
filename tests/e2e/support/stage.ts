/** A server and a browser for one test file. */
import { after, before, type TestContext } from 'node:test';

import type { Browser, BrowserContext, Page } from 'playwright-core';

import { startServer, type TestServer } from '../../support/server.ts';
import { launchBrowser } from './browser.ts';
import { Guest } from './guest.ts';
import { installKit } from './kit.ts';

export type Stage = {
  readonly server: TestServer;
  readonly browser: Browser;
  /** A page in a context of its own, at `address` below the server's (or another) origin. Closed with the test. */
  open(t: TestContext, address: string, options?: OpenOptions): Promise<Page>;
  /** A page with the SDK that has not joined. */
  guest(t: TestContext, identity: string, origin?: string): Promise<Guest>;
  /** Guests with camera and microphone on, all in `room`. */
  call<Identity extends string>(
    t: TestContext,
    room: string,
    ...identities: Identity[]
  ): Promise<Record<Identity, Guest>>;
};

/** `prepare` gives the context what it needs before the first page. */
export type OpenOptions = { origin?: string | undefined; prepare?: (context: BrowserContext) => Promise<unknown> };

/** Starts both before the tests of the file that calls it, and ends them after. */
export function useStage(options: { server?: readonly string[]; browser?: readonly string[] } = {}): Stage {
  let server: TestServer | undefined;
  let browser: Browser | undefined;
  before(async () => {
    const starts = await Promise.allSettled([
      startServer(options.server).then((it) => (server = it)),
      launchBrowser(options.browser).then((it) => (browser = it)),
    ]);
    // Only now, when the one that did start can be closed.
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const stage: Stage = {
    get server() {
      return started(server);
    },
    get browser() {
      return started(browser);
    },
    async open(t, address, { origin = stage.server.url, prepare } = {}) {
      const context = await stage.browser.newContext();
      t.after(() => context.close());
      await context.addInitScript(installKit);
      await prepare?.(context);
      const page = await context.newPage();
      await page.goto(origin + address);
      return page;
    },
    async guest(t, identity, origin) {
      return new Guest(identity, await stage.open(t, '/v1/health', { origin }));
    },
    async call(t, room, ...identities) {
      const guests = await Promise.all(
        identities.map(async (identity) => {
          const guest = await stage.guest(t, identity);
          await guest.join(await stage.server.token(room, identity));
          await guest.publish();
          return [identity, guest] as const;
        }),
      );
      return Object.fromEntries(guests) as Record<(typeof identities)[number], Guest>;
    },
  };
  return stage;
}

function started<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Error('Not before the tests have begun.');
  return thing;
}
