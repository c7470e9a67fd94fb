import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CLIENT_ERRORS } from '../../client/sdk/errors.ts';
import { deviceTrouble, FAILURES, failureOf, sentenceFor } from '../../client/web/meeting/failures.ts';
import { ERRORS } from '../../src/kernel/errors.ts';
import { LEAVE_REASONS } from '../../src/rooms/events.ts';

test('every way in which a session ends has words of its own', () => {
  // "disconnected" is what the others are told; one's own side then says that the session or the connection is gone.
  // Who was moved goes on, and who flooded the room is told that it was `rate-limited`.
  const others: readonly string[] = ['disconnected', 'moved', 'flooding'];
  const ends = LEAVE_REASONS.filter((reason) => !others.includes(reason));
  for (const code of [...ends, 'session-gone', 'connection-lost']) assert.ok(Object.hasOwn(FAILURES, code), code);
});

test('every way in which joining fails has words of its own', () => {
  const codes = ['token-invalid', 'token-expired', 'token-not-yet-valid', 'token-revoked', 'unauthorized', 'room-full'];
  codes.push(
    'room-not-found',
    'rate-limited',
    'too-many-connections',
    'server-unreachable',
    'timeout',
    'not-supported',
  );
  codes.push('media-unavailable', 'origin-not-allowed', 'link-without-token', 'browser-unsupported', 'limit-reached');
  codes.push('identity-in-use');
  for (const code of codes) assert.ok(Object.hasOwn(FAILURES, code), code);
});

test('the table names no code that nothing produces', () => {
  const known = new Set([
    ...Object.keys(ERRORS),
    ...Object.keys(CLIENT_ERRORS),
    'left',
    'link-without-token',
    'browser-unsupported',
  ]);
  for (const code of Object.keys(FAILURES)) assert.ok(known.has(code), code);
});

test('a code that the table does not know is an internal fault, and not a member of every object', () => {
  assert.equal(failureOf('invalid-request'), FAILURES.internal);
  assert.equal(failureOf('toString'), FAILURES.internal);
});

test('sentences are sentences', () => {
  const texts: string[] = Object.values(FAILURES).map(({ text }) => text);
  for (const code of ['permission-denied', 'no-device', 'device-in-use', 'insecure-page', 'forbidden', 'anything']) {
    for (const device of ['camera', 'microphone', 'camera and microphone'] as const)
      texts.push(deviceTrouble(device, code).text);
  }
  for (const text of texts) assert.match(text, /^\p{Lu}.*[^.]\.$/u);
});

test('a device that cannot be used never keeps one from joining', () => {
  for (const code of ['permission-denied', 'no-device', 'device-in-use', 'insecure-page', 'device-failed']) {
    assert.match(deviceTrouble('camera', code).text, /You can join without it/);
    assert.match(deviceTrouble('camera and microphone', code).text, /You can join without them/);
  }
});

test('in a call, an unknown error says what the server said', () => {
  assert.equal(sentenceFor('limit-reached', 'Twelve at most.'), 'Twelve at most.');
  assert.notEqual(sentenceFor('limit-reached', ''), '');
});
