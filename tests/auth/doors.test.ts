import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DOORS, type Door, createDoors } from '../../src/auth/doors.ts';
import { SluiceError } from '../../src/kernel/errors.ts';
import { TestClock } from './support.ts';

const LIMIT = { rate: 0.5, burst: 3 };
const limits = Object.fromEntries(Object.keys(DOORS).map((door) => [door, LIMIT])) as Record<Door, typeof LIMIT>;

for (const door of Object.keys(DOORS) as Door[]) {
  test(`${door}: the burst passes, then one in two seconds, told in Retry-After`, () => {
    const time = new TestClock();
    const doors = createDoors(limits, time.read);
    for (let n = 0; n < 3; n += 1) doors.admit(door, 'key');
    assert.equal(
      refusal(() => doors.admit(door, 'key')),
      2,
    );
    time.advance(1500);
    assert.equal(
      refusal(() => doors.admit(door, 'key')),
      1,
      'half a second is told as a whole one',
    );
    time.advance(500);
    doors.admit(door, 'key');
    assert.equal(
      refusal(() => doors.admit(door, 'key')),
      2,
    );
  });
}

test('a key at one door says nothing of other keys and other doors', () => {
  const doors = createDoors(limits, new TestClock().read);
  for (let n = 0; n < 3; n += 1) doors.admit('control', 'a');
  assert.equal(
    refusal(() => doors.admit('control', 'a')),
    2,
  );
  doors.admit('control', 'b');
  doors.admit('messages', 'a');
});

test('to check is not to count', () => {
  const doors = createDoors(limits, new TestClock().read);
  for (let n = 0; n < 10; n += 1) doors.check('control', 'a');
  for (let n = 0; n < 3; n += 1) doors.admit('control', 'a');
  assert.equal(
    refusal(() => doors.check('control', 'a')),
    2,
  );
});

/** The `retryAfter` of the refusal. */
function refusal(action: () => void): number | undefined {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof SluiceError && /^(rate-limited|too-many-view-changes)$/u.test(error.code));
    return error.retryAfter;
  }
  return assert.fail('nothing was refused');
}
