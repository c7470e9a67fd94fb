import assert from 'node:assert/strict';
import test from 'node:test';

import { SluiceError } from '../../src/kernel/errors.ts';
import { createKnownCapabilities } from '../../src/signaling/known-capabilities.ts';
import { parseHello } from '../../src/signaling/validation.ts';
import type { JoinHello } from '../../src/signaling/wire.ts';

const opus = { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 100, clockRate: 48_000, channels: 2 };

/** As it comes off the wire: an object of its own each time. */
function hello(token: string, codecs: readonly object[], more: object = {}): unknown {
  return JSON.parse(JSON.stringify({ protocol: 1, token, rtpCapabilities: { codecs }, ...more }));
}

function capabilitiesOf(auth: unknown): JoinHello['rtpCapabilities'] {
  const parsed = parseHello(auth);
  return 'resume' in parsed ? undefined : parsed.rtpCapabilities;
}

test('equal capabilities of two joins are one object, and everything else is each join its own', () => {
  const first = parseHello(hello('one', [opus]));
  const second = parseHello(hello('two', [opus], { subscribe: 'manual' }));
  assert.deepEqual(second, { protocol: 1, token: 'two', subscribe: 'manual', rtpCapabilities: { codecs: [opus] } });
  assert.ok('token' in first && 'token' in second);
  assert.equal(first.rtpCapabilities, second.rtpCapabilities);
  assert.equal(first.token, 'one');
  assert.notEqual(capabilitiesOf(hello('one', [{ ...opus, channels: 1 }])), first.rtpCapabilities);
  assert.equal(capabilitiesOf({ protocol: 1, token: 'one' }), undefined);
});

test('nobody can change what others are held to be able to receive', () => {
  const known = capabilitiesOf(hello('one', [opus]));
  assert.throws(() => known?.codecs.pop(), TypeError);
  assert.deepEqual(capabilitiesOf(hello('two', [opus])), { codecs: [opus] });
});

test('a join with known capabilities is refused for all that is wrong with the rest of it', () => {
  capabilitiesOf(hello('one', [opus]));
  for (const wrong of [{ protocol: 2 }, { token: '' }, { subscribe: 'some' }, { other: 1 }]) {
    assert.throws(
      () => parseHello(hello('two', [opus], wrong)),
      (error) => error instanceof SluiceError && error.code === 'invalid-request' && error.errors !== undefined,
    );
  }
});

test('capabilities that do not fit are refused each time that they come', () => {
  for (const _ of [1, 2]) {
    assert.throws(
      () => parseHello(hello('one', [{ ...opus, clockRate: 0 }])),
      (error) => error instanceof SluiceError && error.code === 'invalid-request',
    );
  }
});

test('no more are kept than were allowed for, and those that are used stay', () => {
  const known = createKnownCapabilities(2);
  const take = (channels: number) =>
    known.parse(hello('one', [{ ...opus, channels }]), (auth) => auth as JoinHello).rtpCapabilities;
  const [used, idle] = [take(1), take(2)];
  assert.equal(take(1), used);
  take(3);
  assert.equal(take(1), used);
  assert.notEqual(take(2), idle);
  assert.deepEqual(take(2), idle);
});
