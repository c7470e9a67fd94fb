import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SIMULCAST } from '../support/memory-media-engine.ts';
import { Client } from './client.ts';
import { startServer } from './server.ts';

test('a flood of views has a code of its own, changes nothing, and slows nothing else', async (t) => {
  const server = await startServer(t, { limits: { view: { rate: 0.001, burst: 3 } } });
  const ada = await Client.join(server, 'ada');
  const { producer } = await ada.request('produce', { kind: 'video', source: 'camera', rtpParameters: SIMULCAST });
  const bob = await Client.join(server, 'bob');
  const consumerId = bob.joined.consumers[0]?.id ?? assert.fail('nothing to receive');
  await bob.request('consumer-resume', { consumerIds: [consumerId] });
  const consumer = server.engine.rooms[0]?.consumers.get(consumerId) ?? assert.fail('no consumer');

  const thumbnail = { consumers: [{ consumerId, width: 160, height: 90 }] };
  assert.equal(await bob.refusal('view', thumbnail), 'done');
  assert.equal(await bob.refusal('consumer-layers', { consumerId, spatialLayer: 2 }), 'done');
  assert.equal(await bob.refusal('view', thumbnail), 'done');
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => bob.refusal('view', { consumers: [{ consumerId, hidden: true }] })),
  );
  assert.deepEqual([...new Set(answers)], ['too-many-view-changes']);
  assert.equal(await bob.refusal('consumer-layers', { consumerId, spatialLayer: 0 }), 'too-many-view-changes');
  assert.deepEqual([consumer.paused, consumer.layers], [false, { spatialLayer: 0 }], 'as it was before');

  assert.equal(await bob.refusal('consumer-pause', { consumerIds: [consumerId] }), 'done');
  assert.equal(await ada.refusal('producer-size', { producerId: producer.id, width: 640, height: 480 }), 'done');
});

test('a view that does not fit its schema is refused', async (t) => {
  const server = await startServer(t);
  const ada = await Client.join(server, 'ada');
  for (const consumers of [
    [],
    [{ consumerId: 'x', width: 100 }],
    [{ consumerId: 'x', width: 0, height: 1 }],
    [{ consumerId: 'x', hidden: false }],
    [{ consumerId: 'x', page: 1 }],
  ]) {
    assert.equal(await ada.refusal('view', { consumers }), 'invalid-request', JSON.stringify(consumers));
  }
});
