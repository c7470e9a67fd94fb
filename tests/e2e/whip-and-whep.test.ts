import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import type { Page } from 'playwright-core';

import { parseRoomName } from '../../src/rooms/ids.ts';
import { useBarePeer } from './support/bare-peer.ts';
import { eventually } from './support/eventually.ts';
import { useStage } from './support/stage.ts';

const stage = useStage({ server: ['--whip.disconnectTimeout', '1s'] });

test('a page publishes over WHIP: a participant of the SDK sees and hears it, and sees it go', async (t) => {
  const { ada } = await stage.call(t, 'ingest', 'ada');
  const page = await bare(t);
  const token = await stage.server.token('ingest', 'encoder');
  const url = `${stage.server.url}/whip/ingest`;

  const { status } = await page.evaluate(([to, by]) => barePeer.publish('one', to, by, []), [url, token] as const);
  assert.equal(status, 201);
  await Promise.all([ada.sees('encoder'), ada.hears('encoder')]);
  assert.deepEqual((await ada.room()).participants, ['encoder']);

  assert.equal(await page.evaluate(() => barePeer.end('one')), 200);
  await ada.told('participantLeft', { identity: 'encoder', value: 'left' });
});

test('a page plays over WHEP what a participant of the SDK publishes, and goes on after an ICE restart', async (t) => {
  const { ada } = await stage.call(t, 'egress', 'ada');
  const page = await bare(t);
  const url = `${stage.server.url}/whep/egress?participant=ada`;
  const token = await stage.server.token('egress', 'player');

  const { status, text } = await page.evaluate(([from, by]) => barePeer.play('one', from, by, ['audio', 'video']), [
    url,
    token,
  ] as const);
  assert.equal(status, 201, text);
  await plays(page, 'one', 2);
  assert.deepEqual((await ada.room()).participants, ['player']);

  const restarted = await page.evaluate(() => barePeer.restartIce('one'));
  assert.equal(restarted.status, 200);
  await eventually(
    'ICE is up again',
    () => page.evaluate(() => barePeer.state('one')),
    ({ ice }) => ice === 'connected' || ice === 'completed',
  );
  await plays(page, 'one', 2);

  await ada.leave();
  await eventually(
    'the player learns of the end',
    () => page.evaluate(() => barePeer.state('one')),
    ({ connection }) => connection === 'closed' || connection === 'failed' || connection === 'disconnected',
  );
});

test('a simulcast over WHIP can be chosen from by a participant of the SDK', async (t) => {
  const { ada } = await stage.call(t, 'layers', 'ada');
  const page = await bare(t);
  const url = `${stage.server.url}/whip/layers`;
  const token = await stage.server.token('layers', 'encoder');
  await page.evaluate(([to, by]) => barePeer.publish('one', to, by, ['h', 'l']), [url, token] as const);

  await ada.sees('encoder');
  for (const [layer, width] of [
    [0, 320],
    [1, 640],
  ] as const) {
    await ada.setLayers('encoder', layer);
    await eventually(
      `layer ${layer}`,
      () => ada.reception('encoder', 'camera'),
      (reception) => reception?.width === width,
      30_000,
    );
  }
});

test('with a section for each, a player gets the tracks of everyone', async (t) => {
  await stage.call(t, 'everyone', 'ada', 'bob');
  const page = await bare(t);
  const url = `${stage.server.url}/whep/everyone`;
  const token = await stage.server.token('everyone', 'player');
  const { status, text } = await page.evaluate(
    ([from, by]) => barePeer.play('one', from, by, ['video', 'video', 'audio', 'audio', 'video']),
    [url, token] as const,
  );
  assert.equal(status, 201, text);
  await plays(page, 'one', 4);
  const sections = await page.evaluate(() => barePeer.reception('one'));
  assert.deepEqual(
    sections.map(({ direction }) => direction),
    ['recvonly', 'recvonly', 'recvonly', 'recvonly', 'inactive'],
  );
});

test('a player that names nobody gets who speaks, though others came first', async (t) => {
  const { ada, bob } = await stage.call(t, 'speakers', 'ada', 'bob');
  const [first, second] = stage.server.rooms.find(parseRoomName('speakers')!)!.participants();
  // Whoever came first is silent.
  await (first?.identity === 'ada' ? ada : bob).mute('microphone');
  const page = await bare(t);
  const url = `${stage.server.url}/whep/speakers`;
  const token = await stage.server.token('speakers', 'player');
  // The fake microphone beeps, and between two beeps nobody speaks: asked then, the server names the first again.
  await eventually(
    'who speaks is played',
    async () => {
      await eventually(
        'the other one speaks',
        () => stage.server.rooms.find(parseRoomName('speakers')!)?.tick.s,
        (index) => index === second?.index,
      );
      const { text } = await page.evaluate(([from, by]) => barePeer.play('one', from, by, ['video', 'audio']), [
        url,
        token,
      ] as const);
      const streams = [...text.matchAll(/^a=msid:(\S+)/gmu)].map(([, stream]) => stream);
      if (streams[0] !== second?.id) await page.evaluate(() => barePeer.end('one'));
      return streams;
    },
    (streams) => streams.length === 2 && streams.every((stream) => stream === second?.id),
    40_000,
  );
  await plays(page, 'one', 2);
});

test('one that vanishes without a word has left once ICE has missed it', { timeout: 90_000 }, async (t) => {
  const { ada } = await stage.call(t, 'gone', 'ada');
  const page = await bare(t);
  const url = `${stage.server.url}/whip/gone`;
  const token = await stage.server.token('gone', 'encoder');
  await page.evaluate(([to, by]) => barePeer.publish('one', to, by, []), [url, token] as const);
  await ada.sees('encoder');

  await page.context().close();
  await ada.told('participantLeft', { identity: 'encoder', value: 'disconnected' }, 45_000);
});

async function bare(t: TestContext): Promise<Page> {
  const page = await stage.open(t, '/v1/health');
  await useBarePeer(page);
  return page;
}

/** Waits until `count` sections have decoded frames, or sound that is not silence, five more than at first. */
async function plays(page: Page, name: string, count: number): Promise<void> {
  const read = () => page.evaluate((its) => barePeer.reception(its), name);
  const before = new Map((await read()).map((section) => [section.mid, section]));
  await eventually(`${name} plays ${count} tracks`, read, (sections) => {
    const flowing = sections.filter(({ mid, frames, energy, kind }) => {
      const from = before.get(mid);
      return kind === 'video' ? frames >= (from?.frames ?? 0) + 5 : energy > (from?.energy ?? 0) + 1e-4;
    });
    return flowing.length === count;
  });
}
