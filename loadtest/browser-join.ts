/**
 * How long a person waits for the picture: joins a room with one publisher, over and over, in a real Chromium, and
 * prints the median and spread of each step, in ms from the call of join().
 *
 *     node loadtest/browser-join.ts [--url ORIGIN --key ID.SECRET] [--joins 20]
 *
 * Exits with 1 where a join fails or a median misses its goal.
 */
import { parseArgs } from 'node:util';

import { chromium, type BrowserContext, type Page } from 'playwright-core';

import { startOwnServer } from './support/own-server.ts';

/** Medians to stay under, in ms. */
const GOALS: Partial<Record<Step, number>> = { dtlsConnected: 66, firstFrame: 120 };
const STEPS = [
  'socketOpen',
  'capabilities',
  'joined',
  'deviceLoaded',
  'consumersReady',
  'dtlsConnected',
  'firstFrame',
] as const;
type Step = (typeof STEPS)[number];
type Timings = Partial<Record<Step, number>>;

const MOST_JOINS = 200;
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

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    key: { type: 'string' },
    joins: { type: 'string', default: '20' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const own = values.url === undefined ? await startOwnServer() : undefined;
const url = new URL(values.url ?? own?.url ?? '').origin;
const room = `browser-join-${process.pid}`;
const joins = Math.min(MOST_JOINS, Math.max(1, Number(values.joins)));
try {
  process.exitCode = (await measure(values.key ?? own?.key ?? '')) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
await own?.close();

async function measure(key: string): Promise<boolean> {
  const browser = await chromium.launch({ executablePath: values.chromium, args: CHROMIUM_FLAGS });
  try {
    await publish(await openPage(await browser.newContext()), await token(key, 'publisher'));
    const samples: Timings[] = [];
    for (let index = 0; index < joins; index += 1) {
      // A context of its own: nothing is warm but the browser itself.
      const context = await browser.newContext();
      samples.push(await view(await openPage(context), await token(key, `viewer-${index}`)));
      await context.close();
    }
    return report(samples);
  } finally {
    await browser.close();
  }
}

async function token(key: string, identity: string): Promise<string> {
  const response = await fetch(`${url}/v1/rooms/${room}/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ identity }),
  });
  if (!response.ok) throw new Error(`A token was refused: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}

/** A page of the server's origin that runs nothing by itself. */
async function openPage(context: BrowserContext): Promise<Page> {
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

async function view(page: Page, joinToken: string): Promise<Timings> {
  return await page.evaluate<Timings>(`(async () => {
    const { join } = await import('/sdk/sluice.js');
    await new Promise((resolve) => setTimeout(resolve, 2000));
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

function report(samples: readonly Timings[]): boolean {
  console.log(`${samples.length} joins to ${url}; ms from the call of join()`);
  console.log(
    `${'step'.padEnd(16)}${['median', 'min', 'p90', 'max'].map((title) => title.padStart(8)).join('')}    goal`,
  );
  let good = true;
  for (const step of STEPS) {
    const sorted = samples
      .map((sample) => sample[step])
      .filter((value) => value !== undefined)
      .toSorted((a, b) => a - b);
    const goal = GOALS[step];
    const median = quantile(sorted, 0.5);
    const met = sorted.length === samples.length && (goal === undefined || median < goal);
    good &&= met;
    const numbers = [median, quantile(sorted, 0), quantile(sorted, 0.9), quantile(sorted, 1)];
    const verdict = goal === undefined ? '' : `    < ${goal}${met ? '' : '  MISSED'}`;
    const missing = sorted.length === samples.length ? '' : `    missing in ${samples.length - sorted.length}`;
    console.log(
      `${step.padEnd(16)}${numbers.map((number) => number.toFixed(1).padStart(8)).join('')}${verdict}${missing}`,
    );
  }
  return good;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.round(q * (sorted.length - 1))] ?? Number.NaN;
}
