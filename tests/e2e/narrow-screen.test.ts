/** A shared screen where the way down is narrow: its text stays as sharp as it is, it moves in steps, and sound goes on. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../support/free-port.ts';
import { startUdpLink } from '../support/udp-link.ts';
import { putBehindLink } from './support/behind-link.ts';
import { eventually } from './support/eventually.ts';
import { makeFakeMedia } from './support/fake-media.ts';
import { Guest } from './support/guest.ts';
import { useStage } from './support/stage.ts';

/** Of the screen, which takes far more than the link carries. */
const SIZE = { width: 960, height: 540 };
const LINK = 350_000;
/** Where the machine has other work, congestion control needs a minute and more to get over its first seconds. */
const PATIENCE = 180_000;
const WATCHED = 8000;
/** A stream of which nothing comes for so long counts as gone: there are others of it. */
const STILL = 7000;

const media = makeFakeMedia();
after(() => media.remove());
const mediaPort = await freePort();
const stage = useStage({
  server: ['--media.port', String(mediaPort), '--media.workers', '1'],
  browser: media.flags,
});

test('a screen keeps its resolution over a narrow link, with fewer frames, and nobody loses a word', async (t) => {
  const ann = await stage.guest(t, 'ann');
  await ann.join(await stage.server.token('slides', 'ann'));
  await ann.page.evaluate(() => kit.speak());
  await ann.page.evaluate(({ width, height }) => kit.shareText(width, height), SIZE);
  const [near, far] = await Promise.all([join(t, 'near'), join(t, 'far', LINK)]);
  await Promise.all(
    [near, far].map(async (viewer) => {
      await Promise.all([viewer.sees('ann', 'screen', PATIENCE), viewer.hears('ann', 'microphone', PATIENCE)]);
    }),
  );
  // Who has room gets all frames: more than the lower layer has.
  await eventually(
    'the screen is fluent where there is room',
    () => rateOf(near),
    (fps) => fps > 6,
    PATIENCE,
  );
  const widths = new Set<number>();
  const watch = async () => {
    const before = await counters(far);
    for (const until = performance.now() + WATCHED; performance.now() < until; await sleep(250)) {
      widths.add((await counters(far)).width);
    }
    const now = await counters(far);
    const frames = now.frames - before.frames;
    const concealed = (now.concealed - before.concealed) / (now.samples - before.samples);
    t.diagnostic(
      `${LINK / 1000} kbit/s: ${((frames * 1000) / WATCHED).toFixed(1)} frames/s of ${[...widths].join(', ')} pixels ` +
        `across, ${Math.round(((now.bytes - before.bytes) * 8) / WATCHED)} kbit/s, ${(concealed * 100).toFixed(2)} % of the sound made up`,
    );
    return { frames, concealed };
  };
  // Congestion control thinks less of the way than there is when it has overflowed, and comes back slowly; and a machine
  // with other work spoils one look or another.
  await eventually(
    'the screen moves where there is little room, and sound is whole',
    watch,
    ({ frames, concealed }) => frames > 1 && concealed < 0.03,
    PATIENCE,
  );
  assert.deepEqual([...widths], [SIZE.width]);

  // Screens stand still for long, and what happens on them then is to be seen.
  await ann.page.evaluate(() => kit.stillText(true));
  await sleep(STILL);
  const rest = await Promise.all([near, far].map(async (viewer) => (await counters(viewer)).frames));
  const from = performance.now();
  await ann.page.evaluate(() => kit.stillText(false));
  for (const [at, viewer] of [near, far].entries()) {
    await eventually(
      `${viewer.identity} sees the screen go on`,
      () => counters(viewer),
      ({ frames }) => frames > rest[at]! + 1,
      PATIENCE,
    );
    t.diagnostic(
      `after a rest, ${viewer.identity} sees the screen go on within ${Math.round(performance.now() - from)} ms`,
    );
  }
});

async function join(t: TestContext, identity: string, rate?: number): Promise<Guest> {
  const link = rate === undefined ? undefined : await startUdpLink({ address: '127.0.0.1', port: mediaPort }, rate);
  if (link !== undefined) {
    t.after(() => link.close());
    await link.set('down', { rate: LINK, queue: 300, delay: 20 });
  }
  const page = await stage.open(t, '/v1/health', {
    prepare: async (context) => link && putBehindLink(context, link.port),
  });
  const guest = new Guest(identity, page);
  await guest.join(await stage.server.token('slides', identity));
  return guest;
}

async function rateOf(guest: Guest): Promise<number> {
  const from = (await counters(guest)).frames;
  await sleep(1000);
  return (await counters(guest)).frames - from;
}

async function counters(guest: Guest) {
  const [seen, heard] = await eventually(
    'both are received',
    () => Promise.all([guest.reception('ann', 'screen'), guest.reception('ann', 'microphone')]),
    ([one, other]) => one !== undefined && other !== undefined,
  );
  const { frames, width, bytes } = seen!;
  return { frames, width, bytes, concealed: heard!.concealed, samples: heard!.samples };
}
