import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import type { Guest } from './support/guest.ts';
import { eventually } from './support/eventually.ts';
import { type Proxy, startProxy } from './support/proxy.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();

test('a lost connection is mended: media goes on, nobody seems to leave, and no word is lost or doubled', async (t) => {
  const { ada, bob, network } = await callOverProxy(t, 'drop');

  network.cut();
  await ada.told('stateChanged', { value: 'reconnecting' });
  await Promise.all([ada.sees('bob'), ada.hears('bob'), bob.sees('ada'), bob.hears('ada')]);
  await bob.say('said while ada was away');
  const saying = ada.say('said into the dead line');
  network.mend();
  await saying;
  await ada.told('stateChanged', { value: 'connected' });
  await bob.say('afterwards');

  const said = ['ada: said into the dead line', 'bob: afterwards', 'bob: said while ada was away'];
  for (const guest of [ada, bob]) {
    await guest.told('chat', { value: 'afterwards' });
    assert.deepEqual((await guest.room()).chat.toSorted(), said, `what ${guest.identity} has read`);
    assert.deepEqual(
      (await guest.happened('chat')).map(({ identity, value }) => `${identity}: ${value}`).toSorted(),
      said,
    );
  }
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  await nobodyCameOrWent(ada, bob);
});

test('a message whose answer was lost with the connection is said once', async (t) => {
  const { ada, bob, network } = await callOverProxy(t, 'answer-lost');

  network.holdAnswers();
  const saying = ada.say('once');
  await bob.told('chat', { value: 'once' });
  network.cut();
  await ada.told('stateChanged', { value: 'reconnecting' });
  network.mend();
  assert.equal(await saying, 'once');
  await bob.say('afterwards');
  for (const guest of [ada, bob]) {
    await guest.told('chat', { value: 'afterwards' });
    assert.deepEqual((await guest.room()).chat, ['ada: once', 'bob: afterwards'], `what ${guest.identity} has read`);
  }
  await nobodyCameOrWent(ada, bob);
});

test('what changed while the connection was lost is found after it', async (t) => {
  const { ada, bob, network } = await callOverProxy(t, 'changes');

  network.cut();
  await ada.told('stateChanged', { value: 'reconnecting' });
  await bob.mute('camera');
  const { eve } = await stage.call(t, 'changes', 'eve');
  const muting = ada.mute('microphone');
  network.mend();
  await muting;
  await ada.told('trackMuted', { identity: 'bob', source: 'camera' });
  await bob.told('trackMuted', { identity: 'ada', source: 'microphone' });
  await bob.receivesNothing('ada', 'microphone');
  await Promise.all([ada.sees('eve'), eve.sees('ada')]);
  assert.deepEqual((await ada.room()).participants, ['bob', 'eve']);
});

/** Two in a call, with `ada` behind a network that can be cut. */
async function callOverProxy(t: TestContext, room: string): Promise<{ ada: Guest; bob: Guest; network: Proxy }> {
  const network = await startProxy(stage.server.port);
  t.after(() => network.close());
  const ada = await stage.guest(t, 'ada', network.origin);
  // Only what goes over signaling is lost with it.
  await ada.page.evaluate(keepChannelsClosed);
  await ada.join(await stage.server.token(room, 'ada'));
  await ada.publish();
  const { bob } = await stage.call(t, room, 'bob');
  await Promise.all([ada.sees('bob'), bob.sees('ada')]);
  return { ada, bob, network };
}

/** Data channels are made, and never open. */
function keepChannelsClosed(): void {
  Object.defineProperty(RTCDataChannel.prototype, 'readyState', { get: () => 'connecting' });
  const listen = Reflect.get(RTCDataChannel.prototype, 'addEventListener') as (...args: unknown[]) => void;
  Object.defineProperty(RTCDataChannel.prototype, 'addEventListener', {
    value(this: RTCDataChannel, ...args: unknown[]) {
      if (args[0] !== 'open') listen.apply(this, args);
    },
  });
}

async function nobodyCameOrWent(ada: Guest, bob: Guest): Promise<void> {
  await eventually(
    'ada is connected',
    () => ada.room(),
    ({ state }) => state === 'connected',
  );
  assert.deepEqual(await bob.happened('participantLeft', 'trackRemoved', 'stateChanged', 'problem'), []);
  assert.deepEqual(await ada.happened('participantLeft', 'trackRemoved', 'problem', 'closed'), []);
  assert.ok((await bob.happened('participantJoined')).length <= 1, 'ada joined at most once');
  assert.equal((await ada.happened('participantJoined')).length, 1);
}
