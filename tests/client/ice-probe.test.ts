import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';

import { hearsNothing } from '../../client/sdk/ice-probe.ts';
import { createScope } from '../../client/sdk/scope.ts';

test('checks without an answer, and nothing else that comes: it is lost', async (t) => {
  const { probe, pair } = aTransport(t);
  assert.equal(await probe(() => (pair.requestsSent += 1)), true);
  const consent = aTransport(t);
  assert.equal(await consent.probe(() => (consent.pair.consentRequestsSent += 1)), true);
});

test('bytes, or an answer, in between: it is alive', async (t) => {
  for (const sign of ['bytesReceived', 'responsesReceived'] as const) {
    const { probe, pair } = aTransport(t);
    const alive = await probe((look) => {
      pair.requestsSent += 1;
      if (look === 1) pair[sign] += 1;
    });
    assert.equal(alive, false, sign);
  }
});

test('nobody sends anything, and nothing is asked: there is nothing wrong', async (t) => {
  const { probe } = aTransport(t);
  assert.equal(await probe(() => undefined), false);
  const browser = aTransport(t);
  browser.reports.clear();
  assert.equal(await browser.probe(() => undefined), false, 'a browser that tells nothing');
});

test('of a transport that is closed meanwhile, or of a room that is, nothing is said', async (t) => {
  const closed = aTransport(t);
  const ended = await closed.probe((look) => {
    closed.pair.requestsSent += 1;
    if (look === 1) closed.close();
  });
  assert.equal(ended, false);
  const left = aTransport(t);
  const over = await left.probe((look) => {
    left.pair.requestsSent += 1;
    if (look === 1) left.scope.close();
  });
  assert.equal(over, false);
});

function aTransport(t: TestContext) {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const scope = createScope();
  const pair = {
    type: 'candidate-pair',
    bytesReceived: 1000,
    responsesReceived: 3,
    requestsSent: 4,
    consentRequestsSent: 0,
  };
  const reports = new Map<string, object>([
    ['pair', pair],
    ['codec', { type: 'codec' }],
  ]);
  let open = true;
  const getStats = () => (open ? Promise.resolve(reports) : Promise.reject(new Error('closed')));
  return {
    ...{ scope, pair, reports },
    close: () => (open = false),
    /** `meanwhile` is what happens before each look after the first. */
    probe: async (meanwhile: (look: number) => unknown): Promise<boolean> => {
      const outcome = hearsNothing({ getStats } as never, scope);
      for (let look = 0; look < 20; look += 1) {
        for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
        meanwhile(look);
        mock.timers.tick(500);
      }
      return outcome;
    },
  };
}
