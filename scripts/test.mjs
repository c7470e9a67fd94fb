/**
 * Runs the tests: `npm test` all of them, `npm test -- FILES` those files.
 *
 * Two files at a time, but for those that need the machine for themselves: floods and encoders fill both cores of a small
 * one, and pictures that have to be fluent want what they ask for. They come one by one behind the others. What fails
 * in the first part keeps nobody from hearing of the second.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

/** Folders of tests, and single files. */
const ALONE = [
  'attacks',
  'bootstrap',
  'e2e/adaptive-stream.test.ts',
  'e2e/busy-page-connects.test.ts',
  'e2e/connection-quality.test.ts',
  'e2e/dynacast-survives.test.ts',
  'e2e/end-to-end-encryption.test.ts',
  'e2e/last-n.test.ts',
  'e2e/meeting-page.test.ts',
  'e2e/narrow-downlink.test.ts',
  'e2e/narrow-screen.test.ts',
  'e2e/narrows-in-mid-call.test.ts',
  'e2e/pages-and-pins.test.ts',
  'e2e/qoe-whose-link-is-bad.test.ts',
  'e2e/relay-credentials-end.test.ts',
  'e2e/screen-share.test.ts',
  'e2e/see-and-hear.test.ts',
  'e2e/server-restarted.test.ts',
  'e2e/simulcast-layers.test.ts',
  'e2e/time-to-first-frame.test.ts',
  'e2e/worker-killed.test.ts',
  'interop',
  'loadtest',
  'qoe-network',
  'relay-network',
].map((name) => path.join('tests', name));

const given = process.argv.slice(2);
const all = readdirSync('tests', { recursive: true, encoding: 'utf8' }).map((name) => path.join('tests', name));
const files = given.length > 0 ? given : all.filter((name) => name.endsWith('.test.ts')).toSorted();
const isAlone = (/** @type {string} */ file) => {
  const name = path.normalize(file);
  return ALONE.some((alone) => name === alone || name.startsWith(alone + path.sep));
};
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
