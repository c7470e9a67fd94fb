import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';

import { NOW, open, scratch } from './store.ts';

test('after kill -9 the store opens again, and has all but what was added in the last second', async (t) => {
  const path = scratch(t);
  const added = await killedWhileWriting(path, t.signal);
  const { store } = open(t, path);
  const session = (await store.ask({ type: 'session', id: 'killed' }))!;
  assert.equal(session.endReason, 'server-ended');
  const query = {
    type: 'timeline',
    keys: [session.key],
    from: NOW * 1000,
    to: (NOW + 3600) * 1000,
    step: 'p1',
  } as const;
  const rows = await store.ask(query);
  const [lastCount, lastAt] = added.at(-1)!;
  const mustBeThere = added.filter(([, at]) => at < lastAt - 1000).length;
  assert.ok(mustBeThere > 20, 'it ran for long enough to tell');
  assert.ok(
    rows.length >= mustBeThere && rows.length <= lastCount,
    `${rows.length} of ${lastCount}, ${mustBeThere} due`,
  );
  assert.deepEqual(
    rows.map((row) => row.t),
    rows.map((_, index) => NOW + index),
    'none is missing between them',
  );
  assert.equal(session.excellent, rows.length, 'the tally of the session is of the same moment');
});

/** What a process had added, as count and time, when it was killed. */
async function killedWhileWriting(path: string, signal: AbortSignal): Promise<[number, number][]> {
  const program = new URL('./writing-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, path, String(NOW)], { stdio: ['ignore', 'pipe', 'inherit'], signal });
  child.on('error', () => undefined);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const added: [number, number][] = [];
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) added.push(line.split(' ').map(Number) as [number, number]);
    if (added.length > 120) child.kill('SIGKILL');
  }
  await gone;
  return added;
}
