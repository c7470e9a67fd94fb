import assert from 'node:assert/strict';
import { test } from 'node:test';

import { levelOf } from '../../src/qoe/level.ts';
import { newCosts } from '../../src/qoe/costs.ts';
import { rateTrack } from '../../src/qoe/score.ts';
import { Tally } from '../../src/qoe/tally.ts';
import { newFacts, type TrackFacts } from '../../src/qoe/track-facts.ts';

const SOUND = { kind: 'audio', lossDown: 0, concealed: 0, targetBitrate: 40_000 } as const;
const PICTURE = { kind: 'video', sourceFps: 30, sentFps: 30, fps: 30, frozen: 0, lossDown: 0 } as const;

test('who hears and is heard has a call, though no picture comes through', () => {
  assert.equal(levelOf(together(SOUND, { ...PICTURE, fps: 0, frozen: 1 })), 'poor');
  assert.equal(levelOf(together({ ...PICTURE, fps: 0, frozen: 1 })), 'lost', 'where there is nothing but pictures');
});

test('the finest picture is no call without sound, and both together are worth no more than the worse one otherwise', () => {
  const silent = { ...SOUND, lossDown: 0.95, concealed: 0.95 };
  assert.equal(levelOf(together(silent, PICTURE)), 'lost');
  assert.equal(levelOf(together(silent, { ...PICTURE, fps: 0, frozen: 1 })), 'lost');
  const slow = { ...PICTURE, fps: 5 };
  assert.equal(together(SOUND, slow), together(slow));
});

function together(...tracks: Partial<TrackFacts>[]): number {
  const tally = new Tally();
  for (const track of tracks) {
    const facts = { ...newFacts(), ...track };
    const costs = newCosts();
    rateTrack(facts, costs);
    tally.add(facts, costs);
  }
  return tally.score();
}
