/** `node:dgram` when the kernel takes no datagram at once: each waits in a queue, and must leave as it was. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

test('the contract holds for node:dgram where every datagram waits', () => {
  // An option of Node's own tests: no send is tried before it is queued.
  const options = [
    '--test-udp-no-try-send',
    '--import',
    fileOf('../setup.ts'),
    '--test-name-pattern',
    'by way of dgram',
  ];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [...options, fileOf('datagram-io.test.ts')], {
    encoding: 'utf8',
    timeout: 60_000,
    env,
  });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /UDP by way of dgram/);
});
