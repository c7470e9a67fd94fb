/** How long a person waits for the picture: joins of a room with one publisher, over and over, in a real Chromium. */
import { chromium, type BrowserContext, type Page } from 'playwright-core';

import { findBrowser } from '../../scripts/bootstrap/browser.mjs';

/** In the order in which they happen; milliseconds from the call of join(). */
export type BrowserSteps = Partial<
  Record<
    'socketOpen' | 'capabilities' | 'joined' | 'deviceLoaded' | 'consumersReady' | 'dtlsConnected' | 'firstFrame',
    number
  >
>;

export type BrowserJoinOptions = {
  /** Of the server. */
  readonly url: string;
  readonly token: (identity: string) => Promise<string>;
  readonly joins: number;
};

const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--autoplay-policy=no-user-gesture-required',
];

/** The steps of each join. Throws where there is no browser, or a page cannot join. */
export async function browserJoins({ url, token, joins }: BrowserJoinOptions): Promise<readonly BrowserSteps[]> {
  const executablePath = findBrowser(process.env);
  if (executablePath === undefined) throw new Error('there is no Chromium: install one, or name it in CHROMIUM');
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  try {
    await publish(await openPage(await browser.newContext(), url), await token('publisher'));
    const samples: BrowserSteps[] = [];
    for (let index = 0; index < joins; index += 1) {
      // A context of its own: nothing is warm but the browser itself.
      const context = await browser.newContext();
      samples.push(await view(await openPage(context, url), await token(`viewer-${index}`)));
      await context.close();
    }
    return samples;
  } finally {
    await browser.close();
  }
}

/** A page of the server's origin that runs nothing by itself. */
async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${url}/v1/health`);
  return page;
}

// What runs in the page is text: it belongs to the page, with the page's globals.
async function publish(page: Page, joinToken: string): Promise<void> {
  await page.evaluate(`(async () => {
    const { join } = await import('/sdk/sluice.js');
    const room = await join(location.origin, ${JSON.stringify(joinToken)});
    // A small picture, so that encoding it does not take the CPU from the joins that are measured.
    await room.self.setCamera({ width: 320, height: 180, frameRate: 20, simulcast: false });
    await room.self.setMicrophone(true);
    globalThis.room = room;
  })()`);
}

async function view(page: Page, joinToken: string): Promise<BrowserSteps> {
  return await page.evaluate<BrowserSteps>(`(async () => {
    const { join } = await import('/sdk/sluice.js');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const room = await join(location.origin, ${JSON.stringify(joinToken)});
    room.on('trackAdded', (track) => document.body.append(track.attach()));
    const end = performance.now() + 10_000;
    while (room.timings.firstFrame === undefined && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const timings = { ...room.timings };
    await room.leave();
    return timings;
  })()`);
}
