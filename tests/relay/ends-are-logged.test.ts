import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Millis } from '../../src/kernel/clock.ts';
import type { EndedAllocation } from '../../src/relay/control.ts';
import { createEndLog } from '../../src/turn-end-log.ts';

test('an end that was ordered is in the log with its cause, in the midst of a flood', () => {
  const { end, lines } = aLog();
  for (let n = 0; n < 5000; n += 1) end('refreshed-to-zero');
  assert.ok(lines.length < 1000, `${lines.length} lines of 5,000 ends`);
  const before = lines.length;
  end('kicked', 'lab/ada');
  assert.equal(lines.length, before + 1);
  const { identity, cause, notLogged } = lines.at(-1)!;
  assert.deepEqual([identity, cause, notLogged], ['lab/ada', 'kicked', 5000 - before]);
});

test('ends in passing are logged again when the flood is over, with how many were not', () => {
  const { end, lines, pass } = aLog();
  for (let n = 0; n < 1000; n += 1) end('expired');
  const before = lines.length;
  pass(10_000);
  end('expired');
  end('expired');
  assert.equal(lines.length, before + 2);
  assert.equal(lines.at(-2)!['notLogged'], 1000 - before);
  assert.ok(!('notLogged' in lines.at(-1)!));
});

function aLog() {
  const lines: Record<string, unknown>[] = [];
  let now = 1_700_000_000_000;
  const log = createEndLog({ info: (fields: object) => lines.push({ ...fields }) } as never, () => now as Millis);
  const usage = { packetsUp: 1, bytesUp: 2, packetsDown: 3, bytesDown: 4 };
  const end = (cause: EndedAllocation['cause'], identity = 'lab/bob') =>
    log({ identity, transport: 'udp', cause, since: now - 1000, until: now, usage });
  return { end, lines, pass: (milliseconds: number) => (now += milliseconds) };
}
