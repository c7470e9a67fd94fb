import assert from 'node:assert/strict';
import test from 'node:test';

import { MeetingPage } from './support/meeting.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();

test('the token of a link is in no address that the browser asks for, nor in what it says where it comes from', async (t) => {
  const token = await stage.server.token('secret', 'ada', { name: 'Ada' });
  const page = await stage.open(t, '/v1/health');
  const addresses: string[] = [];
  const headers: Promise<Record<string, string>>[] = [];
  page.on('request', (request) => {
    addresses.push(request.url());
    headers.push(request.allHeaders());
  });
  page.on('websocket', (socket) => addresses.push(socket.url()));
  const ada = new MeetingPage(page);
  await page.goto(`${stage.server.url}/meet/secret#${token}`);
  await ada.enter();
  await ada.shows('Video of Ada (you)');

  assert.ok(
    addresses.some((address) => address.includes('/assets/')) && addresses.some((address) => address.startsWith('ws')),
  );
  // Playwright names a page with its fragment, which the browser does not send.
  const sent = addresses.map((address) => (address.startsWith('http') ? address.replace(/#.*$/, '') : address));
  assert.ok(sent.every((address) => !address.includes(token)));
  // Beacons show the token where a token belongs.
  const told = (await Promise.all(headers)).map((fields) => JSON.stringify({ ...fields, authorization: '' }));
  assert.deepEqual(
    told.filter((fields) => fields.includes(token)),
    [],
  );
  await ada.hasNoComplaints();
});
