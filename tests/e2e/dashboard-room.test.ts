import assert from 'node:assert/strict';
import test from 'node:test';

import { QoeCaller } from '../support/qoe-caller.ts';
import { Dashboard } from './support/dashboard.ts';
import { eventually } from './support/eventually.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();

test("a room's page says whose link is bad, which way and since when, and shows it in charts, by keys and as a table", async (t) => {
  const ada = await QoeCaller.join(t, stage.server, 'lab', 'ada');
  const ben = await QoeCaller.join(t, stage.server, 'lab', 'ben');
  let lossDown = 0;
  ada.keepTelling(t);
  ben.keepTelling(t, () => ({ lossDown }));
  const dashboard = await Dashboard.open(t, stage, '/rooms/lab');
  const { page } = dashboard;
  const charts = await dashboard.charts();
  await eventually(
    'both are scored',
    () => page.getByText('excellent', { exact: true }).count(),
    (count) => count >= 2,
  );
  assert.equal(await charts.locator('canvas').count(), 5, 'levels and four measurements');
  const before = await painted(dashboard);

  lossDown = 0.2;
  const blame = dashboard.participant('ben').getByTestId('blame');
  await blame.waitFor();
  assert.match((await blame.textContent())!, /Downlink .*down ?since \d\d:\d\d:\d\d \(\d+ s\)/u);
  assert.equal(await dashboard.participant('ada').getByTestId('blame').count(), 0, 'nobody is blamed for another');
  const [worst] = await page.getByTestId('participant').getByRole('link').allTextContents();
  assert.equal(worst, 'ben', 'the worst comes first');
  await eventually(
    'the charts go on',
    () => painted(dashboard),
    (now) => now !== before,
  );
  await dashboard.picture('room');

  // The cursor by keys: what is beside the charts is of that moment.
  await charts.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Shift+ArrowLeft');
  const at = page.getByTestId('people-at');
  assert.match((await at.textContent())!, /^at \d\d:\d\d:\d\d$/u);
  await page.keyboard.press('Escape');
  assert.equal(await at.textContent(), 'now');

  // Zoom is in the address, so that it can be linked, and gone back from.
  await page.keyboard.press('+');
  await eventually(
    'the range is in the address',
    () => dashboard.address,
    (address) => /from=\d+&to=\d+/u.test(address),
  );
  await page.getByRole('button', { name: 'Back to live' }).waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Back to live' }).waitFor({ state: 'detached' });
  assert.equal(dashboard.address, '/dashboard/rooms/lab');

  // A line can be left out; its lane goes with it.
  const height = () => charts.locator('.panel-levels').evaluate((element) => element.clientHeight);
  const both = await height();
  await page.getByRole('checkbox', { name: 'Show ada in the charts' }).press('Space');
  await eventually('one lane less', height, (now) => now < both);

  // A table stands still: what came after it was opened is in the next one.
  const table = page.getByTestId('table');
  const rows = await eventually(
    'the same is in the table',
    async () => {
      await page.getByRole('radio', { name: 'Charts' }).press('Space');
      await page.getByRole('radio', { name: 'Table' }).press('Space');
      return table.getByRole('row').allTextContents();
    },
    (texts) => texts.some((row) => /ben.*poor.*loss down/u.test(row)),
  );
  assert.ok(rows.every((row) => !row.includes('ada')));
  await dashboard.hasNoComplaints();
});

test('dragging over a chart zooms all of them', async (t) => {
  const ada = await QoeCaller.join(t, stage.server, 'drag', 'ada');
  ada.keepTelling(t);
  await ada.tell();
  const dashboard = await Dashboard.open(t, stage, '/rooms/drag');
  const charts = await dashboard.charts();
  const box = await charts.locator('.panel-score .u-over').boundingBox();
  assert.ok(box);
  const { mouse } = dashboard.page;
  await mouse.move(box.x + box.width * 0.5, box.y + 40);
  await mouse.down();
  // Who drags sees how far the selection goes, and moves until it is right: moves come to a busy page together, or late.
  const selection = charts.locator('.panel-score .u-select');
  let moves = 0;
  await eventually(
    'a quarter is selected',
    async () => {
      await mouse.move(box.x + box.width * 0.75 + (moves++ % 2), box.y + 40);
      return (await selection.boundingBox())?.width ?? 0;
    },
    (width) => Math.abs(width - box.width / 4) < 3,
  );
  await mouse.up();
  const address = await eventually(
    'zoomed',
    () => dashboard.address,
    (now) => now.includes('from='),
  );
  const query = new URLSearchParams(address.split('?')[1]);
  const seconds = (Number(query.get('to')) - Number(query.get('from'))) / 1000;
  assert.ok(Math.abs(seconds - 75) < 4, `a quarter of five minutes: ${seconds} s`);
});

test('a room in which nobody was says so, and leads on', async (t) => {
  const dashboard = await Dashboard.open(t, stage, '/rooms/deserted');
  await dashboard.heading(/Nobody was in this room in the last 5 min/u).waitFor();
  await dashboard.page.getByRole('link', { name: 'Search sessions in deserted' }).click();
  await dashboard.heading('Nothing was found').waitFor();
  assert.equal(dashboard.address, '/dashboard/sessions?room=deserted');
});

test('on a phone and in the light everything fits, too', async (t) => {
  const ada = await QoeCaller.join(t, stage.server, 'pocket', 'ada');
  ada.keepTelling(t, () => ({ lossUp: 0.12 }));
  const dashboard = await Dashboard.open(t, stage, '/rooms/pocket');
  const { page } = dashboard;
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await dashboard.charts();
  await dashboard.participant('ada').getByTestId('blame').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  const canvas = await page.locator('.panel-score canvas').boundingBox();
  assert.ok(canvas && canvas.x >= 0 && canvas.x + canvas.width <= 390);
  await dashboard.picture('room-phone-light');
  await dashboard.hasNoComplaints();
});

/** A checksum of what the charts show. */
function painted({ page }: Dashboard): Promise<string> {
  return page.locator('.panel-score canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL().slice(-2000));
}
