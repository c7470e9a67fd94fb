import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from './support/eventually.ts';
import { MeetingPage } from './support/meeting.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();

test('a panel that covers the call keeps keyboard and screen reader inside, and hands the focus back', async (t) => {
  const token = await stage.server.token('narrow', 'ada', { name: 'Ada' });
  const ada = new MeetingPage(await stage.open(t, `/meet/narrow#${token}`));
  await ada.page.setViewportSize({ width: 390, height: 780 });
  await ada.enter();

  await ada.button('Chat').click();
  const chat = ada.page.getByRole('complementary', { name: 'Chat' });
  await chat.waitFor();
  assert.equal(await takesFocus(ada, 'control-leave'), false, 'the bar is out of reach');
  for (let presses = 0; presses < 6; presses += 1) {
    await ada.page.keyboard.press('Tab');
    const where = await ada.page.evaluate(() => document.activeElement?.closest('aside, main, footer')?.tagName);
    assert.ok(where === 'ASIDE' || where === undefined, `the focus went to ${where}`);
  }

  await ada.page.keyboard.press('Escape');
  await chat.waitFor({ state: 'detached' });
  assert.match((await ada.page.evaluate(() => document.activeElement?.getAttribute('aria-label'))) ?? '', /^Chat/u);
  assert.equal(await takesFocus(ada, 'control-leave'), true);

  // With room for both, the call stays usable beside the panel.
  await ada.page.setViewportSize({ width: 1100, height: 780 });
  await ada.button('Chat').click();
  await chat.waitFor();
  await eventually('the bar can be reached', () => takesFocus(ada, 'control-leave'), Boolean);
  await ada.page.setViewportSize({ width: 390, height: 780 });
  await eventually(
    'the bar is out of reach again',
    () => takesFocus(ada, 'control-leave'),
    (can) => !can,
  );
  await ada.hasNoComplaints();
});

/** Whether the element with this test id can have the focus: nothing inert can. The focus stays where it was. */
function takesFocus({ page }: MeetingPage, testId: string): Promise<boolean> {
  return page.getByTestId(testId).evaluate((element: HTMLElement) => {
    const before = document.activeElement;
    element.focus();
    const has = document.activeElement === element;
    if (before instanceof HTMLElement) before.focus();
    return has;
  });
}
