import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startServerProcess } from '../support/server-process.ts';

test('a server that cannot start ends with the threads that were started for it', { timeout: 60_000 }, async (t) => {
  const server = startServerProcess(t, ['--media.workerBin', '/nowhere/worker']);
  assert.equal(await server.exit, 1);
  assert.match(server.output, /media\.workerBin: the worker \/nowhere\/worker does not run/);
});
