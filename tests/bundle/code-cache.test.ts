import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { launch } from '../../src/bundle/launch.ts';

test('the bundle that is built has the cache of a start', () => {
  for (const name of ['server', 'relay-thread', 'store-thread']) {
    assert.ok(existsSync(fileURLToPath(new URL(`../../dist/server/${name}.cjs.cache`, import.meta.url))), name);
  }
});

test('a program runs as it does without its cache, and is given what it cannot load itself', (t) => {
  const { file, beside } = program(t, 'exports.sum = () => require("one").value + require("node:path").sep.length;');
  const sum = () => (launch('program', { one: { value: 1 } }, beside) as { sum(): number }).sum();
  assert.equal(sum(), 2);
  makeCache(beside);
  assert.ok(existsSync(`${file}.cache`));
  assert.equal(sum(), 2);
});

test('the cache of another state of a program is not used, though that has the same length', (t) => {
  const { file, beside } = program(t, 'exports.answer = () => 41;');
  makeCache(beside);
  const past = new Date(Date.now() - 60_000);
  utimesSync(`${file}.cache`, past, past);
  writeFileSync(file, 'exports.answer = () => 42;');
  assert.equal(answerOf(beside), 42);
});

test('a cache that was cut off, or is none, harms nothing', (t) => {
  const { file, beside } = program(t, 'exports.answer = () => 42;');
  for (const bytes of [Buffer.alloc(0), Buffer.from('no code'), Buffer.alloc(4096, 0xff)]) {
    writeFileSync(`${file}.cache`, bytes);
    assert.equal(answerOf(beside), 42);
  }
});

function answerOf(beside: string): number {
  return (launch('program', {}, beside) as { answer(): number }).answer();
}

function program(t: TestContext, source: string): { file: string; beside: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-launch-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'program.cjs');
  writeFileSync(file, source);
  return { file, beside: pathToFileURL(file).href };
}

/** As the build does: a process runs the program, and leaves the cache when it ends. */
function makeCache(beside: string): void {
  const launcher = new URL('../../src/bundle/launch.ts', import.meta.url).href;
  const code = `const { launch } = await import(${JSON.stringify(launcher)});
    launch('program', { one: { value: 1 } }, ${JSON.stringify(beside)});`;
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code], {
    env: { ...process.env, MAKE_CODE_CACHE: '1' },
  });
}
