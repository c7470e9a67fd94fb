import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  CODEC_BEST,
  codecImpairment,
  delayImpairment,
  lossImpairment,
  opinion,
  RATING_BEST,
} from '../../src/qoe/emodel.ts';
import { foldCosts, newCosts } from '../../src/qoe/costs.ts';
import { rateTrack } from '../../src/qoe/score.ts';
import { newFacts, type TrackFacts } from '../../src/qoe/track-facts.ts';

test('the E-model gives the values of its Recommendations', () => {
  // G.107 Annex B, table B.1: R of 90, 80, 70, 60 and 50 are MOS 4.34, 4.03, 3.60, 3.10 and 2.58.
  for (const [r, mos] of [
    [90, 4.34],
    [80, 4.03],
    [70, 3.6],
    [60, 3.1],
    [50, 2.58],
  ] as const) {
    assert.ok(Math.abs(opinion(r * 1.48) - mos) < 0.01);
  }
  assert.equal(opinion(RATING_BEST), 4.5);
  assert.equal(opinion(-20), 1);
  // G.107 eq. 7-27: nothing up to 100 ms; at 400 ms, X = 2: 25 · (65^(1/6) − 3 · (1 + (2/3)^6)^(1/6) + 2) = 24.07.
  assert.equal(delayImpairment(100), 0);
  assert.equal(Number((delayImpairment(400) / 1.48).toFixed(2)), 24.07);
  // G.107 eq. 7-29: more than half of the way from Ie to its end once the loss is above Bpl; worse in bursts.
  assert.ok(lossImpairment(CODEC_BEST, 0.11, 1) > (132 - CODEC_BEST) / 2);
  assert.ok(lossImpairment(CODEC_BEST, 0.05, 2) > lossImpairment(CODEC_BEST, 0.05, 1));
  assert.equal(codecImpairment(40_000), CODEC_BEST);
  assert.equal(codecImpairment(16_000), 30.16);
});

test('a clean call is excellent, audio and video', () => {
  for (const kind of ['audio', 'video'] as const) {
    assert.ok(score(clean(kind)) >= 4, kind);
    assert.ok(score({ ...newFacts(), kind }) >= 4, `${kind} of which nothing is known`);
  }
});

test('the worst opinion is 1 on both sides of where its formula begins', () => {
  assertFalling([6.6, 6.51, 6.5001, 6.5, 6.4].map((rating) => opinion(1.48 * rating)));
  assert.equal(opinion(1.48 * 6.501), 1);
});

test('scores are from 1 to 5, whatever is known', () => {
  fc.assert(fc.property(facts(), (each) => assert.ok(score(each) >= 1 && score(each) <= 5)));
});

/** More of each of these is worse, all else being equal. */
const WORSE = {
  audio: [
    'lossUp',
    'lossDown',
    'rttUp',
    'rttDown',
    'delayUp',
    'delayDown',
    'buffer',
    'concealed',
    'discarded',
    'burst',
  ],
  video: ['lossUp', 'lossDown', 'rttUp', 'rttDown', 'delayUp', 'delayDown', 'buffer', 'frozen', 'freezes', 'qp'],
} as const;
/** And less of these. */
const BETTER = { audio: ['targetBitrate'], video: ['fps', 'pixels', 'bitrate'] } as const;

test('more loss, delay or frozen time never scores better; nor do fewer frames, pixels or bits', () => {
  const more = fc.double({ min: 1.001, max: 50, noNaN: true });
  fc.assert(
    fc.property(facts(), more, fc.nat(), (each, factor, pick) => {
      const names = [...WORSE[each.kind], ...BETTER[each.kind]];
      const name = names[pick % names.length]!;
      if (Number.isNaN(each[name])) return;
      const isWorse = (WORSE[each.kind] as readonly string[]).includes(name);
      const most = MOST[name] ?? Infinity;
      const changed = { ...each, [name]: Math.min(most, isWorse ? each[name] * factor : each[name] / factor) };
      assert.ok(score(changed) <= score(each) + 1e-9, `${name}: ${each[name]} → ${changed[name]}`);
    }),
    { numRuns: 5000 },
  );
});

