import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AUDIO, VIDEO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, type Guest, roomName, settle } from '../support/rooms.ts';

const MICROPHONE = { kind: 'audio', source: 'microphone', rtpParameters: AUDIO } as const;
const CAMERA = { kind: 'video', source: 'camera', rtpParameters: VIDEO } as const;
const SCREEN = { kind: 'video', source: 'screen', rtpParameters: VIDEO } as const;

test('no more participants publish than the room lets, however many begin at once', async () => {
  const { rooms, join, engine } = createRoomsWorld();
  rooms.create(roomName('lab'), { maxPublishers: 2 });
  const guests = await Promise.all(['a', 'b', 'c', 'd'].map((who) => join('lab', who)));
  const outcomes = await Promise.allSettled(guests.map(({ participant }) => participant.requests.produce(MICROPHONE)));
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'on' : (outcome.reason as { code: string }).code)),
    ['on', 'on', 'limit-reached', 'limit-reached'],
  );
  assert.equal(engine.rooms[0]!.producers.size, 2);

  await guests[0]!.participant.requests.produce(CAMERA);
  guests[1]!.participant.leave('left');
  await guests[2]!.participant.requests.produce(MICROPHONE);
  await assert.rejects(guests[3]!.participant.requests.produce(MICROPHONE), { code: 'limit-reached' });
});

test('a place that was taken for a track that could not be opened is free again', async () => {
  const { rooms, join } = createRoomsWorld();
  rooms.create(roomName('lab'), { maxPublishers: 1 });
  const [ada, bob] = [await join('lab', 'ada'), await join('lab', 'bob')];
  await assert.rejects(ada.participant.requests.produce({ ...MICROPHONE, kind: 'video' }), { code: 'invalid-request' });
  await bob.participant.requests.produce(MICROPHONE);
});

test('nobody publishes more tracks than the room lets', async () => {
  const { rooms, join } = createRoomsWorld();
  rooms.create(roomName('lab'), { maxTracks: 2 });
  const ada = await join('lab', 'ada');
  await ada.participant.requests.produce(MICROPHONE);
  const camera = await ada.participant.requests.produce(CAMERA);
  await assert.rejects(ada.participant.requests.produce(SCREEN), { code: 'limit-reached' });
  await ada.participant.requests.closeProducer(camera.id);
  await ada.participant.requests.produce(SCREEN);
});

test('a limit that is lowered ends nothing, and holds for what comes next', async () => {
  const { rooms, join } = createRoomsWorld();
  const [ada, bob] = [await join('lab', 'ada'), await join('lab', 'bob')];
  await ada.participant.requests.produce(MICROPHONE);
  await bob.participant.requests.produce(MICROPHONE);
  rooms.get(roomName('lab')).update({ maxPublishers: 1 });
  await settle();
  assert.deepEqual([tracks(ada), tracks(bob)], [1, 1]);
  await ada.participant.requests.produce(CAMERA);
  bob.participant.leave('left');
  const cy = await join('lab', 'cy');
  await assert.rejects(cy.participant.requests.produce(MICROPHONE), { code: 'limit-reached' });
});

function tracks({ participant }: Guest): number {
  return [...participant.publications].length;
}
