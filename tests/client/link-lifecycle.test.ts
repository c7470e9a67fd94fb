import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { type LinkEvent, type LinkPhase, type LinkStep, step } from '../../client/sdk/lifecycle.ts';
import type { ErrorCode } from '../../src/kernel/errors.ts';

const GIVE_UP_AFTER = 60_000;
const ONLINE: LinkPhase = { at: 'online' };

test('a first join that fails is over at once: the caller decides what to do', () => {
  assert.deepEqual(closeCode(after({ at: 'joining' }, { type: 'lost' })), 'server-unreachable');
  assert.deepEqual(closeCode(after({ at: 'joining' }, refused('draining'))), 'draining');
  assert.deepEqual(closeCode(after({ at: 'joining' }, refused('room-full'))), 'room-full');
});

test('a lost socket is dialled again to resume', () => {
  const { phase, action } = after(ONLINE, { type: 'lost' });
  assert.equal(phase.at, 'resuming');
  assert.ok(action.do === 'dial' && action.hello === 'resume' && action.delay < 250);
});

test('a session that is gone is joined anew, at once and with the same clock running', () => {
  const { phase, action } = after({ at: 'resuming', attempt: 4, since: 1000 }, refused('session-gone'), 9000);
  assert.deepEqual(phase, { at: 'rejoining', attempt: 0, since: 1000 });
  assert.ok(action.do === 'dial' && action.hello === 'join' && action.delay < 250);
});

test('a resume that is refused for want of capacity is tried again as a resume', () => {
  const { action } = after({ at: 'resuming', attempt: 0, since: 0 }, refused('too-many-connections'));
  assert.ok(action.do === 'dial' && action.hello === 'resume');
});

test('a server that is being restarted is joined again when it is back', () => {
  const { action } = after(ONLINE, { type: 'bye', bye: { code: 'draining', message: '' } });
  assert.ok(action.do === 'dial' && action.hello === 'join');
});

for (const code of ['kicked', 'replaced', 'room-closed', 'token-revoked'] as const) {
  test(`${code} ends it for good`, () => {
    assert.equal(closeCode(after(ONLINE, { type: 'bye', bye: { code, message: '' } })), code);
  });
}

for (const code of ['token-expired', 'room-full', 'room-not-found', 'forbidden'] as const) {
  test(`a rejoin that is refused as ${code} is not tried again`, () => {
    assert.equal(closeCode(after({ at: 'rejoining', attempt: 1, since: 0 }, refused(code))), code);
  });
}

test('the server says how long to wait', () => {
  const { action } = after({ at: 'rejoining', attempt: 0, since: 0 }, refused('rate-limited', 30));
  assert.ok(action.do === 'dial' && action.delay >= 30_000);
});

test('after giveUpAfter the connection counts as lost', () => {
  const phase: LinkPhase = { at: 'resuming', attempt: 9, since: 1000 };
  assert.equal(closeCode(after(phase, { type: 'lost' }, 1000 + GIVE_UP_AFTER)), 'connection-lost');
  assert.equal(after(phase, { type: 'lost' }, 999 + GIVE_UP_AFTER).action.do, 'dial');
});

test('whatever happens: closed stays closed, every loss is dialled or closed, and no wait is longer than asked for', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anEvent(), fc.nat(20_000), fc.double({ min: 0, max: 0.999, noNaN: true }))),
      (events) => {
        let phase = { at: 'joining' } as LinkPhase;
        let now = 0;
        for (const [event, elapsed, random] of events) {
          now += elapsed;
          const next: LinkStep = step(phase, event, now, random, GIVE_UP_AFTER);
          if (phase.at === 'closed') assert.deepEqual(next, { phase, action: { do: 'nothing' } });
          assert.equal(next.action.do === 'close', phase.at !== 'closed' && next.phase.at === 'closed');
          if (event.type === 'lost' && phase.at !== 'closed') assert.notEqual(next.action.do, 'nothing');
          if (next.action.do === 'dial') {
            assert.equal(next.action.hello, next.phase.at === 'resuming' ? 'resume' : 'join');
            assert.ok(next.action.delay >= 0 && next.action.delay <= 5000);
            assert.ok('since' in next.phase && now - next.phase.since < GIVE_UP_AFTER);
          }
          phase = next.phase;
        }
      },
    ),
  );
});

function after(phase: LinkPhase, event: LinkEvent, now = 0): LinkStep {
  return step(phase, event, now, 0.5, GIVE_UP_AFTER);
}

function refused(code: ErrorCode, retryAfter?: number): LinkEvent {
  return { type: 'refused', error: { code, message: '', ...(retryAfter === undefined ? {} : { retryAfter }) } };
}

function closeCode({ phase, action }: LinkStep): string | undefined {
  assert.equal(action.do, 'close');
  return phase.at === 'closed' ? phase.reason.code : undefined;
}

function anEvent(): fc.Arbitrary<LinkEvent> {
  const code = fc.constantFrom<ErrorCode>(
    'session-gone',
    'draining',
    'kicked',
    'room-full',
    'rate-limited',
    'internal',
  );
  return fc.oneof(
    fc.constantFrom<LinkEvent>({ type: 'answered' }, { type: 'lost' }, { type: 'start-over' }),
    code.map((one) => refused(one)),
    code.map((one): LinkEvent => ({ type: 'bye', bye: { code: one, message: '' } })),
  );
}
