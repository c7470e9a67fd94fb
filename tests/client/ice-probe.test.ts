import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';

import { hearsNothing } from '../../client/sdk/ice-probe.ts';
import { createScope } from '../../client/sdk/scope.ts';

for (const [what, later, expected] of [
  ['neither bytes nor answers', { bytesReceived: 1000, responsesReceived: 3 }, true],
  ['bytes', { bytesReceived: 1001, responsesReceived: 3 }, false],
  ['an answer to a check', { bytesReceived: 1000, responsesReceived: 4 }, false],
] as const) {
  test(`within a second came ${what}: ${expected ? 'it is lost' : 'it is alive'}`, async (t) => {
    const { probe, pair } = aTransport(t);
    assert.equal(await probe(() => Object.assign(pair, later)), expected);
  });
}

test('of a browser that tells nothing, of a transport that is closed meanwhile or of a room that is, nothing is said', async (t) => {
  const untold = aTransport(t);
  untold.reports.clear();
  assert.equal(await untold.probe(() => undefined), false);

  const closed = aTransport(t);
  assert.equal(await closed.probe(() => closed.close()), false);

  const left = aTransport(t);
  assert.equal(await left.probe(() => left.scope.close()), false);
});

function aTransport(t: TestContext) {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const scope = createScope();
  const pair = { type: 'candidate-pair', bytesReceived: 1000, responsesReceived: 3 };
  const reports = new Map<string, object>([
    ['pair', pair],
    ['codec', { type: 'codec' }],
  ]);
  let open = true;
  const getStats = () => (open ? Promise.resolve(reports) : Promise.reject(new Error('closed')));
  return {
    ...{ scope, pair, reports },
    close: () => (open = false),
    async probe(meanwhile: () => unknown): Promise<boolean> {
      const outcome = hearsNothing({ getStats } as never, scope);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
      meanwhile();
      mock.timers.tick(1000);
      return outcome;
    },
  };
}
