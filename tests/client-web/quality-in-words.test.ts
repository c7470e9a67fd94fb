import assert from 'node:assert/strict';
import { test } from 'node:test';

import { endWords } from '../../client/web/dashboard/end-reasons.ts';
import { localInput, readLocalInput } from '../../client/web/dashboard/local-time.ts';
import { waterfall } from '../../client/web/dashboard/waterfall-steps.ts';
import * as words from '../../client/web/dashboard/words.ts';
import { LEAVE_REASONS } from '../../src/rooms/events.ts';

test('numbers are as exact as one can use', () => {
  assert.deepEqual([1, 2.25, 4.96, null, Number.NaN].map(words.score), ['1.0', '2.3', '5.0', '–', '–']);
  assert.deepEqual([0, 640, 64_000, 1_250_000, 999_999, null].map(words.bitrate), [
    ...['0 kbit/s', '640 bit/s', '64 kbit/s', '1.3 Mbit/s', '1 Mbit/s', '–'],
  ]);
  assert.deepEqual([0, 0.0042, 0.08, 0.0999, 0.124, 1].map(words.percent), [
    ...['0 %', '0.4 %', '8 %', '10 %', '12 %', '100 %'],
  ]);
  assert.deepEqual([4.4, 999, 1400].map(words.milliseconds), ['4 ms', '999 ms', '1.4 s']);
  assert.deepEqual([0, 45_000, 200_000, 600_000, 3_900_000, 7_200_000].map(words.duration), [
    ...['0 s', '45 s', '3 min 20 s', '10 min', '1 h 05 min', '2 h'],
  ]);
  assert.deepEqual([words.count(1, 'room'), words.count(1200, 'room')], ['1 room', '1,200 rooms']);
});

test('every reason for which a session ends has words of its own', () => {
  const reasons = [...LEAVE_REASONS, 'server-ended'] as const;
  const said = reasons.map(endWords);
  assert.equal(new Set(said).size, reasons.length);
  for (const [index, text] of said.entries()) assert.notEqual(text, reasons[index] === 'left' ? 'left' : '');
});

test('a time comes back from its field as it was put in, to the second', () => {
  const at = new Date(2026, 10, 23, 4, 5, 6).getTime();
  assert.equal(localInput(at), '2026-11-23T04:05:06');
  assert.equal(readLocalInput(localInput(at)), at);
  for (const text of ['', 'soon', '2026-99-99T00:00', '0000-01-01T00:00'])
    assert.equal(readLocalInput(text), undefined);
});

test('each step of a join begins where the one before it was done, and those not told of are left out', () => {
  const bars = waterfall({ socket: 10, answered: 40, connected: null, firstFrame: 100 });
  assert.deepEqual(
    bars?.map(({ name, start, length, took }) => [name, start, length, took]),
    [
      ['Socket opened', 0, 0.1, 10],
      ['Join answered', 0.1, 0.3, 30],
      ['Media connected', 0.4, 0, 0],
      ['First frame', 0.4, 0.6, 60],
    ],
  );
  assert.equal(waterfall({ socket: null, answered: null, connected: null, firstFrame: null }), undefined);
  const turned = waterfall({ socket: 50, answered: 20, connected: 60, firstFrame: 0 });
  assert.ok(turned?.every(({ start, length, took }) => start >= 0 && length >= 0 && took >= 0 && start + length <= 1));
});
