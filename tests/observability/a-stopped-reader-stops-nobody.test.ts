import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

// A pipe takes 64 KiB, a Unix socket some 200 KiB.
const MIB = 1024 * 1024;

test('a log that nobody reads does not hold up the process, and all of it is there for who reads later', async (t) => {
  const writer = startWriter(t, 2 * MIB);
  await once(writer, 'message');
  const entries = await readAll(writer);
  assert.deepEqual(
    entries.map(({ line }) => line),
    entries.map((_, index) => index),
  );
  assert.ok(entries.length * 1024 >= 2 * MIB);
});

test('what waits for a reader is bounded, and the log says how many lines were lost', async (t) => {
  const writer = startWriter(t, 16 * MIB);
  await once(writer, 'message');
  const entries = await readAll(writer);
  const kept = entries.filter(({ line }) => line !== undefined);
  const lost = entries.reduce((sum, { lines = 0 }) => sum + lines, 0);
  assert.ok(lost > 0, 'lines were lost');
  assert.equal(kept.length + lost, 16 * 1024);
  assert.ok(kept.length * 1024 <= 6 * MIB, `${kept.length} KiB were kept`);
});

type Entry = { line?: number; lines?: number };

/** A process that logs `bytes` in lines of 1 KiB, says so, and ends when it is told to. Its output is not read yet. */
function startWriter(t: TestContext, bytes: number): ChildProcess {
  const program = fileURLToPath(new URL('./log-writer.ts', import.meta.url));
  const child = fork(program, [String(bytes)], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** Everything that the process has logged, read to its end. */
async function readAll(child: ChildProcess): Promise<Entry[]> {
  child.send('end');
  const text = (await child.stdout!.setEncoding('utf8').toArray()).join('');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);
}
