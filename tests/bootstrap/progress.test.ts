import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { reporter } from '../../scripts/bootstrap/report.mjs';

test('a log file gets a line every ten seconds, not a flood', async (t) => {
  const { report, written } = reporterTo(t, { isTTY: false });
  await report.task('worker', async (progress) => {
    for (let step = 1; step <= 25; step += 1) {
      progress(`[${step}/25]`);
      t.mock.timers.tick(1_000);
    }
  });
  const lines = written().split('\n');
  assert.deepEqual(
    lines.slice(0, 3).map((line) => line.replace(/ · \d+ s$/, '')),
    ['bootstrap: worker …', 'bootstrap: worker · [10/25]', 'bootstrap: worker · [20/25]'],
  );
  assert.match(lines[3] ?? '', /^bootstrap: worker: done after \d+ s$/);
  assert.equal(lines.length, 5);
});

test('a terminal keeps one line, cut to its width', async (t) => {
  const { report, written } = reporterTo(t, { isTTY: true, columns: 30 });
  await report.task('worker', async (progress) => {
    progress('x'.repeat(100));
    t.mock.timers.tick(3_000);
  });
  const drawn = written().split('\r\u001B[K').filter(Boolean);
  assert.equal(drawn.length, 5, 'one at once, three seconds, and the end');
  for (const line of drawn.slice(0, -1)) {
    assert.ok(line.length < 30);
    assert.doesNotMatch(line, /\n/);
  }
});

test('a task that fails says so, and hands its error on', async (t) => {
  const { report, written } = reporterTo(t, { isTTY: false });
  await assert.rejects(
    report.task('worker', () => Promise.reject(new Error('no disk'))),
    /no disk/,
  );
  assert.match(written(), /bootstrap: worker: failed after 0 s\n$/);
});

function reporterTo(t: TestContext, { isTTY, columns = 80 }: { isTTY: boolean; columns?: number }) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let text = '';
  const write = (part: string | Uint8Array) => {
    text += String(part);
    return true;
  };
  return { report: reporter({ isTTY, columns, write }), written: () => text };
}
