import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import { freePort } from '../support/free-port.ts';
import { startServerProcess } from '../support/server-process.ts';
import { API_KEYS, startServer } from '../support/server.ts';
import type { Guest } from './support/guest.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();
/** For the SDK to find the new server, join, and show video. */
const BACK_WITHIN = 20_000;

test('when the server crashes and starts again, everyone is back in the call with video and sound', async (t) => {
  const port = await freePort();
  const start = async () => {
    const server = startServerProcess(t, ['--host', '127.0.0.1', '--port', String(port)], {
      SLUICE_AUTH_KEYS: API_KEYS.join(','),
    });
    await server.printed(/ready/);
    return server;
  };
  const first = await start();
  const { ada, bob, before } = await callAt(t, `http://127.0.0.1:${port}`);

  first.signal('SIGKILL');
  await first.exit;
  await Promise.all([ada, bob].map((guest) => guest.told('stateChanged', { value: 'reconnecting' })));
  await start();
  await areBack(ada, bob, before);
});

test('when the server is stopped in order and starts again, everyone is back as well', async (t) => {
  const port = await freePort();
  const first = await startServer(['--port', String(port)]);
  t.after(() => first.close());
  const { ada, bob, before } = await callAt(t, first.url);

  await first.close();
  await Promise.all([ada, bob].map((guest) => guest.told('stateChanged', { value: 'reconnecting' })));
  const second = await startServer(['--port', String(port)]);
  t.after(() => second.close());
  await areBack(ada, bob, before);
});

type Receivers = { ada: string; bob: string };

async function callAt(t: TestContext, origin: string): Promise<{ ada: Guest; bob: Guest; before: Receivers }> {
  const join = async (identity: string) => {
    const guest = await stage.guest(t, identity, origin);
    // All servers of these tests have the same keys.
    await guest.join(await stage.server.token('restart', identity));
    await guest.publish();
    return guest;
  };
  const [ada, bob] = [await join('ada'), await join('bob')];
  const [ofAda, ofBob] = await Promise.all([bob.sees('ada'), ada.sees('bob')]);
  return { ada, bob, before: { ada: ofAda.receiver, bob: ofBob.receiver } };
}

async function areBack(ada: Guest, bob: Guest, before: Receivers): Promise<void> {
  await Promise.all([ada, bob].map((guest) => guest.told('stateChanged', { value: 'connected' }, BACK_WITHIN)));
  const [ofAda, ofBob] = await Promise.all([
    bob.sees('ada', 'camera', BACK_WITHIN),
    ada.sees('bob', 'camera', BACK_WITHIN),
    bob.hears('ada', 'microphone', BACK_WITHIN),
    ada.hears('bob', 'microphone', BACK_WITHIN),
  ]);
  assert.notEqual(ofAda.receiver, before.ada);
  assert.notEqual(ofBob.receiver, before.bob);
  for (const guest of [ada, bob]) {
    assert.deepEqual(await guest.happened('participantLeft', 'trackRemoved', 'closed'), []);
    assert.equal((await guest.room()).state, 'connected');
  }
}