test('worse links rank as their severity does', () => {
  const rank = (kind: 'audio' | 'video', list: Partial<TrackFacts>[]) =>
    list.map((each) => score({ ...clean(kind), ...each }));
  for (const kind of ['audio', 'video'] as const) {
    assertFalling(
      rank(
        kind,
        [0, 0.01, 0.02, 0.05, 0.1, 0.2].map((lossUp) => ({ lossUp })),
      ),
    );
    assertFalling(
      rank(
        kind,
        [40, 200, 400, 800].map((rttDown) => ({ rttDown })),
      ),
    );
  }
  assertFalling(
    rank(
      'video',
      [30, 20, 10, 5, 1].map((fps) => ({ fps })),
    ),
  );
});

test('what is fine and what is coarse scores alike in every codec, and each step between them costs something', () => {
  const coded = (codec: string, qp: number) => score({ ...clean('video'), codec, qp });
  const scales = [
    ['h264', [24, 37]],
    ['vp9', [149, 205]],
    ['av1', [145, 205]],
  ] as const;
  for (const [codec, [good, coarse]] of scales) {
    assert.ok(Math.abs(coded(codec, good) - coded('vp8', 29)) < 1e-9, codec);
    assert.ok(Math.abs(coded(codec, coarse) - coded('vp8', 95)) < 1e-9, codec);
  }
  assertFalling([2, 15, 30, 60, 95, 127].map((qp) => coded('vp8', qp)));
  assert.ok(coded('vp8', 29) > 4, `${coded('vp8', 29)} is what libwebrtc would not make better`);
  assert.ok(coded('vp8', 95) < 3.5, `${coded('vp8', 95)} is what it would rather make smaller`);
});

const MOST: Partial<Record<keyof TrackFacts, number>> = {
  ...{ lossUp: 1, lossDown: 1, concealed: 1, discarded: 1, frozen: 1, qp: 255, burst: 8 },
};

function score(of: TrackFacts): number {
  const costs = newCosts();
  rateTrack(of, costs);
  return foldCosts(of.kind, costs);
}

function clean(kind: 'audio' | 'video'): TrackFacts {
  const way = { lossUp: 0, jitterUp: 2, rttUp: 20, lossDown: 0, jitterDown: 2, rttDown: 20 };
  if (kind === 'audio') return { ...newFacts(), ...way, kind, codec: 'opus', buffer: 45 };
  const hd = { sourcePixels: 921_600, sentPixels: 921_600, pixels: 921_600, wantedPixels: 921_600 };
  const motion = { sourceFps: 30, sentFps: 30, fps: 30, frozen: 0, freezes: 0, cpuLimited: 0, bandwidthLimited: 0 };
  return { ...newFacts(), ...way, ...hd, ...motion, kind, codec: 'vp8', qp: 40, bitrate: 1.5e6, buffer: 45 };
}

function facts(): fc.Arbitrary<TrackFacts> {
  const maybe = (max: number) => fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max, noNaN: true }));
  const share = maybe(1);
  return fc.record({
    ...{ kind: fc.constantFrom('audio' as const, 'video' as const), screen: fc.boolean() },
    codec: fc.constantFrom('', 'opus', 'vp8', 'vp9', 'h264', 'av1'),
    ...{ sourceFps: maybe(60), sourcePixels: maybe(4e6), sentFps: maybe(60), sentPixels: maybe(4e6) },
    ...{
      targetBitrate: fc.constantFrom(Number.NaN, 6000, 15_000, 24_000, 64_000),
      cpuLimited: share,
      bandwidthLimited: share,
    },
    ...{ lossUp: share, jitterUp: maybe(500), rttUp: maybe(2000), delayUp: maybe(1000), tcpUp: fc.boolean() },
    uplinkFull: fc.boolean(),
    ...{ lossDown: share, jitterDown: maybe(500), rttDown: maybe(2000), delayDown: maybe(1000), tcpDown: fc.boolean() },
    ...{ buffer: maybe(1000), concealed: share, discarded: share, burst: maybe(8), fps: maybe(60), frozen: share },
    ...{ freezes: maybe(5), pixels: maybe(4e6), wantedPixels: maybe(4e6), bitrate: maybe(5e6), qp: maybe(255) },
    ...{ troubleUp: share, troubleDown: share, lateUp: share, lateDown: share, decodeTime: maybe(100) },
  });
}

function assertFalling(scores: readonly number[]): void {
  for (let index = 1; index < scores.length; index += 1) {
    assert.ok(scores[index]! < scores[index - 1]! + 1e-9, scores.map((each) => each.toFixed(2)).join(' '));
  }
}
