/** Over a moment at which counters cannot be compared nothing is told, rather than something that never was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createCollector } from '../../client/sdk/qoe/collector.ts';
import type { Stats } from '../../client/sdk/qoe/stats.ts';
import type { WrittenSample } from '../../src/qoe/fields.ts';
import { chromium } from '../support/browser-stats.ts';

const T0 = 1_795_399_316_000;

test('a stream that is another one is compared with itself', () => {
  const { at } = aCall();
  at(0);
  assert.equal(at(50).picture?.packets, 1000);
  assert.equal(at(52, { change: { id: 'IT01V9', ssrc: 9 } }).picture, undefined);
  assert.equal(at(54, { change: { id: 'IT01V9', ssrc: 9 } }).picture?.packets, 40);
});

test('a counter that went back starts anew', () => {
  const { at } = aCall();
  at(0);
  at(10);
  assert.equal(at(12, { change: { packetsReceived: 3, bytesReceived: 300 } }).picture, undefined);
  const { picture } = at(14, { change: { packetsReceived: 43, bytesReceived: 33_300 } });
  assert.deepEqual([picture?.packets, picture?.bitrate], [40, 132_000]);
});

test('one counter that is missing or goes back costs its own field only', () => {
  const { at } = aCall();
  at(0);
  const { picture } = at(2, { change: { framesDecoded: undefined, totalFreezesDuration: -1 } });
  assert.deepEqual(
    [picture?.fps, picture?.qp, picture?.frozen, picture?.packets],
    [undefined, undefined, undefined, 40],
  );
});

test('packets that come after all are none lost, and no fewer than none', () => {
  const { at } = aCall();
  at(0, { change: { packetsLost: 7 } });
  assert.equal(at(2, { change: { packetsLost: 4 } }).picture?.lost, 0);
});

test('a number that is none, or cannot be, is left out', () => {
  const { at } = aCall();
  at(0);
  const { picture } = at(2, {
    change: { jitter: Number.NaN, frameWidth: 1e6, jitterBufferDelay: Infinity, totalDecodeTime: 1e9 },
  });
  assert.deepEqual(
    [picture?.jitter, picture?.width, picture?.buffer, picture?.decodeTime, picture?.height],
    [undefined, undefined, undefined, undefined, 360],
  );
});

test('a machine that slept for an hour tells nothing of it', () => {
  const { at } = aCall();
  at(0);
  assert.equal(at(3600).picture, undefined);
  assert.equal(at(3602).picture?.ms, 2000);
});

test('asked twice in a moment, the second answer is the first one’s', () => {
  const { at } = aCall();
  at(0);
  at(2);
  const again = at(2.05);
  assert.deepEqual([again.picture, again.session], [undefined, undefined]);
  const next = at(4);
  assert.deepEqual([next.picture?.ms, next.session?.ms], [2000, 2000]);
});

test('a muted track is not measured, nor the time in which it was muted or unmuted', () => {
  const { at } = aCall();
  at(0);
  assert.equal(at(2, { muted: true }).picture, undefined);
  assert.equal(at(4, { breaks: 2 }).picture, undefined);
  assert.equal(at(6, { breaks: 2 }).picture?.fps, 10);
  // Muted and unmuted between two reports.
  assert.equal(at(8, { breaks: 4 }).picture, undefined);
});

test('a picture that stood still while it was muted was not frozen', () => {
  const { at } = aCall();
  at(0, { muted: true });
  at(40, { change: { totalFreezesDuration: 0, freezeCount: 0 } });
  // The first frame after it ends a freeze of 41 s.
  const { picture } = at(42, { change: { totalFreezesDuration: 41, freezeCount: 1 } });
  assert.deepEqual([picture?.frozen, picture?.freezes], [2000, 1]);
});

test('a freeze that lasted over several reports is told when it is over', () => {
  const { at } = aCall();
  for (let second = 0; second <= 6; second += 2) at(second, { change: { totalFreezesDuration: 0 } });
  assert.equal(at(8, { change: { totalFreezesDuration: 5.5 } }).picture?.frozen, 5500);
});

test('a layer that stops leaves the next one as the picture that is sent', () => {
  const { sentAt } = aCall();
  sentAt(0);
  assert.equal(sentAt(2)?.width, 640);
  const frozen = { framesEncoded: 20, bytesSent: 30_000, packetsSent: 60 };
  const smaller = sentAt(4, frozen);
  assert.deepEqual([smaller?.width, smaller?.fps, smaller?.bitrate], [320, 10, 40_000]);
  const muted = sentAt(6, frozen, { framesEncoded: 40, bytesSent: 20_000, packetsSent: 40 });
  assert.deepEqual([muted?.width, muted?.fps, muted?.bitrate, muted?.jitter], [undefined, 0, 0, undefined]);
});

test('a layer that was switched off or on meanwhile is not the picture of that time: its few frames are no fault', () => {
  const { sentAt } = aCall();
  sentAt(0);
  const off = sentAt(2, { framesEncoded: 3, qpSum: 290, active: false });
  assert.deepEqual([off?.width, off?.fps], [320, 10]);
  const on = sentAt(4, { framesEncoded: 4, qpSum: 390, active: true });
  assert.deepEqual([on?.width, on?.fps], [320, 10]);
  const whole = sentAt(6, { framesEncoded: 24, qpSum: 650 });
  assert.deepEqual([whole?.width, whole?.fps, whole?.qp], [640, 10, 13]);
});

test('nor is one that there was no room for at first', () => {
  const { sentAt } = aCall();
  sentAt(0, { framesEncoded: 0, qpSum: 0, frameWidth: undefined, frameHeight: undefined });
  const begun = sentAt(2, { framesEncoded: 2, qpSum: 220 });
  assert.deepEqual([begun?.width, begun?.fps], [320, 10]);
  const whole = sentAt(4, { framesEncoded: 22, qpSum: 480 });
  assert.deepEqual([whole?.width, whole?.fps, whole?.qp], [640, 10, 13]);
});

test('a new session counts its samples from 0, and compares nothing with the one before', () => {
  const { at, collector } = aCall();
  at(0);
  assert.deepEqual(at(2).numbers, [1, 2]);
  collector.begin(T0 + 3000);
  collector.reconnected();
  const first = at(4);
  assert.deepEqual(first.numbers, [0]);
  assert.deepEqual([first.session?.reconnects, first.session?.ms], [1, 1000]);
  const second = at(6);
  assert.deepEqual([second.numbers, second.session?.reconnects], [[1, 2], undefined]);
});

type Change = { [Name in keyof Stats]?: Stats[Name] | undefined };

/** One received picture; `at` takes the report of that second, with `change` in its stream. */
function aCall() {
  const collector = createCollector(T0);
  function at(second: number, { change = {}, muted = false, breaks = 0 }: Moment = {}) {
    const recv = chromium(second).recv.map((one) => (one.ssrc === 562_798_296 ? { ...one, ...change } : one));
    const track = { id: 'picture', mid: '0', ssrc: 562_798_296, breaks, shown: undefined };
    const samples = collector.take({
      ...{ at: T0 + second * 1000, recv: recv as Stats[], send: undefined, sent: [], timings: {} },
      received: muted ? [] : [track],
    });
    return {
      picture: samples.find((sample) => sample.kind === 'recv'),
      session: samples.find((sample) => sample.kind === 'session'),
      numbers: samples.map(({ seq }) => seq),
    };
  }
  /** One sent picture of two layers; `large` and `small` are changes in them. */
  function sentAt(second: number, large: Change = {}, small: Change = {}) {
    const send = chromium(second).send.map((one) => ({
      ...one,
      ...(one.id === 'OT01V2836013422' ? large : {}),
      ...(one.id === 'OT01V2593116470' ? small : {}),
    }));
    const track = { id: 'picture', mid: '0', ssrc: undefined, breaks: 0, trackId: 'cam' };
    const observation = { at: T0 + second * 1000, recv: undefined, send: send as Stats[], timings: {} };
    const samples = collector.take({ ...observation, received: [], sent: [track] });
    return samples.find((sample): sample is Extract<WrittenSample, { kind: 'send' }> => sample.kind === 'send');
  }
  return { collector, at, sentAt };
}
type Moment = { change?: Change; muted?: boolean; breaks?: number };
