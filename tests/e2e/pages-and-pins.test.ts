/** The meeting page with more people than tiles: whom one sees is one's own choice, by pointer and by keyboard. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { joinRoom } from '../support/participant.ts';
import { eventually } from './support/eventually.ts';
import type { Guest } from './support/guest.ts';
import { MeetingPage } from './support/meeting.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();
const PHONE = { width: 390, height: 640 };
const DESK = { width: 1280, height: 760 };

test('who has no tile is on another page, and pictures of pages that are not open are not sent', async (t) => {
  const ben = await entered(t, 'pages', 'Ben');
  await crowd(t, 'pages', 12);
  const ada = await entered(t, 'pages', 'Ada', PHONE);
  await ada.shows('Video of Ben');
  assert.match((await ada.page.getByTestId('page').textContent()) ?? '', /^Page 1 .* 2$/);

  await ada.button('Next page').click();
  await ada.tile('Ben').waitFor({ state: 'detached' });
  await ada.tile('Ada (you)').waitFor();
  await eventually(
    'no picture comes in',
    async () => {
      const before = await pictureBytes(ada);
      await ada.page.waitForTimeout(1000);
      return (await pictureBytes(ada)) - before;
    },
    (more) => more === 0,
  );

  await ada.page.keyboard.press('PageUp');
  await ada.shows('Video of Ben');
  await Promise.all([ada.hasNoComplaints(), ben.hasNoComplaints()]);
});

test('a tile that is pinned, by pointer or keyboard, stands on the stage in a larger picture, and the others cost less', async (t) => {
  const publishers = await Promise.all(['ben', 'cleo'].map((identity) => published(t, 'pins', identity)));
  await crowd(t, 'pins', 2);
  const ada = await entered(t, 'pins', 'Ada', DESK, false);
  await Promise.all(['Ben', 'Cleo'].map((name) => widthOf(ada, name, (width) => width === 480)));
  const rate = await rateOf(ada, 'Cleo');
  const tileOf = (name: string) => ada.tile(`${name}, microphone off`);
  const pin = tileOf('Ben').getByRole('button', { name: 'Pin Ben' });
  const pins = (count: number) =>
    eventually(
      `${count} are pinned`,
      () => ada.page.locator('[data-pinned=true]').count(),
      (now) => now === count,
    );

  await tileOf('Ben').hover();
  await pin.click();
  assert.equal(await pin.getAttribute('aria-pressed'), 'true');
  await Promise.all([widthOf(ada, 'Ben', (width) => width === 960), widthOf(ada, 'Cleo', (width) => width === 240)]);
  if (process.env['SHOTS']) await ada.page.screenshot({ path: `${process.env['SHOTS']}/pins.png` });
  const now = await rateOf(ada, 'Cleo');
  assert.ok(now < rate * 0.7, `Cleo costs ${now} bytes/s, and ${rate} before`);
  const [onStage, beside] = await Promise.all(['Ben', 'Cleo'].map((name) => tileOf(name).boundingBox()));
  assert.ok(onStage!.width > 2.5 * beside!.width, `${onStage!.width} and ${beside!.width} pixels across`);

  // Its tile has kept the focus: what the pointer has pinned, the keyboard lets go, and pins again.
  await ada.page.keyboard.press('Enter');
  await pins(0);
  await widthOf(ada, 'Cleo', (width) => width > 240);
  await ada.page.keyboard.press('Space');
  await pins(1);
  await ada.page.getByRole('button', { name: /^Participants, / }).click();
  await ada.page.getByTestId('people-panel').getByRole('button', { name: 'Pin Ben' }).click();
  await pins(0);
  await ada.hasNoComplaints();
  await Promise.all(publishers.map((guest) => guest.leave()));
});

/** Somebody who sends three layers. */
async function published(t: TestContext, room: string, identity: string): Promise<Guest> {
  const guest = await stage.guest(t, identity);
  const name = identity[0]!.toUpperCase() + identity.slice(1);
  await guest.join(await stage.server.token(room, identity, { name, grants: { subscribe: false } }));
  await guest.publish({ width: 960, height: 540, frameRate: 10, maxBitrate: 500_000 }, false);
  return guest;
}

async function widthOf(ada: MeetingPage, name: string, good: (width: number) => boolean): Promise<void> {
  const video = ada.page.getByLabel(`Video of ${name}`, { exact: true });
  await eventually(
    `the picture of ${name} has its size`,
    () => video.evaluate((element: HTMLVideoElement) => element.videoWidth),
    good,
    30_000,
  );
}

/** Bytes a second of the picture of `name`. */
async function rateOf(ada: MeetingPage, name: string): Promise<number> {
  const video = ada.page.getByLabel(`Video of ${name}`, { exact: true });
  const bytes = () => video.evaluate((element: HTMLVideoElement) => kit.pictureBytesOf(element));
  const from = { bytes: await bytes(), at: performance.now() };
  await ada.page.waitForTimeout(2000);
  return ((await bytes()) - from.bytes) / ((performance.now() - from.at) / 1000);
}

async function entered(
  t: TestContext,
  room: string,
  name: string,
  viewport?: { width: number; height: number },
  sends = true,
): Promise<MeetingPage> {
  const token = await stage.server.token(room, name.toLowerCase(), {
    name,
    ...(sends ? {} : { grants: { publish: [] } }),
  });
  const page = await stage.open(t, `/meet/${room}#${token}`);
  if (viewport) await page.setViewportSize(viewport);
  const meeting = new MeetingPage(page);
  await meeting.enter();
  return meeting;
}

/** People without camera and microphone. */
async function crowd(t: TestContext, room: string, count: number): Promise<void> {
  const ends = Array.from({ length: count }, async (_, index) => {
    const token = await stage.server.token(room, `guest-${index}`, { name: `Guest ${index}` });
    return joinRoom(stage.server.url, token);
  });
  for (const participant of await Promise.all(ends)) t.after(() => participant.close());
}

const pictureBytes = ({ page }: MeetingPage) => page.evaluate(() => kit.pictureBytes());
