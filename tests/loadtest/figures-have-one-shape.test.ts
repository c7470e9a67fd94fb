import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { figure } from '../../loadtest/bench/figure.ts';
import { figureLine } from '../../loadtest/bench/line.ts';
import { tableLines } from '../../loadtest/bench/markdown.ts';

const PROGRAM = fileURLToPath(new URL('../../loadtest/bench.ts', import.meta.url));

test('a figure is the median of its rounds, with their spread, and meets its target or not', () => {
  const at = { metric: 'parse', unit: 'ns', rounds: [41, 40, 52] };
  assert.deepEqual(figure({ ...at, atMost: 50 }), {
    ...{ metric: 'parse', value: 41, unit: 'ns', target: 50, met: true, spread: [40, 52] },
  });
  assert.equal(figure({ ...at, atMost: 40 }).met, false);
  assert.equal(figure({ ...at, atLeast: 42 }).met, false);
  assert.deepEqual(figure(at).target, null);
  assert.throws(() => figure({ ...at, rounds: [] }), /nothing was measured/);
  assert.throws(() => figure({ ...at, rounds: [Number.NaN] }), /nothing was measured/);
});

test('a target in times of a peer holds against the peer of the same run, and against nothing without it', () => {
  const rate = { metric: 'relay', unit: 'packets/s', rounds: [130], atLeast: 1.2, ofPeer: true };
  const beside = figure({ ...rate, peer: { name: 'coturn', rounds: [90, 100, 110] } });
  assert.deepEqual(beside, {
    ...{ metric: 'relay', value: 130, unit: 'packets/s', target: 120, met: true, spread: [130, 130] },
    ...{ peer: { name: 'coturn', value: 100 }, ratio: 1.3 },
  });
  assert.equal(figure({ ...rate, peer: { name: 'coturn', rounds: [110] } }).met, false);
  assert.equal(figure(rate).target, null);
  assert.match(
    figureLine(beside),
    /relay +130 packets\/s {2}\(130 to 130\) {2}target 120: met {2}coturn 100, ratio 1.3/,
  );
});

test('the table names the command of each row, and says what was missed and what failed', () => {
  const done = new Map([['tick', [figure({ metric: 'tick', unit: 'µs', rounds: [5], atMost: 3 })]]]);
  const lines = tableLines(done, { peers: true, failed: ['forward'] });
  assert.ok(
    lines.every((line) => line.length === lines[0]!.length),
    'columns are even',
  );
  assert.ok(lines.some((line) => /^\| tick .*5 µs.*\*\*missed\*\*.*`npm run bench -- tick --peers`/.test(line)));
  assert.ok(lines.some((line) => /^\| forward +\| failed/.test(line)));
});

test('npm run bench prints an object of exactly that shape for each figure', { timeout: 60_000 }, async () => {
  const { code, stdout } = await bench('turn-credential', '--json');
  const figures = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const [its, ...more] = figures;
  assert.deepEqual(Object.keys(its!), ['metric', 'value', 'unit', 'target', 'met', 'spread', 'peer', 'ratio']);
  assert.equal(its!['metric'], 'turn-credential');
  assert.equal(its!['target'], 272);
  assert.ok(
    more.every(({ metric }) => String(metric).startsWith('turn-credential.')),
    'what else was seen',
  );
  assert.equal(code, figures.every(({ met }) => met === true) ? 0 : 1);
  assert.equal((its!['peer'] as { name: string }).name, 'node:crypto');
});

test('a row that does not exist is named, with those that do', async () => {
  const { code, stderr } = await bench('no-such-row');
  assert.equal(code, 2);
  assert.match(stderr, /no row is called no-such-row; there are stun-parse, .*relay/);
});

function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const flags = ['--disable-warning=ExperimentalWarning', PROGRAM, ...args];
    execFile(process.execPath, flags, { timeout: 50_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
