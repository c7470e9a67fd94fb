import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { MeetingPage } from './support/meeting.ts';
import { startProxy } from './support/proxy.ts';
import { installCamera } from './support/scenes.ts';
import { type OpenOptions, useStage } from './support/stage.ts';

const stage = useStage();
const TALKER = {
  skin: '#d9a47c',
  hair: '#3a2a20',
  shirt: '#2f6b57',
  wall: ['#5a4d78', '#251e40'],
  style: 'short',
  speaks: true,
} as const;

test('two people open their links, check how they look, join, and see and hear each other', async (t) => {
  const ada = await opened(t, 'first-meeting', 'Ada');
  await ada.heading('first-meeting').waitFor();
  await ada.shows('Your camera');
  await ada.enter();
  await ada.page.getByText('Only you are here').waitFor();
  const ben = await opened(t, 'first-meeting', 'Ben');
  await ben.enter();

  await Promise.all([ada.tile('Ben').waitFor(), ben.tile('Ada').waitFor()]);
  await Promise.all([ada.tile('Ada (you)').waitFor(), ben.tile('Ben (you)').waitFor()]);
  await Promise.all([ada.shows('Video of Ben'), ben.shows('Video of Ada'), ada.shows('Video of Ada (you)')]);
  await Promise.all([ada.hearsSound(), ben.hearsSound()]);
  await ada.page.getByText('2 people').waitFor();
  await Promise.all([ada.hasNoComplaints(), ben.hasNoComplaints()]);
});

test('microphone and camera go off and on, by button and by key, and the others see it', async (t) => {
  const [ada, ben] = await meeting(t, 'switches');
  await ben.shows('Video of Ada');

  await ada.button('Microphone').click();
  await ben.tile('Ada, microphone off').waitFor();
  await ada.page.keyboard.press('v');
  await ben.tile('Ada, microphone off, camera off').waitFor();
  assert.equal(await ben.page.getByLabel('Video of Ada', { exact: true }).count(), 0);
  assert.equal(await ada.button('Microphone').getAttribute('aria-pressed'), 'false');
  assert.equal(await ada.button('Camera').getAttribute('aria-pressed'), 'false');

  await ada.page.keyboard.press('m');
  await ada.button('Camera').click();
  await ben.tile('Ada').waitFor();
  await ben.shows('Video of Ada');
  await Promise.all([ada.hasNoComplaints(), ben.hasNoComplaints()]);
});

test('who speaks has the ring, and who is muted has not', async (t) => {
  // The beeps of Chromium's fake microphone are too short to be taken for speech soon.
  const [ada, ben] = await meeting(t, 'speaking', {
    prepare: (context) => context.addInitScript(installCamera, TALKER),
  });
  const speaks = (name: string) => ada.page.locator('[data-speaking=true]').and(ada.tile(name));

  await ada.button('Microphone').click();
  await speaks('Ben').waitFor();
  await ben.button('Microphone').click();
  await ada.button('Microphone').click();
  await speaks('Ada (you)').waitFor();
});

test('chat goes both ways, and tells what is unread', async (t) => {
  const [ada, ben] = await meeting(t, 'chatting');

  await ada.button('Chat').click();
  await ada.write('Good morning!');
  await ben.button('Chat, 1 unread').click();
  await ben.messages.getByText('Good morning!').waitFor();
  await ben.write('<b>Good</b> morning, Ada.');
  await ada.messages.getByText('<b>Good</b> morning, Ada.').waitFor();
  for (const { messages } of [ada, ben]) assert.equal(await messages.getByText('morning').count(), 2);
  await Promise.all([ada.hasNoComplaints(), ben.hasNoComplaints()]);
});

test('a shared screen stands beside its owner, until it is stopped', async (t) => {
  const [ada, ben] = await meeting(t, 'sharing');

  await ada.button('Share screen').click();
  await ada.page.getByText('You are sharing your screen with everyone.').waitFor();
  await ben.tile('Screen of Ada').waitFor();
  await Promise.all([ben.shows('Screen of Ada'), ben.shows('Video of Ada')]);

  await ada.button('Stop sharing').click();
  await ben.tile('Screen of Ada').waitFor({ state: 'detached' });
  await ben.shows('Video of Ada');
  await Promise.all([ada.hasNoComplaints(), ben.hasNoComplaints()]);
});

test('who leaves is told how to come back, and does', async (t) => {
  const [ada, ben] = await meeting(t, 'leaving');

  await ada.button('Leave').click();
  await ada.heading('You left the meeting').waitFor();
  await ben.tile('Ada').waitFor({ state: 'detached' });
  await ben.page.getByText('Only you are here').waitFor();

  await ada.button('Rejoin').click();
  await ada.enter();
  await Promise.all([ben.shows('Video of Ada'), ada.shows('Video of Ben')]);
});

test('who is removed is told so', async (t) => {
  const [ada, ben] = await meeting(t, 'removing');
  await stage.server.call('DELETE', '/v1/rooms/removing/participants/ada');
  await ada.heading('You were removed from the meeting').waitFor();
  await ben.tile('Ada').waitFor({ state: 'detached' });
});

test('a lost connection is said, and so is that it is back, while the picture goes on', async (t) => {
  const network = await startProxy(stage.server.port);
  t.after(() => network.close());
  const ada = await opened(t, 'dropping', 'Ada', { origin: network.origin });
  await ada.enter();
  const ben = await opened(t, 'dropping', 'Ben');
  await ben.enter();
  await ada.shows('Video of Ben');

  const banner = ada.page.getByRole('alert').filter({ hasText: 'Reconnecting' });
  network.cut();
  await banner.waitFor();
  await Promise.all([ada.shows('Video of Ben'), ben.shows('Video of Ada')]);
  network.mend();
  await banner.waitFor({ state: 'detached' });
  await Promise.all([ada.shows('Video of Ben'), ben.shows('Video of Ada')]);
});

/** The start page of a link for `name`. */
async function opened(t: TestContext, room: string, name: string, options: OpenOptions = {}): Promise<MeetingPage> {
  const token = await stage.server.token(room, name.toLowerCase(), { name });
  return new MeetingPage(await stage.open(t, `/meet/${room}#${token}`, options));
}

/** Ada and Ben, who see each other. */
async function meeting(
  t: TestContext,
  room: string,
  options?: OpenOptions,
): Promise<[ada: MeetingPage, ben: MeetingPage]> {
  const [ada, ben] = await Promise.all([opened(t, room, 'Ada', options), opened(t, room, 'Ben', options)]);
  await Promise.all([ada.enter(), ben.enter()]);
  await Promise.all([ada.tile('Ben').waitFor(), ben.tile('Ada').waitFor()]);
  return [ada, ben];
}
