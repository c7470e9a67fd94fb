/** The addon where a path carries less than what is sent: no segmentation, DF, fragments. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { noNamespaces } from '../support/network-namespaces.ts';

const SCRIPT = fileURLToPath(new URL('datagram-io-low-mtu.ts', import.meta.url));
const IN_A_SMALL_NETWORK = 'ip link set lo mtu 1500 up && exec "$@"';

for (const host of ['127.0.0.1', '::1']) {
  test(`1,500 bytes at a time to ${host}`, { skip: noNamespaces() }, async () => {
    const command = ['-n', 'sh', '-c', IN_A_SMALL_NETWORK, 'sh', process.execPath, SCRIPT, host];
    const { stdout } = await promisify(execFile)('unshare', command, { timeout: 20_000 });
    const found = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    assert.deepEqual(found, [
      { what: 'fits', arrived: [1000, 1000, 1000], sent: 3, runs: 1, refused: 0, tooLong: 0 },
      // The kernel refuses the run, and fragments its datagrams when they come singly.
      { what: 'too long for a run', arrived: [2000, 2000, 2000, 900], sent: 4, runs: 0, refused: 1, tooLong: 0 },
      { what: 'too long for DF', arrived: [1000, 1000], sent: 2, runs: 0, refused: 1, tooLong: 1 },
      { what: 'after DF', arrived: [2000], sent: 1, runs: 0, refused: 0, tooLong: 0 },
    ]);
  });
}
