import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { failedThresholds, parseThreshold } from '../../loadtest/report/threshold.ts';

const PROGRAM = fileURLToPath(new URL('../../loadtest/main.ts', import.meta.url));

test('a threshold fails where it comes true, and where its value was not measured', () => {
  const values = [
    { name: 'join.p99', value: 21, unit: 'ms' },
    { name: 'loss.percent', value: 0, unit: '%' },
    { name: 'latency.p50', value: Number.NaN, unit: 'ms' },
  ];
  const failed = (...texts: string[]) => failedThresholds(texts.map(parseThreshold), values);
  assert.deepEqual(failed('join.p99>21', 'join.p99 < 21', 'loss.percent>0'), []);
  assert.deepEqual(failed('join.p99>=21'), ['join.p99>=21: join.p99 is 21 ms']);
  assert.equal(failed('loss.percent<=0').length, 1);
  assert.match(failed('join.p98>1')[0]!, /there is no join\.p98; there are join\.p99/);
  assert.match(failed('latency.p50>1')[0]!, /not measured/);
  for (const text of ['join.p99', 'join.p99=3', '>3', 'join.p99>', 'join.p99>1.2.3', 'a b>1']) {
    assert.throws(() => parseThreshold(text), /--fail-if takes/, text);
  }
});

test('a run prints a line of JSON, writes its report, and its exit code says whether thresholds held', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-loadtest-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const html = path.join(folder, 'report.html');
  const flags = ['--seconds', '2', '--rate', '10', '--json', '--html', html];
  const { code, stdout, stderr } = await loadtest(
    'join-storm',
    ...flags,
    '--fail-if',
    'join.p99<0',
    '--fail-if',
    'joins.total>5',
  );

  assert.equal(code, 1, stderr);
  const result = JSON.parse(stdout) as {
    scenario: string;
    failed: string[];
    values: Record<string, { value: number; unit: string }>;
    series: { name: string; points: number[] }[];
  };
  assert.equal(result.scenario, 'join-storm');
  assert.deepEqual(result.failed, ['joins.total>5: joins.total is 20']);
  assert.match(stderr, /FAILED joins\.total>5/);
  assert.equal(result.values['join.count']?.value, 20);
  assert.ok(result.values['join.p50']!.value <= result.values['join.p99']!.value);
  assert.ok(result.values['cpu.main']!.value > 0);
  assert.ok(result.values['memory.server']!.value > 10);
  assert.ok('delay.main.p99.9' in result.values && 'gc.main.worst' in result.values && 'cpu.workers' in result.values);
  assert.ok(result.series.find(({ name }) => name === 'joins.rate')!.points.length >= 1);
  const page = readFileSync(html, 'utf8');
  assert.match(page, /<svg[^]*<polyline/);
  assert.doesNotMatch(page, /<script|https?:\/\//);
});

test('what is called wrongly says what was expected, and exits with 2', async () => {
  for (const [args, words] of [
    [['no-such-thing'], /join-storm[^]*meeting/],
    [['meeting', '--users', '0'], /--users is a number from 1/],
  ] as const) {
    const { code, stderr } = await loadtest(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, words);
  }
});

function loadtest(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const flags = ['--disable-warning=ExperimentalWarning', PROGRAM, ...args];
    execFile(process.execPath, flags, { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
