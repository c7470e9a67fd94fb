import assert from 'node:assert/strict';
import { test } from 'node:test';

import { comeAndGo, heapInUse } from '../support/rooms-come-and-go.ts';
import { startServer } from '../support/server.ts';

/** How often it is looked whether all is cleared up: facts may be on their way to the disk. */
const TRIES = 120;

test('of rooms that are over nothing is held, and memory is where it was', async (t) => {
  // Quality holds a session for another minute, for beacons that come late.
  const server = await startServer(['--qoe.enabled', 'false']);
  t.after(() => server.close());
  // Code is compiled, pools are filled, and all that lives as long as the server is made.
  for (let round = 0; round < 3; round += 1) await comeAndGo(server, 10, 4);
  const before = await settled(await comeAndGo(server, 10, 4));

  const left: WeakRef<object>[] = [];
  for (let round = 0; round < 20; round += 1) left.push(...(await comeAndGo(server, 10, 4)));
  assert.equal(left.length, 20 * 10 * 5);
  let after = await settled(left);
  for (let tries = 0; tries < TRIES && after > before * 1.05; tries += 1) after = await heapInUse();
  assert.ok(after <= before * 1.05, `${after} bytes after 200 rooms, ${before} before`);

  const { body } = await server.call('GET', '/v1/rooms');
  assert.deepEqual(body['rooms'], []);
});

/** Bytes in use once all of `left` has been collected. */
async function settled(left: readonly WeakRef<object>[]): Promise<number> {
  let bytes = await heapInUse();
  const held = () => left.filter((each) => each.deref() !== undefined).length;
  for (let tries = 0; tries < TRIES && held() > 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    bytes = await heapInUse();
  }
  assert.equal(held(), 0, 'rooms and participants that are still held');
  return bytes;
}
