import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Millis } from '../../src/kernel/clock.ts';
import { describeCause } from '../../src/qoe/causes.ts';
import { causesIn, newCosts } from '../../src/qoe/costs.ts';
import { rateTrack } from '../../src/qoe/score.ts';
import { type Quality, Tally } from '../../src/qoe/tally.ts';
import { newFacts, type TrackFacts } from '../../src/qoe/track-facts.ts';

const VOICE = {
  kind: 'audio',
  lossDown: 0,
  concealed: 0,
  targetBitrate: 40_000,
  jitterDown: 2,
  lateDown: 0.1,
} as const;
const PICTURE = { kind: 'video', sourceFps: 30, sentFps: 30, fps: 30, frozen: 0, freezes: 0, lossDown: 0 } as const;

test('a delay is that of the way', () => {
  assert.equal(reason({ ...VOICE, delayDown: 410, buffer: 50 }), 'delay 410 ms down');
  assert.equal(reason({ ...VOICE, rttDown: 820 }), 'delay 410 ms down');
});

test('what a buffer waits because the way got longer is a part of that delay', () => {
  assert.equal(reason({ ...VOICE, delayDown: 14, buffer: 500 }), 'delay 454 ms down');
  assert.equal(reason({ ...PICTURE, lateDown: 0.1, jitterDown: 2, delayDown: 14, buffer: 500 }), 'delay 454 ms down');
});

test('what it waits because of jitter, or of the other way, is none', () => {
  assert.equal(reason({ ...VOICE, jitterDown: 40, delayDown: 14, buffer: 500 }), 'jitter 40 ms down');
  assert.equal(reason({ ...VOICE, lateUp: 0.2, jitterUp: 2, delayDown: 410, buffer: 200 }), 'delay 410 ms down');
});

test('where speech was late rather than slow, no milliseconds are said to be why', () => {
  assert.equal(reason({ ...VOICE, delayDown: 14, concealed: 0.2 }), 'delay down');
  assert.equal(reason({ ...VOICE, delayDown: 90, buffer: 70, concealed: 0.2 }), 'delay down');
});

test('of several tracks those tell the amount that have one', () => {
  const late = { ...VOICE, delayDown: 14, concealed: 0.1 };
  assert.equal(reason(late, { ...VOICE, delayDown: 410, buffer: 50 }), 'delay 410 ms down');
});

test('a loss that is none is no number either', () => {
  const slow = { ...PICTURE, fps: 8, troubleUp: 0.2, lossUp: 0.002 };
  assert.equal(reason(slow), 'too little bandwidth up');
  assert.equal(reason({ ...slow, lossUp: 0.05 }), 'loss 5 % up');
  assert.equal(reason({ ...slow, troubleUp: 0, troubleDown: 0.2 }), 'too little bandwidth down');
});

function reason(...tracks: Partial<TrackFacts>[]): string {
  const tally = new Tally();
  const places = causesIn('uplink', 'downlink');
  for (const track of tracks) {
    const facts = { ...newFacts(), ...track };
    const costs = newCosts();
    rateTrack(facts, costs);
    tally.add(facts, costs, places);
  }
  const quality: Quality = {
    ...{ score: Number.NaN, level: 'good', since: 0 as Millis },
    ...{ cause: -1, amount: Number.NaN, causeSince: 0 as Millis },
  };
  tally.into(quality);
  return describeCause(quality.cause, quality.amount);
}
