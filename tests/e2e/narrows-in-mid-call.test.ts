/**
 * What becomes of a call whose way down loses most of its bandwidth at once: what was lost is not sent again and again until
 * nothing else comes through, but sound and a small picture are there again within seconds.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../support/free-port.ts';
import { eventually } from './support/eventually.ts';
import { makeFakeMedia } from './support/fake-media.ts';
import type { Guest } from './support/guest.ts';
import { startImpairedCall } from './support/impaired-call.ts';
import { useStage } from './support/stage.ts';

/** IP and UDP headers included. The sender's layers have 160 and 600 kbit/s. */
const NARROW = 300_000;
/** Seconds in which it has to go on; without help, a machine that does nothing else needs more than 20 for the picture. */
const SOON = 12;

const media = makeFakeMedia();
after(() => media.remove());
const mediaPort = await freePort();
const stage = useStage({
  server: ['--media.port', String(mediaPort), '--media.workers', '1'],
  browser: media.flags,
});

test('a way down that becomes narrow in mid-call carries sound and a picture again within seconds', async (t) => {
  const call = await startImpairedCall({ ...stage.server, mediaPort }, stage.browser, 'narrows');
  t.after(() => call.close());
  const { guest, link } = call.ann;
  await link.set('down', { delay: 15 });
  await sleep(5000);
  const began = await link.set('down', { delay: 15, rate: NARROW });

  let before = await counters(guest);
  const seconds: { frames: number; made: number }[] = [];
  await eventually(
    'sound and picture go on',
    async () => {
      await sleep(1000);
      const now = await counters(guest);
      const made = (now.concealed - before.concealed) / (now.samples - before.samples);
      seconds.push({ frames: now.frames - before.frames, made });
      before = now;
      return seconds.slice(-2);
    },
    (last) => last.length === 2 && last.every(({ frames, made }) => frames >= 5 && made < 0.05),
    60_000,
  );
  const took = (Date.now() - began) / 1000;
  const course = seconds.map(({ frames, made }) => `${frames} frames, ${Math.round(100 * made)} % made up`).join('; ');
  t.diagnostic(`after ${took} s: ${course}`);
  assert.ok(took < SOON, `after ${took} s: ${course}`);
});

async function counters(guest: Guest) {
  const [seen, heard] = await Promise.all([guest.reception('bob', 'camera'), guest.reception('bob', 'microphone')]);
  return { frames: seen?.frames ?? 0, concealed: heard?.concealed ?? 0, samples: heard?.samples ?? 0 };
}
