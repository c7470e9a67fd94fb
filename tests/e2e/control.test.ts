import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from './support/eventually.ts';
import { MeetingPage } from './support/meeting.ts';
import { type Stage, useStage } from './support/stage.ts';

const stage: Stage = useStage();

test('who is muted by an administrator is silent, sees it, and can unmute; nobody else mutes', async (t) => {
  const { ada } = await stage.call(t, 'mute', 'ada');
  const chair = await stage.guest(t, 'chair');
  await chair.join(await stage.server.token('mute', 'chair', { grants: { admin: true } }));
  await chair.hears('ada');
  assert.equal(await ada.page.evaluate(() => kit.administer('mute', 'chair', 'microphone')), 'forbidden');
  assert.equal(await chair.page.evaluate(() => kit.administer('mute', 'ada', 'microphone')), null);
  await ada.told('mutedByOther', { source: 'microphone', value: 'chair' });
  await chair.receivesNothing('ada', 'microphone');
  assert.ok((await ada.page.evaluate(() => kit.sent())).includes('microphone muted'));
  await chair.page.evaluate(() => kit.administer('askToUnmute', 'ada', 'microphone'));
  await ada.told('unmuteRequested', { source: 'microphone', value: 'chair' });
  await ada.unmute('microphone');
  await chair.hears('ada');
});

test('a source that is not granted any more goes dark, and comes back with the grant', async (t) => {
  const { ada, bob } = await stage.call(t, 'grants', 'ada', 'bob');
  await bob.sees('ada');
  const grant = (grants: object) => stage.server.call('PATCH', '/v1/rooms/grants/participants/ada', { grants });
  await grant({ publish: ['microphone'] });
  await ada.told('grantsChanged', { value: 'microphone' });
  await bob.told('trackRemoved', { identity: 'ada', source: 'camera' });
  assert.deepEqual(await ada.page.evaluate(() => kit.sent()), ['microphone']);
  await grant({ publish: ['microphone', 'camera'], subscribe: false });
  await eventually(
    'nothing is received',
    () => ada.reception('bob', 'camera'),
    (reception) => reception === undefined,
  );
  await ada.publish();
  await bob.sees('ada');
  await grant({ subscribe: true });
  await ada.sees('bob');
});

test('who is moved is in the other room, sees and is seen there, and comes back there', async (t) => {
  const { ada } = await stage.call(t, 'from', 'ada');
  const { bob } = await stage.call(t, 'to', 'bob');
  const moved = await stage.server.call('POST', '/v1/rooms/from/participants/ada/move', { room: 'to' });
  assert.equal(moved.status, 200);
  await ada.told('moved', { value: 'from to to' });
  await Promise.all([ada.sees('bob'), bob.sees('ada'), bob.hears('ada')]);
  const view = await ada.room();
  assert.deepEqual([view.name, view.state, view.participants], ['to', 'connected', ['bob']]);
});

test('on the page, an administrator turns off, asks and removes; the person sees who, and why', async (t) => {
  const [chair, ada] = [await page(t, 'Chair', { grants: { admin: true } }), await page(t, 'Ada')];
  await chair.tile('Ada').waitFor();
  await chair.page.keyboard.press('p');
  const choose = async (item: string) => {
    await chair.button('Manage Ada').click();
    await chair.page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Turn microphone off');
  await ada.page.getByText('Chair turned your microphone off').first().waitFor();
  await chair.tile('Ada, microphone off').waitFor();
  await choose('Ask to turn microphone on');
  await ada.heading('Turn your microphone on?').waitFor();
  await ada.button('Turn on').click();
  await chair.tile('Ada').waitFor();
  await stage.server.call('DELETE', '/v1/rooms/page/participants/Ada?reason=Be%20kind');
  await ada.heading('You were removed from the meeting').waitFor();
  assert.equal(await ada.page.getByTestId('end-reason').innerText(), 'Be kind');
  // Of Ada's own, the last word on her connection is refused: her token is not good for anything any more.
  await chair.hasNoComplaints();
});

async function page(t: Parameters<Stage['open']>[0], name: string, more = {}): Promise<MeetingPage> {
  const token = await stage.server.token('page', name, { name, ...more });
  const opened = new MeetingPage(await stage.open(t, `/meet/page#${token}`));
  await opened.enter();
  return opened;
}
