/** What is looked at between two samples: whether there is something that should not wait for the next one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createCollector } from '../../client/sdk/qoe/collector.ts';
import type { Stats } from '../../client/sdk/qoe/stats.ts';

const T0 = 1_795_399_316_000;

test('while nothing is wrong, nothing is worth a sample of its own', () => {
  const page = aPage();
  for (let second = 0; second < 20; second += 2) {
    page.sample(second);
    assert.equal(page.look(second + 1), false);
  }
});

for (const [name, trouble] of [
  ['packets that are lost', { lost: 5 }],
  ['sound that is made up', { concealed: 2400 }],
  ['a picture that stood still', { freezes: 1 }],
  ['a way that is longer', { later: 100 }],
] as const satisfies [string, Trouble][]) {
  test(`${name} are told within a second, once`.replace(/^(.* (?:that is|stood).*) are/u, '$1 is'), () => {
    const page = aPage();
    page.sample(0);
    assert.equal(page.look(1), false);
    page.sample(2);
    page.begin(trouble);
    assert.equal(page.look(3), true, 'it begins');
    page.sample(3);
    page.begin(trouble);
    page.sample(4);
    page.begin(trouble);
    assert.equal(page.look(5), false, 'it goes on: the next sample is soon enough');
    page.sample(6);
    assert.equal(page.look(7), false, 'it is over');
    page.sample(8);
    page.begin(trouble);
    assert.equal(page.look(9), true, 'it is back');
  });
}

test('a track that was muted meanwhile, or begins, is no trouble', () => {
  const page = aPage();
  assert.equal(page.look(0), false, 'nothing to compare with');
  page.sample(1);
  page.begin({ lost: 50, concealed: 20_000, freezes: 3 });
  page.mute();
  assert.equal(page.look(2), false);
});

test('what is not whole in its first seconds has only begun', () => {
  const page = aPage();
  page.sample(0);
  page.begin({ lost: 5, concealed: 2400, freezes: 1 });
  assert.equal(page.look(1), false);
});

test('a look takes nothing away from the sample after it', () => {
  const [watched, unwatched] = [aPage(), aPage()];
  for (const page of [watched, unwatched]) {
    page.sample(0);
    page.sample(2);
    page.begin({ lost: 3, later: 20 });
  }
  watched.look(3);
  assert.deepEqual(watched.sample(4), unwatched.sample(4));
});

/** By how much counters jump, and the server's reports come later than before. */
type Trouble = { lost?: number; concealed?: number; freezes?: number; later?: number };

/** A page that receives a voice and a picture, 50 and 100 packets a second. */
function aPage() {
  const collector = createCollector(T0);
  const sums = { lost: 0, concealed: 0, freezes: 0, later: 0 };
  let breaks = 0;
  const received = () => [
    { id: 'voice', mid: '0', ssrc: 1, breaks, shown: undefined },
    { id: 'picture', mid: '1', ssrc: 2, breaks, shown: undefined },
  ];

  function report(second: number): Stats[] {
    const timestamp = T0 + second * 1000;
    const { lost, concealed, freezes, later } = sums;
    const stream = (id: string, ssrc: number, packets: number) => ({
      ...{ id, type: 'inbound-rtp', timestamp, ssrc, mid: String(ssrc - 1) },
      ...{ packetsReceived: 1000 + packets * second, bytesReceived: 100_000 * (second + 1), jitter: 0.004 },
    });
    return [
      { ...stream('a', 1, 50), kind: 'audio', packetsLost: lost, ...samples(second, concealed) },
      { ...stream('v', 2, 100), kind: 'video', packetsLost: 0, framesDecoded: 15 * second, freezeCount: freezes },
      { id: 'p', type: 'candidate-pair', timestamp, nominated: true, state: 'succeeded', ...checks(second) },
      // It came a moment ago.
      { id: 's', type: 'remote-outbound-rtp', timestamp: timestamp - 100, remoteTimestamp: timestamp - 110 - later },
    ];
  }

  return {
    sample: (second: number) =>
      collector.take({
        ...{ at: T0 + second * 1000, recv: report(second), send: undefined },
        ...{ received: received(), sent: [], timings: {} },
      }),
    look: (second: number) => collector.look(report(second), received()),
    begin(trouble: Trouble) {
      for (const [what, by] of Object.entries(trouble)) sums[what as keyof typeof sums] += by;
    },
    mute: () => void (breaks += 2),
  };
}

function checks(second: number) {
  return { currentRoundTripTime: 0.02, responsesReceived: second };
}

function samples(second: number, concealed: number) {
  return { totalSamplesReceived: 48_000 * second, concealedSamples: concealed, silentConcealedSamples: 0 };
}
