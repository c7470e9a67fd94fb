import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createCollector, type ReceivedTrack, type SentTrack } from '../../client/sdk/qoe/collector.ts';
import { newSample, readSample } from '../../src/qoe/sample.ts';
import { chromium, firefox, type Reports, safari } from '../support/browser-stats.ts';

const T0 = 1_795_399_316_000;
const shown = { width: 320.4, height: 180 };
const received: ReceivedTrack[] = [
  { id: 'voice-in', mid: '1', ssrc: 105_908_826, breaks: 0, shown: undefined },
  { id: 'picture-in', mid: '0', ssrc: 562_798_296, breaks: 0, shown },
];
const sent: SentTrack[] = [
  { id: 'voice-out', mid: '1', ssrc: 1_319_745_313, breaks: 0, trackId: 'mic' },
  // The SSRC is known to the page only where there is one layer.
  { id: 'picture-out', mid: '0', ssrc: 2_836_013_422, breaks: 0, trackId: 'cam' },
];
const timings = { socketOpen: 6.2, capabilities: 7, joined: 10.5, dtlsConnected: 58.1, firstFrame: 101.4 };

const FIRST = { joinSocket: 6.2, joinAnswered: 10.5, joinConnected: 58.1, joinFirstFrame: 101.4 };
const VOICE_IN = {
  ...{ bitrate: 32_000, packets: 100, lost: 2, jitter: 2, discarded: 2, buffer: 40 },
  concealed: 0.01,
};
const PICTURE_IN = {
  ...{ bitrate: 132_000, packets: 40, lost: 2, jitter: 2.5, buffer: 6, fps: 10, width: 640, height: 360 },
  ...{ qp: 6, decodeTime: 0.82, wantedWidth: 320, wantedHeight: 180 },
};
const VOICE_OUT = { bitrate: 28_800, packets: 100, lost: 0, jitter: 2, rtt: 21 };
const LAYER_OUT = { bitrate: 120_000, packets: 60, fps: 10, qp: 13, encodeTime: 4.1 };
const SOURCE = { sourceFps: 10, sourceWidth: 640, sourceHeight: 360 };

test('Chromium: every field, of all layers together where they are sums, of the largest where they are not', () => {
  assert.deepEqual(told(chromium), {
    session: { rtt: 20, available: 3_878_400, candidateType: 'host', protocol: 'udp' },
    'voice-in': VOICE_IN,
    'picture-in': { ...PICTURE_IN, frozen: 600, freezes: 2 },
    'voice-out': { ...VOICE_OUT, targetBitrate: 40_000 },
    'picture-out': {
      ...{ ...LAYER_OUT, bitrate: 160_000, packets: 80, lost: 6, jitter: 2, rtt: 21, width: 640, height: 360 },
      ...{ targetBitrate: 1_800_000, ...SOURCE, limitation: 'bandwidth' },
    },
  });
});

test('Firefox: what it does not count is left out; the pair in use and the source are found all the same', () => {
  assert.deepEqual(told(firefox), {
    session: { candidateType: 'relay', protocol: 'tls' },
    'voice-in': VOICE_IN,
    'picture-in': PICTURE_IN,
    'voice-out': VOICE_OUT,
    'picture-out': { ...LAYER_OUT, lost: 4, jitter: 2, rtt: 21, width: 640, height: 360, ...SOURCE },
  });
});

test('an old Safari: streams are known by SSRC, and all that was made up counts as missed', () => {
  assert.deepEqual(told(safari), {
    session: { rtt: 20, candidateType: 'host', protocol: 'udp' },
    'voice-in': { ...VOICE_IN, concealed: 0.02 },
    'picture-in': PICTURE_IN,
    'voice-out': { bitrate: 28_800, packets: 100 },
    'picture-out': LAYER_OUT,
  });
});

test('the first report tells how the join went, and each step once', () => {
  const collector = createCollector(T0);
  const { firstFrame: _, ...steps } = timings;
  const before = collector.take({ ...{ at: T0, received, sent, timings: steps }, ...chromium(0) });
  const { joinFirstFrame, ...early } = FIRST;
  assert.deepEqual(before.map(fieldsOf), [
    { ...early, rtt: 20, available: 3_878_400, candidateType: 'host', protocol: 'udp' },
  ]);
  const [after] = collector.take({ ...{ at: T0 + 2000, received, sent, timings }, ...chromium(2) });
  assert.deepEqual(after && fieldsOf(after), {
    ...{ joinFirstFrame, rtt: 20, available: 3_878_400, candidateType: 'host', protocol: 'udp' },
  });
});

/** The fields of each sample of two seconds, by track. */
function told(browser: (second: number) => Reports): Record<string, object> {
  const collector = createCollector(T0);
  collector.take({ ...{ at: T0, received, sent, timings }, ...browser(1) });
  const samples = collector.take({ ...{ at: T0 + 2000, received, sent, timings }, ...browser(3) });
  for (const sample of samples) {
    assert.equal(sample.ms, 2000);
    assert.equal(readSample(JSON.parse(JSON.stringify(sample)), T0 + 2000, newSample()), undefined);
  }
  return Object.fromEntries(samples.map((sample) => ['track' in sample ? sample.track : 'session', fieldsOf(sample)]));
}

function fieldsOf({ kind: _kind, seq: _seq, at: _at, ms: _ms, ...rest }: object & Record<string, unknown>): object {
  const { track: _track, ...fields } = rest;
  return fields;
}
