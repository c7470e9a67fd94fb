/**
 * What it costs a page to tell of its quality: two Chromium, each in a call with the same remote tracks, one with beacons
 * and one without, side by side in one run. CPU time, so that a busy machine does not count: that of the main thread by
 * CDP's Performance.getMetrics (ThreadTime), and that of all processes of each browser together by
 * SystemInfo.getProcessInfo, which also has WebRTC's threads and the network's.
 *
 *     node loadtest/qoe-page.ts [--tracks 10] [--rounds 12] [--seconds 10] [--interval 2000]
 *
 * The difference is that of the medians of all rounds; half-way the browsers change places. Exits with 1 where it misses its goal.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';

import { startOwnServer } from './support/own-server.ts';
import { verdict } from './support/percentiles.ts';

/** Percent of a core, of the page's main thread and of everything. */
const GOAL = 0.5;
const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--use-fake-device-for-media-stream=fps=10',
  '--use-fake-ui-for-media-stream',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-sync',
  '--no-first-run',
  '--autoplay-policy=no-user-gesture-required',
];

const { values } = parseArgs({
  options: {
    tracks: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '10' },
    interval: { type: 'string', default: '2000' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const people = Math.min(20, Math.max(1, Math.round(Number(values.tracks) / 2)));
const rounds = Math.min(100, Math.max(1, Number(values.rounds)));
const seconds = Math.min(60, Math.max(2, Number(values.seconds)));

type Costs = { main: number; all: number };
type Viewer = { page: Page; metrics: CDPSession; processes: CDPSession };

const server = await startOwnServer();
const browsers: Browser[] = [];
try {
  process.exitCode = (await measure()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
for (const browser of browsers) await browser.close();
await server.close();

async function measure(): Promise<boolean> {
  const publisher = await openPage(await launch());
  for (let index = 0; index < people; index += 1) await publish(publisher, await token(`publisher-${index}`));
  const [one, other] = [await launch(), await launch()];
  const [costsOn, costsOff]: [Costs[], Costs[]] = [[], []];
  let messages = 0;
  // Each browser has its turn at both: what else distinguishes them falls out.
  for (const [withBeacons, without] of [
    [one, other],
    [other, one],
  ] as const) {
    const [on, off] = [await view(withBeacons, 'with', true), await view(without, 'without', false)];
    await sleep(5000);
    for (let round = 0; round < rounds / 2; round += 1) {
      const [more, less] = await Promise.all([costs(on), costs(off)]);
      costsOn.push(more);
      costsOff.push(less);
    }
    messages += await on.page.evaluate<number>('globalThis.beacons()');
    await Promise.all([on.page.close(), off.page.close()]);
  }
  if (messages === 0) throw new Error('no beacon was sent');
  const call = `${people * 2} remote tracks, samples every ${values.interval} ms: ${messages} messages`;
  console.log(`${call}; ${rounds} rounds of ${seconds} s`);
  const good = (['main', 'all'] as const).map((what) => {
    const [with_, without] = [median(costsOn, what), median(costsOff, what)];
    const name = what === 'main' ? 'main thread' : 'all of the browser';
    console.log(
      `${name}: ${with_.toFixed(2)} % with, ${without.toFixed(2)} % without: ${(with_ / without).toFixed(3)} times`,
    );
    console.log(verdict(`${name}, of a core`, with_ - without, GOAL, '%'));
    return with_ - without < GOAL;
  });
  return good.every(Boolean);
}

async function launch(): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: values.chromium, args: CHROMIUM_FLAGS });
  browsers.push(browser);
  return browser;
}

async function openPage(browser: Browser): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.url}/v1/health`);
  return page;
}

async function token(identity: string): Promise<string> {
  const response = await fetch(`${server.url}/v1/rooms/qoe-page/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ identity }),
  });
  if (!response.ok) throw new Error(`A token was refused: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}

// What runs in the page is text: it belongs to the page, with the page's globals.
async function publish(page: Page, joinToken: string): Promise<void> {
  await page.evaluate(`(async () => {
    const { join } = await import('/sdk/sluice.js');
    const options = { qoe: { enabled: false }, subscribe: 'manual' };
    const room = await join(location.origin, ${JSON.stringify(joinToken)}, options);
    await room.self.setCamera({ width: 320, height: 180, frameRate: 10, simulcast: false });
    await room.self.setMicrophone(true);
  })()`);
}

/** In the room with every track shown, until all of them flow. */
async function view(browser: Browser, identity: string, enabled: boolean): Promise<Viewer> {
  const page = await openPage(browser);
  const qoe = { enabled, interval: Number(values.interval) };
  await page.evaluate(`(async () => {
    const { join } = await import('/sdk/sluice.js');
    const room = await join(location.origin, ${JSON.stringify(await token(identity))}, { qoe: ${JSON.stringify(qoe)} });
    room.on('trackAdded', (track) => document.body.append(track.attach()));
    const flows = () => [...document.querySelectorAll('video')].filter((video) => video.videoWidth > 0).length;
    while (flows() < ${people}) await new Promise((resolve) => setTimeout(resolve, 50));
    const isBeacon = ({ name }) => name.endsWith('/v1/qoe/beacons');
    globalThis.beacons = () => performance.getEntriesByType('resource').filter(isBeacon).length;
  })()`);
  const metrics = await page.context().newCDPSession(page);
  await metrics.send('Performance.enable');
  return { page, metrics, processes: await browser.newBrowserCDPSession() };
}

/** Percent of a core over the next seconds. */
async function costs(viewer: Viewer): Promise<Costs> {
  const before = await spent(viewer);
  await sleep(seconds * 1000);
  const after = await spent(viewer);
  const elapsed = after.at - before.at;
  return { main: ((after.main - before.main) / elapsed) * 100, all: ((after.all - before.all) / elapsed) * 100 };
}

/** Seconds so far. */
async function spent({ metrics, processes }: Viewer): Promise<Costs & { at: number }> {
  const [{ metrics: all }, { processInfo }] = await Promise.all([
    metrics.send('Performance.getMetrics'),
    processes.send('SystemInfo.getProcessInfo'),
  ]);
  const metric = (name: string) => all.find((one) => one.name === name)?.value ?? Number.NaN;
  return {
    main: metric('ThreadTime'),
    all: processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0),
    at: metric('Timestamp'),
  };
}

function median(all: readonly Costs[], what: keyof Costs): number {
  const sorted = all.map((one) => one[what]).toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
