import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readClientOutput } from '../support/coturn.ts';

test('the last summary of a run counts, not the ones on the way', () => {
  const output = `0: : Total connect time is 0
3: : start_mclient: msz=2, tot_send_msgs=20, tot_recv_msgs=18, tot_send_bytes ~ 2000, tot_recv_bytes ~ 2000
5: : start_mclient: tot_send_msgs=40, tot_recv_msgs=39
5: : start_mclient: tot_send_bytes ~ 4000, tot_recv_bytes ~ 4000
5: : Total lost packets 1 (2.500000%), total send dropped 3 (0.000000%)
5: : Average round trip delay 0.000000 ms; min = 0 ms, max = 0 ms`;
  assert.deepEqual(readClientOutput(output), { sent: 40, received: 39, lost: 1, dropped: 3 });
});

test('a run that came to nothing is not taken for one that lost nothing', () => {
  const { sent, lost } = readClientOutput('0: : ERROR: Cannot complete Allocation\n');
  assert.equal(sent, 0);
  assert.ok(Number.isNaN(lost));
});
