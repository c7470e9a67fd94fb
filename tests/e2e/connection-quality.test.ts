import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';

import type { Locator } from 'playwright-core';

import type { ConnectionQuality } from '../../src/rooms/media-view.ts';
import { identity, roomName } from '../support/rooms.ts';
import { eventually } from './support/eventually.ts';
import { MeetingPage } from './support/meeting.ts';
import { useStage } from './support/stage.ts';

// So that nobody else judges connections here, whatever this machine makes of two browsers.
const stage = useStage({ server: ['--qoe.enabled', 'false'] });
/** Where pictures of the page go, for whoever wants to look at them. */
const PICTURES = process.env['SLUICE_TEST_SCREENSHOTS'];

test('a connection in trouble is marked on its tile, with the reason for its own, until it is good again', async (t) => {
  const [ada, ben] = await meeting(t, 'bad-air');
  assert.equal(await ada.page.getByTestId('quality').count(), 0, 'who is well connected has no mark');

  judge('bad-air', 'Ben', { level: 'poor', up: 'poor', down: 'excellent', cause: 'loss-up' });
  await mark(ada, 'Ben', 'Poor connection').waitFor();
  await mark(ben, 'Ben (you)', 'Poor connection').waitFor();
  await ben.page.getByText('Your connection is poor. Part of what you send gets lost.').waitFor();
  assert.equal(await ada.page.getByTestId('quality').count(), 1, 'and not on her own');
  assert.equal(await ada.page.getByTestId('own-quality').count(), 0);
  await picture(ada, 'poor-of-another');
  await picture(ben, 'poor-of-ones-own');

  judge('bad-air', 'Ben', { level: 'lost', up: 'lost', down: 'lost', cause: 'disconnected-up' });
  await mark(ada, 'Ben', 'Connection lost').waitFor();
  await ben.page.getByText('Your connection is lost. The server does not hear you.').waitFor();
  await picture(ada, 'lost-of-another');

  judge('bad-air', 'Ben', { level: 'good', up: 'good', down: 'excellent', cause: null });
  await ada.page.getByTestId('quality').waitFor({ state: 'detached' });
  await ben.page.getByTestId('own-quality').waitFor({ state: 'detached' });
});

test('who joins later sees the mark at once, and an application hears of each change', async (t) => {
  const { ada, bob } = await stage.call(t, 'told', 'ada', 'bob');
  judge('told', 'bob', { level: 'poor', up: 'excellent', down: 'poor', cause: 'bandwidth-down' });
  await ada.told('qualityChanged', { identity: 'bob', value: 'poor' });
  await bob.told('qualityChanged', { identity: 'bob', value: 'poor' });
  const late = await stage.guest(t, 'late');
  await late.join(await stage.server.token('told', 'late'));
  await eventually(
    'bob is there',
    () => late.room(),
    ({ participants }) => participants.includes('bob'),
  );
  const { qualities } = await late.room();
  assert.ok(qualities.includes('bob: poor'), qualities.join());
});

async function meeting(t: TestContext, room: string): Promise<[ada: MeetingPage, ben: MeetingPage]> {
  const pages = await Promise.all(
    ['Ada', 'Ben'].map(async (name) => {
      const token = await stage.server.token(room, name, { name });
      const page = new MeetingPage(await stage.open(t, `/meet/${room}#${token}`));
      await page.enter();
      return page;
    }),
  );
  const [ada, ben] = pages as [MeetingPage, MeetingPage];
  await Promise.all([ada.tile('Ben').waitFor(), ben.tile('Ada').waitFor()]);
  return [ada, ben];
}

function mark(on: MeetingPage, who: string, words: string): Locator {
  return on.tile(who).getByRole('img', { name: words, exact: true });
}

/** What the server comes to think of somebody's connection. */
function judge(room: string, who: string, quality: ConnectionQuality): void {
  const found = stage.server.rooms.get(roomName(room));
  const participant = found.participants().find((one) => one.identity === identity(who));
  assert.ok(participant);
  found.setQuality(participant.id, quality);
}

async function picture({ page }: MeetingPage, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${PICTURES}/${name}-${colorScheme}.png`, animations: 'disabled' });
  }
}
