import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { Millis } from '../../src/kernel/clock.ts';
import { Demand, FALL_AFTER, STOP_AFTER, type WantedLayer } from '../../src/rooms/demand.ts';
import { SIMULCAST } from '../support/memory-media-engine.ts';
import { createRoomsWorld, type Guest, settle } from '../support/rooms.ts';

const CAMERA = {
  kind: 'video',
  source: 'camera',
  rtpParameters: SIMULCAST,
  size: { width: 1280, height: 720 },
} as const;
const THUMBNAIL = { width: 200, height: 112 };

test('a camera that nobody receives is wanted no more after five seconds, and is again with the first who comes', async () => {
  const { join, pass } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  await ada.participant.requests.produce(CAMERA);
  pass(STOP_AFTER - 1);
  assert.deepEqual(wantedOf(ada), []);
  pass(1);
  await settle();
  assert.deepEqual(wantedOf(ada), [null]);

  const bob = await join('lab', 'bob');
  await settle();
  assert.deepEqual(wantedOf(ada), [null, 0], 'who is not ready yet is worth the lowest layer');
  await bob.participant.requests.resumeConsumers([bob.joined.consumers[0]!.id]);
  assert.deepEqual(wantedOf(ada), [null, 0, 2], 'who says nothing wants everything');
});

test('the largest tile counts; more is told at once, less after a second', async () => {
  const { ada, viewers, pass, look } = await watched(['bob', 'cy']);
  look('bob', THUMBNAIL);
  look('cy', { width: 640, height: 360 });
  pass(FALL_AFTER);
  assert.deepEqual(wantedOf(ada), [1]);
  look('cy', 'hidden');
  pass(FALL_AFTER);
  assert.deepEqual(wantedOf(ada), [1, 0]);
  look('bob', { width: 1920, height: 1080 });
  assert.deepEqual(wantedOf(ada), [1, 0, 2], 'at once');
  viewers.get('bob')!.participant.leave('left');
  pass(STOP_AFTER);
  assert.deepEqual(wantedOf(ada), [1, 0, 2, null], 'only a hidden one is left');
  look('cy', THUMBNAIL);
  assert.deepEqual(wantedOf(ada), [1, 0, 2, null, 0]);
});

test('who comes to a camera that nobody wanted, and wants little, is worth little within a second', async () => {
  const { ada, pass, look } = await watched(['bob']);
  look('bob', 'hidden');
  pass(STOP_AFTER - FALL_AFTER / 2);
  look('bob', THUMBNAIL);
  pass(FALL_AFTER);
  assert.deepEqual(wantedOf(ada), [0]);
});

test('one who pauses wants nothing, and one who looks away for a moment costs nothing', async () => {
  const { ada, viewers, pass, look } = await watched(['bob']);
  const bob = viewers.get('bob')!;
  const consumerId = bob.joined.consumers[0]!.id;
  look('bob', 'hidden');
  pass(FALL_AFTER - 1);
  look('bob', { width: 1280, height: 720 });
  pass(FALL_AFTER);
  assert.deepEqual(wantedOf(ada), []);
  await bob.participant.requests.pauseConsumers([consumerId]);
  pass(STOP_AFTER);
  assert.deepEqual(wantedOf(ada), [null]);
});

test('muted stays muted when it is wanted again', async () => {
  const { ada, engine, pass, look, id } = await watched(['bob']);
  await ada.participant.requests.pauseProducer(id);
  look('bob', 'hidden');
  pass(FALL_AFTER);
  look('bob', THUMBNAIL);
  await settle();
  const producer = engine.rooms[0]!.producers.get(id)!;
  assert.equal(producer.paused, true);
  look('bob', 'hidden');
  pass(FALL_AFTER);
  await ada.participant.requests.resumeProducer(id);
  assert.equal(producer.paused, false, 'and it is nobody else who unmutes it');
});

test('lost media is forgotten, and nothing is left to wait for', async () => {
  const { ada, engine, pass, look, rooms } = await watched(['bob']);
  look('bob', 'hidden');
  engine.loseAll();
  await settle();
  pass(10 * FALL_AFTER);
  assert.deepEqual(wantedOf(ada), []);
  assert.equal(rooms.nextDeadline(), undefined);
});

test('whatever its receivers want, the sender is told at once of more, in a second of less, and in the end of what is', () => {
  const LAYERS = 3;
  const wanted = fc.constantFrom<WantedLayer[]>(null, 0, 1, 2);
  const step = fc.oneof(
    fc.record({ who: fc.nat(3), wants: wanted }),
    fc.record({ pass: fc.integer({ min: 1, max: 1500 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      let now = 0;
      let dueAt: number | undefined;
      let told: WantedLayer = LAYERS - 1;
      const receivers: WantedLayer[] = [null, null, null, null];
      const demand = new Demand({
        layers: LAYERS,
        now: () => now as Millis,
        wake: (at) => (dueAt = at),
        tell: (layer) => (told = layer),
      });
      const most = () => Math.max(...receivers.map((layer) => layer ?? -1));
      let lessSince: number | undefined = 0;
      const pass = (until: number) => {
        while (dueAt !== undefined && dueAt <= until) {
          now = dueAt;
          dueAt = undefined;
          demand.due();
        }
        now = until;
      };
      demand.review();
      for (const one of steps) {
        if ('pass' in one) pass(now + one.pass);
        else {
          const before = receivers[one.who]!;
          receivers[one.who] = one.wants;
          demand.change(before, one.wants);
        }
        assert.ok((told ?? -1) >= most(), 'never less than is wanted');
        lessSince = (told ?? -1) > most() ? (lessSince ?? now) : undefined;
      }
      pass(now + FALL_AFTER + STOP_AFTER);
      assert.equal(told ?? -1, most());
      assert.equal(dueAt, undefined);
    }),
  );
});

/** Ada's camera, and those who receive it in full. */
async function watched(names: readonly string[]) {
  const world = createRoomsWorld();
  const ada = await world.join('lab', 'ada');
  const { id } = await ada.participant.requests.produce(CAMERA);
  const viewers = new Map<string, Guest>();
  for (const name of names) {
    const viewer = await world.join('lab', name);
    viewers.set(name, viewer);
    await viewer.participant.requests.resumeConsumers(viewer.joined.consumers.map((consumer) => consumer.id));
  }
  return {
    ...world,
    ada,
    id,
    viewers,
    look: (name: string, shown: { width: number; height: number } | 'hidden') => {
      const viewer = viewers.get(name)!;
      const consumerId = viewer.joined.consumers[0]!.id;
      viewer.participant.media!.look([{ consumerId, ...(shown === 'hidden' ? { hidden: true } : shown) }]);
    },
  };
}

function wantedOf({ events }: Guest): (number | null)[] {
  return events.flatMap((event) => (event.type === 'encodings-wanted' ? [event.maxSpatialLayer] : []));
}
