import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';

import { QoeCaller } from '../support/qoe-caller.ts';
import { fillStore } from '../support/qoe-history.ts';
import { Dashboard } from './support/dashboard.ts';
import { eventually } from './support/eventually.ts';
import { useStage } from './support/stage.ts';

const SESSIONS = 10_000;
const folder = mkdtempSync(join(tmpdir(), 'sluice-dashboard-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const history = await fillStore(join(folder, 'qoe.sqlite'), SESSIONS);
const stage = useStage({ server: ['--store.folder', folder] });

test('among 10,000 sessions one is found by who, level and time, and the list is as it was left', async (t) => {
  const dashboard = await Dashboard.open(t, stage, '/sessions');
  const { page } = dashboard;
  const rows = page.getByTestId('session');
  await eventually(
    'a page of them',
    () => rows.count(),
    (count) => count === 50,
  );
  await page.getByRole('button', { name: 'Show more' }).click();
  await eventually(
    'and another',
    () => rows.count(),
    (count) => count === 100,
  );
  await dashboard.picture('sessions');

  // A report, and back to the same place.
  await rows.nth(80).getByRole('link').click();
  await page.getByTestId('waterfall').waitFor();
  await page.goBack();
  assert.equal(await rows.count(), 100, 'nothing has to be loaded again');

  await page.keyboard.press('/');
  await page.keyboard.type(history.identity);
  await page.getByLabel('Level').selectOption('lost');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Search' }).click();
  await eventually(
    'those of one',
    () => rows.count(),
    (count) => count === history.lostOfIdentity,
  );
  for (const text of await rows.allTextContents()) assert.match(text, new RegExp(`^lost${history.identity}`, 'u'));
  assert.equal(dashboard.address, `/dashboard/sessions?identity=${history.identity}&level=lost`);
  await page.reload();
  await eventually(
    'the same after a reload',
    () => rows.count(),
    (count) => count === history.lostOfIdentity,
  );

  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByLabel('Identity').fill('nobody at all');
  await page.keyboard.press('Enter');
  await dashboard.heading('Nothing was found').waitFor();
  await dashboard.hasNoComplaints();
});

test("a session's report tells who, when, how long, how good, how it joined and why it ended", async (t) => {
  const ada = await QoeCaller.join(t, stage.server, 'report', 'ada');
  const dashboard = await Dashboard.open(t, stage, `/sessions/${ada.session}`);
  const { page } = dashboard;
  await page.getByText('In the call').waitFor();
  for (let second = 0; second < 4; second += 1) {
    await ada.tell({ lossUp: second < 1 ? 0 : 0.2 });
    await page.waitForTimeout(1000);
  }
  await ada.tell({ lossUp: 0.2 });
  await ada.leave();
  await page.getByText('left by itself').waitFor();
  await page.getByTestId('waterfall').waitFor();
  await dashboard.heading('ada').waitFor();
  const steps = await page.getByTestId('waterfall').getByRole('listitem').allTextContents();
  assert.deepEqual(steps, [
    'Socket opened12 ms +12 ms',
    'Join answered31 ms +19 ms',
    'Media connected84 ms +53 ms',
    'First frame160 ms +76 ms',
  ]);
  await page.getByTestId('cost').first().waitFor();
  assert.match(
    (await page.getByTestId('cost').first().textContent())!,
    /Uplink loss up100 %took \d\.\d off the score/u,
  );
  await dashboard.charts();
  await dashboard.picture('session');
  await page.getByRole('radio', { name: 'Table' }).press('Space');
  assert.match((await page.getByTestId('table').textContent())!, /ada.*poor.*loss up/u);
  await dashboard.hasNoComplaints();

  await page.goto(`${stage.server.url}/dashboard/sessions/there-is-none`);
  await dashboard.heading('There is no such session').waitFor();
});

test('today adds up what cost most, and leads to the sessions of each level', async (t) => {
  const dashboard = await Dashboard.open(t, stage, '/today');
  const { page } = dashboard;
  await page.getByTestId('cost').first().waitFor();
  const costs = await page.getByTestId('cost').allTextContents();
  assert.match(costs[0]!, new RegExp(history.dearest, 'u'));
  await page.getByText('networks on the way up').waitFor();
  await dashboard.picture('today');
  await page.getByRole('link', { name: 'lost' }).click();
  await eventually(
    'sessions that were lost for a while',
    () => page.getByTestId('session').allTextContents(),
    (texts) => texts.length > 0 && texts.every((text) => text.startsWith('lost')),
  );
  await dashboard.hasNoComplaints();
});
