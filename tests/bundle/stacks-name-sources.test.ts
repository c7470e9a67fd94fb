import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startServerProcess } from '../support/server-process.ts';

test('the stack of an error in the bundled server names the sources', { timeout: 60_000 }, async (t) => {
  // NODE_DEBUG shows the stack of what keeps a server from starting.
  const server = startServerProcess(t, ['--port', 'no-port'], { NODE_DEBUG: 'none' });
  assert.equal(await server.exit, 1);
  assert.match(server.output, /at loadConfig \(src\/config\/load\.ts:\d+:\d+\)/);
  assert.match(server.output, /at .*run \(src\/run\.ts:\d+:\d+\)/);
  assert.doesNotMatch(server.output, /server\.cjs/);
});
