/** What coturn's client of RFC 5780 finds out about the way to our server, on which there is no NAT. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';

import { startRelay } from '../relay/start-relay.ts';

const run = promisify(execFile);
const LIMIT = 20_000;

suite('turnutils_natdiscovery', { concurrency: true }, () => {
  for (const [flags, found] of [
    // Where its socket is bound to no address, it takes the server's view of it for a NAT's.
    ['-m', /NAT with Endpoint Independent Mapping!/u],
    ['-f', /NAT with Endpoint Independent Filtering!/u],
    ['-m -P', /NAT with Endpoint Independent Mapping!/u],
    ['-f -P', /NAT with Endpoint Independent Filtering!/u],
    // It asks from a second port that the answer come to the first one, and gets it there.
    ['-t -T 1', /RFC 5780 response 2/u],
  ] as const) {
    test(`behavior of the way: ${flags}`, async (t) => {
      const relay = await startRelay(t, { listen: [{ ip: '127.0.0.1' }], secondAddress: '127.0.0.2' });
      const args = [...flags.split(' '), '-p', String(relay.ports.udp), '127.0.0.1'];
      const { stdout } = await run('turnutils_natdiscovery', args, { timeout: LIMIT });
      assert.match(stdout, found);
      const { turn } = relay.counters();
      assert.equal(turn['errors.400'] + turn['errors.420'], 0, 'nothing was refused');
    });
  }
});
