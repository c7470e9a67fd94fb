import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { DataExchange } from '../../src/rooms/data-exchange.ts';
import { startServer } from '../support/server.ts';
import { eventually } from './support/eventually.ts';
import { Guest } from './support/guest.ts';
import { decodedOf, distance, tapServer } from './support/server-tap.ts';
import { useStage } from './support/stage.ts';

// Before the server starts, so that nothing of its media engine is missed.
const tap = tapServer();
const stage = useStage();
const SECRET = 'correct horse battery staple';

test('who has the key sees and hears; who has another one sees nothing, and is told so, until it has the right one', async (t) => {
  const ada = await joined(t, 'secret', 'ada', SECRET);
  await ada.publish();
  // Under the pages' content policy, which the worker has to fit.
  const bob = new Guest('bob', await stage.open(t, '/dashboard'));
  await bob.join(await stage.server.token('secret', 'bob'), {}, SECRET);
  const eve = await joined(t, 'secret', 'eve', 'correct horse battery stable');

  await Promise.all([bob.sees('ada'), bob.hears('ada')]);
  for (const source of ['camera', 'microphone'] as const) {
    await bob.told('encryptionChanged', { identity: 'ada', source, value: 'encrypted' });
    await eve.told('encryptionChanged', { identity: 'ada', source, value: 'wrong-key' });
  }
  assert.deepEqual(await bob.page.evaluate(() => kit.violations()), []);
  const { bytes, frames, shown, energy } = (await eventually(
    'eve is sent it',
    () => eve.reception('ada', 'camera'),
    (reception) => (reception?.bytes ?? 0) > 20_000,
  ))!;
  assert.deepEqual([frames, shown?.width, energy], [0, 0, 0], `${bytes} bytes`);

  await eve.page.evaluate((secret) => kit.setSecret(secret, 0), SECRET);
  await Promise.all([eve.sees('ada'), eve.hears('ada')]);
});

test('the server forwards pictures that it cannot decode, and still knows which are key frames', async (t) => {
  for (const secret of [undefined, SECRET]) {
    const name = secret === undefined ? 'open' : 'sealed';
    const ada = await joined(t, name, 'ada', secret);
    await ada.publish();
    const bob = await joined(t, name, 'bob', secret);
    await bob.sees('ada');

    const frames = await tap.pictures(t, 15);
    const [first] = frames;
    assert.ok(first !== undefined && (first[0]! & 1) === 0, 'a key frame, as its first byte says');
    assert.deepEqual([first.readUInt16LE(6), first.readUInt16LE(8)], [320, 180]);

    // By a decoder of the browser, and against what the peer sees.
    const { decoded, seen } = await decodedOf(bob.page, frames);
    const distances = decoded.map((picture) => Math.round(distance(picture, seen)));
    const alike = distances.filter((one) => one < 40).length;
    assert.equal(alike, secret === undefined ? frames.length : 0, `${name}: ${distances.join()}`);
    await Promise.all([ada.leave(), bob.leave()]);
  }
});

test('the server switches layers of an encrypted simulcast', async (t) => {
  const ada = await joined(t, 'layers', 'ada', SECRET);
  await ada.publish({ width: 640, height: 360, frameRate: 10, simulcast: true }, false);
  const bob = await joined(t, 'layers', 'bob', SECRET);
  await bob.sees('ada');
  for (const [layer, width] of [
    [0, 320],
    [1, 640],
  ] as const) {
    await bob.setLayers('ada', layer);
    await eventually(
      `layer ${layer}`,
      () => bob.reception('ada', 'camera'),
      (reception) => reception?.width === width,
      30_000,
    );
  }
});

test('who has left opens nothing of what follows: the others go on with the key that the application gives them', async (t) => {
  const guests = await Promise.all(['ada', 'bob', 'eve'].map((identity) => stage.guest(t, identity)));
  const [ada, bob, eve] = guests as [Guest, Guest, Guest];
  for (const guest of guests) {
    const next = guest === eve ? undefined : 'a battery that eve has never seen';
    await guest.join(await stage.server.token('rotated', guest.identity), {}, SECRET, next);
  }
  await ada.publish();
  await Promise.all([bob.sees('ada'), eve.sees('ada')]);
  await eve.leave();
  await ada.told('participantLeft', { identity: 'eve' });

  const again = await joined(t, 'rotated', 'eve', SECRET);
  await again.told('encryptionChanged', { identity: 'ada', source: 'camera', value: 'no-key' });
  assert.equal((await again.reception('ada', 'camera'))?.frames ?? 0, 0);
  await Promise.all([bob.sees('ada'), bob.hears('ada')]);
});

test('messages, calls and the chat are read by the peer, and by nobody on the way', async (t) => {
  const passing = listenToServer(t);
  const [ada, bob] = [await joined(t, 'words', 'ada', SECRET), await joined(t, 'words', 'bob', SECRET)];
  const eve = await joined(t, 'words', 'eve', 'correct horse battery stable');
  await ada.say('the treasure is on the island');
  await bob.told('chat', { identity: 'ada', value: 'the treasure is on the island' });
  await eve.told('problem', { value: 'encryption-failed: What ada sent could not be decrypted: wrong-key.' });
  assert.deepEqual(await eve.happened('chat'), []);
  // Over signaling as over data channels, whichever was open by then.
  await bob.say('which one of the islands?');
  await ada.told('chat', { identity: 'bob' });
  assert.ok(passing().length >= 2, 'the server has handed them on');
  for (const text of passing()) assert.doesNotMatch(text, /treasure|island/);
});

test('a room that has VP9 alone refuses what could not be encrypted, and one that prefers it is sent VP8', async (t) => {
  for (const [codecs, outcome] of [
    ['[opus, vp9, vp8]', 'video/VP8'],
    ['[opus, vp9]', 'not-supported'],
  ] as const) {
    const server = await startServer(['--media.codecs', codecs]);
    t.after(() => server.close());
    const ada = await stage.guest(t, 'ada', server.url);
    await ada.join(await server.token('codecs', 'ada'), {}, SECRET);
    assert.equal(await ada.page.evaluate(() => kit.codecOfCamera()), outcome);
    await ada.leave();
  }
});

test('the older API of browsers without script transforms understands the newer one, both ways', async (t) => {
  const page = await stage.open(t, '/v1/health', {
    prepare: (context) => context.addInitScript(() => Reflect.deleteProperty(globalThis, 'RTCRtpScriptTransform')),
  });
  const old = new Guest('old', page);
  await old.join(await stage.server.token('older', 'old'), {}, SECRET);
  const ada = await joined(t, 'older', 'ada', SECRET);
  await Promise.all([old.publish(), ada.publish()]);
  await Promise.all([old.sees('ada'), old.hears('ada'), ada.sees('old'), ada.hears('old')]);
});

/** What passes the server between participants, as it could read it. */
function listenToServer(t: TestContext): () => string[] {
  const { mock } = t.mock.method(DataExchange.prototype, 'send');
  return () =>
    mock.calls.map(
      ({ arguments: [, , header, payload] }) => `${JSON.stringify(header)} ${Buffer.from(payload).toString()}`,
    );
}

async function joined(t: TestContext, room: string, identity: string, secret: string | undefined): Promise<Guest> {
  const guest = await stage.guest(t, identity);
  await guest.join(await stage.server.token(room, identity), {}, secret);
  return guest;
}
