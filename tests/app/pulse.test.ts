import assert from 'node:assert/strict';
import test from 'node:test';

import { startPulse } from '../../src/pulse.ts';

test('it beats 20 times a second while there is something to do, and seldom where there is not', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let beats = 0;
  let busy = true;
  const pulse = startPulse(() => {
    beats += 1;
    return busy;
  });
  const beatsIn = (milliseconds: number) => {
    const before = beats;
    t.mock.timers.tick(milliseconds);
    return beats - before;
  };

  assert.equal(beatsIn(5000), 100);
  busy = false;
  assert.equal(beatsIn(1000), 20, 'a pause is none yet');
  assert.equal(beatsIn(5000), 20, 'calm');
  pulse.quicken();
  assert.equal(beatsIn(50), 1, 'at once');
  busy = true;
  assert.equal(beatsIn(1000), 20);
  pulse.stop();
  assert.equal(beatsIn(1000), 0);
});
