/**
 * Runs the tests: `npm test` all of them, `npm test -- FILES` those files.
 *
 * Two files at a time, but for those that fill the machine themselves: floods, browsers, encoders and namespaces want
 * both cores of a small one, and come one by one behind the others. What fails in the first part keeps nobody from
 * hearing of the second.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

const ALONE = ['attacks', 'bootstrap', 'e2e', 'interop', 'loadtest', 'qoe-network', 'relay-network'];

const given = process.argv.slice(2);
const all = readdirSync('tests', { recursive: true, encoding: 'utf8' }).map((name) => path.join('tests', name));
const files = given.length > 0 ? given : all.filter((name) => name.endsWith('.test.ts')).toSorted();
const isAlone = (/** @type {string} */ file) => ALONE.includes(path.normalize(file).split(path.sep)[1] ?? '');
const parts = [
  { concurrency: 2, of: files.filter((file) => !isAlone(file)) },
  { concurrency: 1, of: files.filter(isAlone) },
];

let failed = false;
for (const { concurrency, of } of parts) {
  if (of.length === 0) continue;
  const options = ['--import', './tests/setup.ts', '--test', `--test-concurrency=${concurrency}`];
  const { status } = spawnSync(process.execPath, [...options, '--test-reporter=spec', ...of], { stdio: 'inherit' });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
