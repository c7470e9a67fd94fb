import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TickFrame } from '../../src/rooms/tick.ts';
import { AUDIO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, roomName, type RoomsWorld } from '../support/rooms.ts';

test('what the media still says of a track that was muted meanwhile names nobody', async () => {
  const world = createRoomsWorld();
  const [ada, bob] = [await world.join('lab', 'ada'), await world.join('lab', 'bob')];
  const voice = await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  const other = await bob.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  const { listener } = world.engine.rooms[0]!;
  listener.levels([{ producerId: voice.id, dBov: -30 }]);
  listener.activeSpeaker(voice.id);
  assert.deepEqual(tick(world), { l: [0, -30], s: 0 });

  await ada.participant.requests.pauseProducer(voice.id);
  listener.activeSpeaker(voice.id);
  listener.levels([
    { producerId: voice.id, dBov: -30 },
    { producerId: other.id, dBov: -60 },
  ]);
  assert.deepEqual(tick(world), { l: [0, -127, 1, -60], s: 1 }, 'bob is all that is heard');

  await ada.participant.requests.resumeProducer(voice.id);
  listener.levels([{ producerId: voice.id, dBov: -30 }]);
  listener.activeSpeaker(voice.id);
  assert.deepEqual(tick(world), { l: [1, -127, 0, -30], s: 0 }, 'unmuted, ada is heard again');
});

test('a speaker whose mute is under way stops being one when it is done', async () => {
  const world = createRoomsWorld();
  const ada = await world.join('lab', 'ada');
  const bob = await world.join('lab', 'bob');
  const voice = await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  const other = await bob.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  const { listener } = world.engine.rooms[0]!;

  const muting = ada.participant.requests.pauseProducer(voice.id);
  listener.activeSpeaker(voice.id);
  await muting;
  listener.levels([{ producerId: other.id, dBov: -60 }]);
  assert.deepEqual(tick(world), { l: [1, -60], s: 1 });
});

test('one that the media named while it was muted, and names no more, has the floor when it is heard', async () => {
  const world = createRoomsWorld();
  const ada = await world.join('lab', 'ada');
  const voice = await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  await ada.participant.requests.pauseProducer(voice.id);
  const { listener } = world.engine.rooms[0]!;
  const { attention } = world.rooms.get(roomName('lab'));
  listener.activeSpeaker(voice.id);
  listener.levels([]);
  assert.equal(attention.hasFloor(ada.participant.id), false);

  await ada.participant.requests.resumeProducer(voice.id);
  listener.levels([{ producerId: voice.id, dBov: -30 }]);
  assert.equal(attention.hasFloor(ada.participant.id), true);
  assert.deepEqual(tick(world), { l: [0, -30], s: 0 });

  // And when she has muted herself between two words, while somebody louder is not taken for the speaker yet.
  const bob = await world.join('lab', 'bob');
  const other = await bob.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  await ada.participant.requests.pauseProducer(voice.id);
  listener.levels([{ producerId: other.id, dBov: -20 }]);
  assert.deepEqual(tick(world), { l: [0, -127, 1, -20], s: 1 });
  await ada.participant.requests.resumeProducer(voice.id);
  listener.levels([
    { producerId: other.id, dBov: -20 },
    { producerId: voice.id, dBov: -30 },
  ]);
  assert.deepEqual(tick(world), { l: [0, -30], s: 0 });
});

/** The frame that goes out now. */
function tick({ rooms }: RoomsWorld): TickFrame | undefined {
  let sent: TickFrame | undefined;
  rooms.takeTicks((_, frame) => {
    sent = JSON.parse(frame) as TickFrame;
  });
  return sent;
}
