/**
 * What becomes of a call where the way down is narrow: sound goes on as if nothing were, and the picture takes what is
 * left. Three viewers of one sender at once, each behind a link of its own.
 */
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

/** Two layers, at what two cores can encode beside the tests. */
const CAMERA = { width: 480, height: 270, frameRate: 30, maxBitrate: 600_000 };
const RATES = [600_000, 300_000, 150_000] as const;
/** The server finds out what a link can carry. */
const SETTLING = 6000;
const WATCHED = 6000;
/** A machine with other work spoils one or another: it shows in one that what is sent fits its way. */
const WINDOWS = 5;
const PATIENCE = 60_000;
/** What carries sound and a picture of the lower layer; below it sound may be all. */
const PICTURE_FROM = 300_000;
const FLUENT_FROM = 600_000;

const media = makeFakeMedia({ fps: 30 });
after(() => media.remove());
const mediaPort = await freePort();
const stage = useStage({
  server: ['--media.port', String(mediaPort), '--media.workers', '1'],
  browser: media.flags,
});

test('at 600, 300 and 150 kbit/s nobody loses a word, and at 600 the picture is fluent', async (t) => {
  const ann = await stage.guest(t, 'ann');
  await ann.join(await stage.server.token('narrow', 'ann'));
  await ann.publish(CAMERA);
  const viewers = await Promise.all(RATES.map((rate) => viewerBehind(t, rate)));
  await Promise.all(
    viewers.flatMap((viewer, index) => [
      viewer.hears('ann', 'microphone', PATIENCE),
      ...(RATES[index]! >= PICTURE_FROM ? [viewer.sees('ann', 'camera', PATIENCE)] : []),
    ]),
  );
  await sleep(SETTLING);
  for (let window = 1; ; window += 1) {
    const seen = await watch(ann, viewers);
    for (const each of seen) t.diagnostic(told(each));
    const missing = seen.filter((each) => !isAsItShouldBe(each)).map(told);
    if (missing.length === 0) return;
    assert.ok(window < WINDOWS, missing.join('; '));
  }
});

type Watched = {
  readonly rate: number;
  readonly concealed: number;
  readonly fps: number;
  readonly encoded: number;
  readonly width: number;
};

/** What each of them has of Ann for a while. */
async function watch(ann: Guest, viewers: readonly Guest[]): Promise<Watched[]> {
  const before = await Promise.all([ann, ...viewers].map((one) => counters(one)));
  await sleep(WATCHED);
  const now = await Promise.all([ann, ...viewers].map((one) => counters(one)));
  const fps = now.map(({ frames }, index) => (1000 * (frames - before[index]!.frames)) / WATCHED);
  return RATES.map((rate, index) => {
    const [from, to] = [before[index + 1]!, now[index + 1]!];
    const concealed = (to.concealed - from.concealed) / (to.samples - from.samples);
    return { rate, concealed, fps: fps[index + 1]!, encoded: fps[0]!, width: to.width };
  });
}

function isAsItShouldBe({ rate, concealed, fps, encoded }: Watched): boolean {
  // A machine that encodes fewer cannot show more.
  return concealed < 0.03 && (rate < FLUENT_FROM || fps >= Math.min(15, encoded * 0.45));
}

function told({ rate, concealed, fps, encoded, width }: Watched): string {
  return (
    `${rate / 1000} kbit/s: ${(concealed * 100).toFixed(2)} % of the sound made up, ${fps.toFixed(1)} of ` +
    `${encoded.toFixed(1)} frames/s, ${width} pixels across`
  );
}

async function viewerBehind(t: TestContext, rate: number): Promise<Guest> {
  const link = await startUdpLink({ address: '127.0.0.1', port: mediaPort }, rate);
  t.after(() => link.close());
  await link.set('down', { rate, queue: 300, delay: 20 });
  const page = await stage.open(t, '/v1/health', { prepare: (context) => putBehindLink(context, link.port) });
  const guest = new Guest(`viewer-${rate / 1000}`, page);
  await guest.join(await stage.server.token('narrow', guest.identity));
  return guest;
}

type Counters = { frames: number; width: number; concealed: number; samples: number };

/** What a guest has decoded of Ann, or Ann has encoded of herself. */
async function counters(guest: Guest): Promise<Counters> {
  const nothing = { frames: 0, width: 0, concealed: 0, samples: 0 };
  if (guest.identity === 'ann') {
    const frames = Math.max(...(await guest.sentLayers()).map((layer) => layer.frames));
    return { ...nothing, frames };
  }
  const [seen, heard] = await eventually(
    'both are received',
    () => Promise.all([guest.reception('ann', 'camera'), guest.reception('ann', 'microphone')]),
    ([one, other]) => one !== undefined && other !== undefined,
  );
  return {
    ...{ frames: seen!.frames, width: seen!.width },
    ...{ concealed: heard!.concealed, samples: heard!.samples },
  };
}
