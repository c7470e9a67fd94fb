/** The meeting page with more people than tiles: whom one sees is one's own choice, by pointer and by keyboard. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { joinRoom } from '../support/participant.ts';
import { eventually } from './support/eventually.ts';
import { MeetingPage } from './support/meeting.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();
const PHONE = { width: 390, height: 640 };

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

async function entered(
  t: TestContext,
  room: string,
  name: string,
  viewport?: { width: number; height: number },
): Promise<MeetingPage> {
  const token = await stage.server.token(room, name.toLowerCase(), { name });
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
