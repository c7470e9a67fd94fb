/** A server and a browser for one test file. */
import { after, before, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Browser, Page } from 'playwright-core';

import { startServer, type TestServer } from '../../support/server.ts';
import { launchBrowser } from './browser.ts';
import { Guest } from './guest.ts';

const KIT = fileURLToPath(new URL('../page/kit.js', import.meta.url));

export type Stage = {
  readonly server: TestServer;
  readonly browser: Browser;
  /** Calls `stop` when the file's tests are over, the latest first. */
  atEnd(stop: () => Promise<unknown> | unknown): void;
  /** A page in a context of its own, at `address` below the server's (or another) origin. Closed with the test. */
  open(t: TestContext, address: string, origin?: string): Promise<Page>;
  /** A page with the SDK that has not joined. */
  guest(t: TestContext, identity: string, origin?: string): Promise<Guest>;
  /** Guests with camera and microphone on, all in `room`. */
  call<Identity extends string>(
    t: TestContext,
    room: string,
    ...identities: Identity[]
  ): Promise<Record<Identity, Guest>>;
};

/** Starts both before the tests of the file that calls it, and ends them after. `server` is null: start none. */
export function useStage(options: { server?: readonly string[]; browser?: readonly string[] } = {}): Stage {
  let server: TestServer | undefined;
  let browser: Browser | undefined;
  const stops: (() => Promise<unknown> | unknown)[] = [];
  before(async () => {
    [server, browser] = await Promise.all([startServer(options.server), launchBrowser(options.browser)]);
  });
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
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
    atEnd: (stop) => void stops.push(stop),
    async open(t, address, origin = stage.server.url) {
      const context = await stage.browser.newContext();
      t.after(() => context.close());
      await context.addInitScript({ path: KIT });
      const page = await context.newPage();
      await page.goto(origin + address);
      return page;
    },
    async guest(t, identity, origin) {
      return new Guest(identity, await stage.open(t, '/v1/health', origin));
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
