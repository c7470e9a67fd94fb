import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from './support/eventually.ts';
import type { JoinTimings } from '../../client/sdk/api.ts';
import { useStage } from './support/stage.ts';

const stage = useStage();
const JOINS = 10;

test('ten joins show a first frame each; the medians are printed', async (t) => {
  const { ada } = await stage.call(t, 'first-frame', 'ada');
  assert.equal((await ada.room()).timings.firstFrame, undefined, 'there was nothing to see yet');
  const samples: JoinTimings[] = [];
  for (let index = 0; index < JOINS; index += 1) {
    const viewer = await stage.guest(t, `viewer-${index}`);
    await viewer.join(await stage.server.token('first-frame', viewer.identity));
    const { timings } = await eventually(
      'a first frame',
      () => viewer.room(),
      (room) => room.timings.firstFrame !== undefined,
    );
    samples.push(timings);
    await viewer.context.close();
  }
  for (const step of ['joined', 'dtlsConnected', 'firstFrame'] as const) {
    const sorted = samples.map((sample) => sample[step] ?? Number.NaN).toSorted((a, b) => a - b);
    assert.ok(sorted.every(Number.isFinite), `every join has the step ${step}`);
    t.diagnostic(`join() to ${step}: median ${sorted[JOINS / 2]} ms of ${sorted.join(', ')}`);
  }
});
