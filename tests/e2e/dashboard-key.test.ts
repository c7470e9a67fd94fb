import assert from 'node:assert/strict';
import test from 'node:test';

import { API_KEYS } from '../support/server.ts';
import { Dashboard } from './support/dashboard.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();

test('the dashboard asks for the key once, keeps it for the tab alone, and forgets it at the way out', async (t) => {
  const dashboard = new Dashboard(await stage.open(t, '/dashboard/today'));
  const { page } = dashboard;
  const field = page.getByLabel('API key');
  await field.waitFor();
  assert.equal(await field.evaluate((element) => element === document.activeElement), true, 'ready to type');

  await field.press('Enter');
  await page.getByText('Enter the API key.').waitFor();
  await dashboard.signIn('wrong.0123456789abcdef0123456789abcdef');
  await page.getByText('This server does not know that key.').waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  await dashboard.signIn('no key – at all');
  await page.getByText(/spaces or letters/u).waitFor();
  await dashboard.picture('key-refused');

  await dashboard.signIn();
  await dashboard.heading('Today').waitFor();
  assert.equal(dashboard.address, '/dashboard/today', 'where the link led to');
  await page.reload();
  await dashboard.heading('Today').waitFor();
  assert.equal(await field.count(), 0, 'not asked again');
  assert.ok(dashboard.requests.some((address) => address.includes('/v1/qoe/causes')));
  assert.deepEqual(
    dashboard.requests.filter((address) => address.includes(API_KEYS[0])),
    [],
    'the key is in no address',
  );
  assert.deepEqual(await page.evaluate(() => [Object.keys(localStorage), document.cookie, history.state]), [
    [],
    '',
    null,
  ]);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await field.waitFor();
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify(sessionStorage)), /0123456789abcdef/u);
  await page.reload();
  await field.waitFor();
  await dashboard.hasNoComplaints();
});

test('a key that is not taken any more leads back to the question, which says so', async (t) => {
  // A page that asks for nothing by itself: the live ones would find out before the click.
  const dashboard = await Dashboard.open(t, stage, '/sessions');
  await dashboard.heading('Sessions').waitFor();
  await dashboard.page.route('**/v1/qoe/**', (route) => route.continue({ headers: { authorization: 'Bearer x' } }));
  await dashboard.page.getByRole('link', { name: 'Today', exact: true }).click();
  await dashboard.page.getByText('does not take the key any more').waitFor();
  await dashboard.page.unroute('**/v1/qoe/**');
  await dashboard.signIn();
  await dashboard.heading('Today').waitFor();
});

test('links lead to a page, reload stays on it, and the browser goes back', async (t) => {
  const dashboard = await Dashboard.open(t, stage);
  const { page } = dashboard;
  await page.keyboard.press('t');
  await dashboard.heading('Today').waitFor();
  assert.equal(await dashboard.focused(), 'Today', 'a screen reader reads on from here');
  await page.keyboard.press('s');
  await dashboard.heading('Sessions').waitFor();
  await page.reload();
  await dashboard.heading('Sessions').waitFor();
  await page.goBack();
  await dashboard.heading('Today').waitFor();
  await page.goBack();
  await dashboard.heading('Live rooms').waitFor();
  await page.goForward();
  await dashboard.heading('Today').waitFor();
  await page.goto(`${stage.server.url}/dashboard/nowhere/at/all`);
  await dashboard.heading('There is no such page').waitFor();
});

test('the meeting page loads nothing of the dashboard, and the dashboard no charts until one is shown', async (t) => {
  const dashboard = await Dashboard.open(t, stage);
  const scripts = () =>
    dashboard.requests.filter((address) => address.endsWith('.js')).map((it) => new URL(it).pathname);
  await dashboard.page.getByText('Nobody is in a call').waitFor();
  assert.equal(scripts().length, 1, `one script: ${scripts().join()}`);

  const meeting = await stage.open(t, '/v1/health');
  const asked: string[] = [];
  meeting.on('request', (request) => asked.push(request.url()));
  await meeting.goto(`${stage.server.url}/meet/lab`);
  await meeting.getByTestId('end-screen').waitFor();
  assert.equal(asked.filter((address) => address.endsWith('.js')).length, 1);
  assert.ok(asked.every((address) => !/dashboard|timeline/u.test(address)));
});
