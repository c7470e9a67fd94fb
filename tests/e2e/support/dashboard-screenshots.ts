/**
 * Makes docs/images/dashboard.png and dashboard-live.png: rooms whose participants tell by beacons of two minutes with some
 * trouble in them. By hand:
 *
 *   node tests/e2e/support/dashboard-screenshots.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { type Conditions, QoeCaller } from '../../support/qoe-caller.ts';
import { API_KEYS, startServer } from '../../support/server.ts';
import { launchBrowser } from './browser.ts';

const FOLDER = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const VIEWPORT = { width: 1440, height: 900 };
const SECONDS = 120;

/** What befalls somebody from one second to another. */
type Trouble = { from: number; to: number } & Conditions;

const CALLS: Record<string, [name: string, ...troubles: Trouble[]][]> = {
  'design-review': [
    ['Maya Okafor'],
    ['Jonas Lind', { from: 50, to: 66, lossUp: 0.07 }, { from: 100, to: 200, lossUp: 0.12, bitrateUp: 180_000 }],
    ['Priya Raman', { from: 25, to: 36, lossDown: 0.6, rtt: 900, bitrateDown: 60_000 }],
    ['Tomás Rey'],
    ['Elin Berg', { from: 76, to: 200, rtt: 330 }],
  ],
  standup: [['Ada'], ['Grace'], ['Linus']],
  'support-4711': [['Agent 7'], ['A customer', { from: 105, to: 200, lossDown: 0.16 }]],
  interview: [['Kim'], ['Lee'], ['Noor']],
};

const atEnd: (() => unknown)[] = [];
const ends = { after: (action: () => unknown) => void atEnd.push(action) } as Parameters<typeof QoeCaller.join>[0];
const server = await startServer();
const browser = await launchBrowser();
try {
  const began = Date.now();
  for (const [room, people] of Object.entries(CALLS)) {
    for (const [name, ...troubles] of people) {
      const identity = name.toLowerCase().split(' ')[0]!;
      const caller = await QoeCaller.join(ends, server, room, identity, name);
      caller.keepTelling(ends, () => {
        const second = (Date.now() - began) / 1000;
        const trouble = troubles.find(({ from, to }) => second >= from && second < to);
        const { from: _, to: __, ...conditions } = trouble ?? { from: 0, to: 0 };
        const some = (most: number) => most * (0.85 + 0.15 * Math.random());
        return { rtt: 20 + some(25), bitrateUp: some(720_000), bitrateDown: some(2_400_000), ...conditions };
      });
    }
  }
  await sleep(SECONDS * 1000);
  for (const [file, path, colorScheme] of [
    ['dashboard.png', `/rooms/design-review?last=${SECONDS}`, 'dark'],
    ['dashboard-live.png', '', 'light'],
  ] as const) {
    const page = await browser.newPage({ viewport: VIEWPORT, colorScheme });
    await page.goto(`${server.url}/dashboard${path}`);
    await page.getByLabel('API key').fill(API_KEYS[0]);
    await page.getByLabel('API key').press('Enter');
    await page
      .getByTestId(path === '' ? 'room' : 'blame')
      .first()
      .waitFor();
    await sleep(2500);
    await page.screenshot({ path: FOLDER + file });
  }
} finally {
  for (const action of atEnd) await action();
  await browser.close();
  await server.close();
}
