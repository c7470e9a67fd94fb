import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createEncodingSwitch, type SwitchedSender } from '../../client/sdk/dynacast.ts';

/** A sender as WebRTC §5.2 has it: parameters are good for one call, and calls take their time. */
function startSender(count: number) {
  const state = { active: Array.from({ length: count }, () => true), calls: 0, busy: 0, overlaps: 0, failures: 0 };
  const waiting: (() => void)[] = [];
  let current: RTCRtpSendParameters | undefined;
  const sender: SwitchedSender = {
    getParameters() {
      current = {
        ...{ transactionId: String(state.calls), codecs: [], headerExtensions: [], rtcp: {} },
        encodings: state.active.map((active) => ({ active })),
      };
      return current;
    },
    async setParameters(parameters) {
      if (parameters !== current) throw new DOMException('stale', 'InvalidModificationError');
      current = undefined;
      state.calls += 1;
      state.busy += 1;
      if (state.busy > 1) state.overlaps += 1;
      await new Promise<void>((resolve) => waiting.push(resolve));
      state.busy -= 1;
      if (state.failures > 0) {
        state.failures -= 1;
        throw new DOMException('in a negotiation', 'InvalidStateError');
      }
      state.active = parameters.encodings.map(({ active }) => active !== false);
    },
  };
  const settle = async () => {
    for (let turn = 0; turn < 50; turn += 1) {
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { sender, state, settle };
}

function startSwitch(count: number) {
  const problems: unknown[] = [];
  const end = { closed: false };
  const { sender, state, settle } = startSender(count);
  const encodings = createEncodingSwitch(sender, {
    closed: () => end.closed,
    pause: () => Promise.resolve(),
    problem: (error) => problems.push(error),
  });
  return { encodings, state, settle, problems, end };
}

test('layers above the wanted one are not encoded, and none where nobody wants any', async () => {
  const { encodings, state, settle } = startSwitch(3);
  encodings.set(0);
  await settle();
  assert.deepEqual(state.active, [true, false, false]);
  encodings.set(null);
  await settle();
  assert.deepEqual(state.active, [false, false, false]);
  encodings.set(2);
  await settle();
  assert.deepEqual(state.active, [true, true, true]);
});

test('quick changes end with the last one, never two at a time, and those between are left out', async () => {
  const { encodings, state, settle } = startSwitch(3);
  for (const layer of [0, 1, null, 2, 1, null, 0]) encodings.set(layer);
  await settle();
  assert.deepEqual(state.active, [true, false, false]);
  assert.deepEqual([state.overlaps, state.calls <= 2], [0, true]);
});

test('what is so already is not asked for', async () => {
  const { encodings, state, settle } = startSwitch(1);
  encodings.set(0);
  encodings.set(5);
  await settle();
  assert.equal(state.calls, 0);
});

test('a negotiation that comes between is waited out', async () => {
  const { encodings, state, settle, problems } = startSwitch(2);
  state.failures = 3;
  encodings.set(null);
  await settle();
  assert.deepEqual([state.active, problems], [[false, false], []]);
});

test('a sender that refuses is a problem, once, and asked again with the next change', async () => {
  const { encodings, state, settle, problems } = startSwitch(2);
  state.failures = 5;
  encodings.set(0);
  await settle();
  assert.equal(problems.length, 1);
  encodings.set(null);
  await settle();
  assert.deepEqual([state.active, problems.length], [[false, false], 1]);
});

test('a sender that is not in use any more is left alone', async () => {
  const { encodings, state, settle, problems, end } = startSwitch(2);
  state.failures = 1;
  encodings.set(0);
  end.closed = true;
  await settle();
  assert.deepEqual([state.calls, problems], [1, []]);
});
