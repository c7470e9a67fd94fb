import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AUDIO, VIDEO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, roomName, settle } from '../support/rooms.ts';

test('a room takes as many as it may hold, however many knock at once', async () => {
  const { rooms, join } = createRoomsWorld();
  rooms.create(roomName('small'), { maxParticipants: 3 });
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((who) => join('small', who)));
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'in' : (outcome.reason as { code: string }).code)),
    ['in', 'in', 'in', 'room-full', 'room-full'],
  );
});

test('a seat is free again once its participant has left', async () => {
  const { rooms, join } = createRoomsWorld();
  rooms.create(roomName('small'), { maxParticipants: 1 });
  const ada = await join('small', 'ada');
  await assert.rejects(join('small', 'bob'), { code: 'room-full' });
  ada.participant.leave('left');
  await join('small', 'bob');
});

test('the same identity takes its own place, also in a full room', async () => {
  const { rooms, join } = createRoomsWorld();
  rooms.create(roomName('small'), { maxParticipants: 2 });
  const bob = await join('small', 'bob');
  const before = await join('small', 'ada');
  const after = await join('small', 'ada');
  assert.deepEqual(before.ended, ['replaced']);
  assert.equal(rooms.get(roomName('small')).participants().length, 2);
  assert.deepEqual(
    bob.events.map(({ type }) => type),
    ['participant-joined', 'participant-replaced'],
  );
  assert.notEqual(after.participant.id, before.participant.id);
});

test('what the token does not grant is refused and changes nothing', async () => {
  const { join, engine } = createRoomsWorld();
  const mute = await join('lab', 'mute', { grants: { publish: ['microphone'], data: false, subscribe: false } });
  const ada = await join('lab', 'ada');
  await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  await settle();

  await assert.rejects(mute.participant.requests.produce({ kind: 'video', source: 'camera', rtpParameters: VIDEO }), {
    code: 'forbidden',
  });
  await assert.rejects(mute.participant.sendData('reliable', { t: 'message' }, new Uint8Array()), {
    code: 'forbidden',
  });
  await assert.rejects(mute.participant.requests.consume(['anything']), { code: 'forbidden' });
  assert.equal(engine.rooms[0]!.consumers.size, 0, 'nothing is forwarded without the subscribe grant');
  assert.equal(engine.rooms[0]!.producers.size, 1);
});

test('a source is published once, and only as the kind that it is', async () => {
  const { join } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const microphone = { kind: 'audio', source: 'microphone', rtpParameters: AUDIO } as const;
  const { id } = await ada.participant.requests.produce(microphone);
  await assert.rejects(ada.participant.requests.produce(microphone), { code: 'source-in-use' });
  await assert.rejects(ada.participant.requests.produce({ ...microphone, source: 'camera' }), {
    code: 'invalid-request',
  });
  await ada.participant.requests.closeProducer(id);
  await ada.participant.requests.produce(microphone);
});

test("nobody touches another one's transports, producers and consumers", async () => {
  const { join } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  const { id } = await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  const bob = await join('lab', 'bob');
  const eve = await join('lab', 'eve');
  const dtlsParameters = ada.joined.media.send.dtlsParameters;
  await assert.rejects(eve.participant.requests.connectTransport(ada.joined.media.send.id, dtlsParameters), {
    code: 'transport-not-found',
  });
  await assert.rejects(eve.participant.requests.closeProducer(id), { code: 'producer-not-found' });
  await assert.rejects(eve.participant.requests.pauseProducer(id), { code: 'producer-not-found' });
  await assert.rejects(eve.participant.requests.closeConsumers([bob.joined.consumers[0]!.id]), {
    code: 'consumer-not-found',
  });
});

test('one wrong id among several leaves the others as they were', async () => {
  const { join, engine } = createRoomsWorld();
  const ada = await join('lab', 'ada');
  await ada.participant.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO });
  const bob = await join('lab', 'bob');
  const { id } = bob.joined.consumers[0]!;
  await bob.participant.requests.resumeConsumers([id]);
  await assert.rejects(bob.participant.requests.closeConsumers([id, 'nothing']), { code: 'consumer-not-found' });
  await assert.rejects(bob.participant.requests.pauseConsumers([id, 'nothing']), { code: 'consumer-not-found' });
  assert.equal(engine.rooms[0]!.consumers.get(id)!.paused, false);
});
