/**
 * Makes docs/images/meeting.png: a call of five in the meeting page, each with a picture of its own. By hand:
 *
 *   node tests/e2e/support/screenshots.ts
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { startServer } from '../../support/server.ts';
import { launchBrowser } from './browser.ts';
import { eventually } from './eventually.ts';
import { installKit } from './kit.ts';
import { MeetingPage } from './meeting.ts';
import { installCamera, type Scene } from './scenes.ts';

const TARGET = fileURLToPath(new URL('../../../docs/images/meeting.png', import.meta.url));
const ROOM = 'design-review';
const VIEWPORT = { width: 1280, height: 800 };
const SPEAKER = 'Priya Raman';
/** How long announcements of who came may stand in the picture, at most. */
const QUIET_WITHIN = 10_000;
const SHARP_AFTER = 8000;

const PEOPLE: readonly (Omit<Scene, 'speaks'> & { name: string })[] = [
  {
    name: 'Maya Okafor',
    skin: '#8d5a3b',
    hair: '#1d1512',
    shirt: '#e2a33b',
    wall: ['#3a617e', '#132a3d'],
    style: 'long',
  },
  {
    name: 'Jonas Lind',
    skin: '#f0c8a8',
    hair: '#a8743a',
    shirt: '#36597a',
    wall: ['#c9d3c8', '#8fa393'],
    style: 'short',
  },
  { name: SPEAKER, skin: '#b97f56', hair: '#22181a', shirt: '#8c3f5e', wall: ['#e9d8c4', '#c09f80'], style: 'bun' },
  {
    name: 'Tomás Rey',
    skin: '#d9a47c',
    hair: '#3a2a20',
    shirt: '#2f6b57',
    wall: ['#5a4d78', '#251e40'],
    style: 'beard',
  },
  {
    name: 'Elin Berg',
    skin: '#f3d3b8',
    hair: '#d8b26a',
    shirt: '#c4574b',
    wall: ['#9fc2cc', '#5b8796'],
    style: 'long',
  },
];
const SAID: readonly [name: string, text: string][] = [
  ['Jonas Lind', 'Morning! The new grid is on staging.'],
  ['Priya Raman', 'Looks right on my phone, too.'],
  ['Elin Berg', 'And it sounds as if you sat next to me.'],
  ['Maya Okafor', 'Good. Shall we go through the open points?'],
];

const server = await startServer();
const browser = await launchBrowser();
try {
  const pages = new Map<string, MeetingPage>();
  for (const person of PEOPLE) {
    const context = await browser.newContext({ viewport: VIEWPORT, colorScheme: 'dark' });
    await context.addInitScript(installKit);
    await context.addInitScript(installCamera, { ...person, speaks: person.name === SPEAKER });
    const page = await context.newPage();
    const identity = person.name.split(' ')[0]!.toLowerCase();
    const token = await server.token(ROOM, identity, { name: person.name });
    await page.goto(`${server.url}/meet/${ROOM}#${token}`);
    const meeting = new MeetingPage(page);
    await meeting.enter();
    await meeting.button('Chat').click();
    pages.set(person.name, meeting);
  }
  const shown = pages.get(PEOPLE[0]!.name)!;
  for (const [name, text] of SAID) {
    await pages.get(name)!.write(text);
    await shown.messages.getByText(text).waitFor();
  }
  // One who listens with the microphone off.
  await pages.get('Tomás Rey')!.button('Microphone').click();
  for (const { name } of PEOPLE.slice(1)) await shown.shows(`Video of ${name}`);
  await shown.page.locator(`[data-speaking=true][aria-label="${SPEAKER}"]`).waitFor();
  await shown.page.getByLabel('Jonas Lind').first().hover();
  await eventually(
    'the announcements are over',
    () => shown.page.locator('.toast').count(),
    (count) => count === 0,
    QUIET_WITHIN,
  );
  // Encoders get to a clean picture only some seconds after they have got to its full size.
  await sleep(SHARP_AFTER);
  await shown.page.locator(`[data-speaking=true][aria-label="${SPEAKER}"]`).waitFor();
  await mkdir(dirname(TARGET), { recursive: true });
  await shown.page.screenshot({ path: TARGET });
} finally {
  await browser.close();
  await server.close();
}
