import assert from 'node:assert/strict';
import test from 'node:test';

import { QoeCaller } from '../support/qoe-caller.ts';
import { Dashboard } from './support/dashboard.ts';
import { eventually } from './support/eventually.ts';
import { startProxy } from './support/proxy.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();

test('trouble of a room is on the screen by itself, with whose it is and since when', async (t) => {
  const dashboard = await Dashboard.open(t, stage);
  const { page } = dashboard;
  await page.getByText('Nobody is in a call').waitFor();
  await dashboard.picture('live-empty');

  const callers = await Promise.all(
    [
      ['calm', 'ada'],
      ['calm', 'ben'],
      ['review', 'cy'],
      ['review', 'dee'],
    ].map(([room, identity]) => QoeCaller.join(t, stage.server, room!, identity!)),
  );
  let lossUp = 0;
  for (const caller of callers) caller.keepTelling(t, () => (caller.identity === 'dee' ? { lossUp } : {}));
  await dashboard.room('calm').waitFor();
  await page.getByText('All is well').waitFor();

  await Promise.all(callers.map((caller) => caller.tell()));
  const began = performance.now();
  lossUp = 0.2;
  await callers[3]!.tell({ lossUp });
  const review = dashboard.room('review');
  await review.getByText(/loss \d+ % up/u).waitFor();
  t.diagnostic(`on the screen ${Math.round(performance.now() - began)} ms after it was measured`);
  await page.getByText('1 room in trouble').waitFor();
  assert.equal(await review.getAttribute('data-level'), 'poor');
  const rooms = () => page.getByTestId('room').getByRole('link').allTextContents();
  await eventually('the worst comes first', rooms, (names) => names.join() === 'review,calm');
  const [first] = await review.getByRole('list').getByRole('listitem').allTextContents();
  assert.match(first!, /dee.*Uplink loss \d+ % up/u);
  await dashboard.picture('live-trouble');

  // Whoever goes is gone.
  await callers[3]!.leave();
  await page.getByText('All is well').waitFor();
  await dashboard.hasNoComplaints();
});

test('rooms stay in their places while somebody is about to press one', async (t) => {
  const dashboard = await Dashboard.open(t, stage);
  const one = await QoeCaller.join(t, stage.server, 'aaa', 'ada');
  const two = await QoeCaller.join(t, stage.server, 'bbb', 'ben');
  let lossUp = 0;
  one.keepTelling(t);
  two.keepTelling(t, () => ({ lossUp }));
  await dashboard.room('bbb').waitFor();
  await dashboard.room('aaa').getByRole('link').focus();
  lossUp = 0.2;
  await dashboard.room('bbb').getByText(/loss/u).waitFor();
  const rooms = () => dashboard.page.getByTestId('room').getByRole('link').allTextContents();
  assert.ok((await rooms()).indexOf('aaa') < (await rooms()).indexOf('bbb'), 'not under the focus');
  await dashboard.page.getByRole('searchbox').focus();
  await eventually('then the worst comes first', rooms, (names) => names[0] === 'bbb');

  // The keyboard opens a room, and goes back to the list.
  await dashboard.page.keyboard.press('Tab');
  assert.equal(await dashboard.focused(), 'bbb');
  await dashboard.page.keyboard.press('Enter');
  await dashboard.heading('bbb').waitFor();
  await dashboard.page.goBack();
  await dashboard.heading('Live rooms').waitFor();
});

test('identities are text, whatever is in them', async (t) => {
  const hostile = [
    '<img src=x onerror=alert(1)>',
    '"><script>alert(2)</script>',
    "javascript:alert('3')",
    '\u202Egnp.exe',
    'x'.repeat(128),
  ];
  const callers = await Promise.all(hostile.map((identity) => QoeCaller.join(t, stage.server, 'hostile', identity)));
  for (const caller of callers) caller.keepTelling(t, () => ({ lossDown: 0.2 }));
  const dashboard = await Dashboard.open(t, stage);
  const { page } = dashboard;
  const width = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await page.setViewportSize({ width: 390, height: 844 });
  for (const identity of hostile) await dashboard.room('hostile').getByText(identity, { exact: true }).waitFor();
  assert.ok((await width()) <= 0, 'nothing is wider than a phone');
  await page.goto(`${stage.server.url}/dashboard/rooms/hostile`);
  await dashboard.charts();
  for (const identity of hostile) await dashboard.participant(identity).waitFor();
  assert.ok((await width()) <= 0);
  await dashboard.picture('hostile-room');
  await dashboard.participant(hostile[0]!).getByRole('link').click();
  await dashboard.heading(hostile[0]!).waitFor();
  assert.ok((await width()) <= 0);
  assert.equal(await page.locator('img, main script').count(), 0);
  await dashboard.hasNoComplaints();
});

test('a lost connection is said, and the stream goes on by itself', async (t) => {
  const proxy = await startProxy(Number(new URL(stage.server.url).port));
  t.after(() => proxy.close());
  const ada = await QoeCaller.join(t, stage.server, 'tunnel', 'ada');
  ada.keepTelling(t);
  const dashboard = await Dashboard.open(t, stage, '', proxy.origin);
  await dashboard.room('tunnel').waitFor();
  proxy.cut();
  await dashboard.page.getByTestId('offline').waitFor();
  await dashboard.room('tunnel').waitFor();
  await dashboard.picture('offline');
  proxy.mend();
  await dashboard.page.getByTestId('offline').waitFor({ state: 'detached' });
  await dashboard.page.getByText('Live again').waitFor({ state: 'attached' });
  await dashboard.room('tunnel').waitFor();
});
